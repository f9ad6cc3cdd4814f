"""``python -m verification.default_networks``: train the networks that come with the package, and put them there.

Each data set that is there is trained by its recipe with seed 0; weights and biases are rounded to single precision.
Run it when a recipe or the data has changed, on one machine, and say in the changelog which counts change: training
passes through BLAS, so other machines and other versions of scikit-learn make slightly other networks.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

import sc_neurocore
from sc_neurocore import Network, datasets
from sc_neurocore.datasets import Dataset
from sc_neurocore.evaluation.default_model import file_name, trained

FOLDER = Path(sc_neurocore.__file__).parent / "evaluation" / "trained"
LOADERS = (datasets.load_digits, datasets.load_mnist5k, datasets.load_fashion, datasets.load_mnist)


def in_single_precision(network: Network) -> Network:
    """The network with its arrays rounded to single precision."""
    layers = []
    for layer in network.layers:
        arrays = {name: getattr(layer, name).astype(np.float32) for name in layer.arrays}
        layers.append(replace(layer, **arrays))  # type: ignore[type-var]
    return replace(network, layers=tuple(layers))


def error_of(network: Network, data: Dataset) -> float:
    """Share of the held-out images in % that the network gets wrong in floating point."""
    return 100 * float(np.mean(network.float_predict(data.x_test) != data.y_test))


def main() -> int:
    """Train and write them; a data set that is not there is left as it is."""
    FOLDER.mkdir(exist_ok=True)
    for load in LOADERS:
        try:
            data = load()
        except (FileNotFoundError, ImportError) as error:
            print(f"left as it is: {error}")
            continue
        network = in_single_precision(trained(data, 0, print))
        for old in FOLDER.glob(f"{data.name}-*.safetensors"):
            old.unlink()
        network.save(FOLDER / file_name(data, 0))
        print(f"{file_name(data, 0)}: {error_of(network, data):.2f} % wrong in floating point")
    return 0


if __name__ == "__main__":
    sys.exit(main())
