"""Options of `evaluate` that a network of real streams must show in its counts, or must not."""

from pathlib import Path

import pytest

from sc_neurocore import Network
from sc_neurocore.datasets import load_digits
from sc_neurocore.datasets.dataset import Dataset
from sc_neurocore.evaluation import evaluate


@pytest.fixture(scope="module")
def counts():
    """Correct and agreeing answers of a circuit with the given options."""
    network = Network.load(Path(__file__).parent / "files" / "digits.safetensors")
    data = load_digits()

    def run(generator, lengths=(16,), images=540, **options):
        few = Dataset.held_out("digits", data.x_test[:images], data.y_test[:images])
        return [(row.correct, row.agree) for row in evaluate(network, few, lengths, [generator], **options).rows]

    return run


def test_share(counts):
    default, one, other = (counts("sobol", share=share) for share in (None, "one", "shift"))
    assert default == one != other
    with pytest.raises(ValueError, match=r"^share=\"independent\" with n = 65 needs 1\d\d independent lines, got Bank"):
        counts("sobol", share="independent")
    assert counts("bernoulli", share="independent") == counts("bernoulli") != counts("bernoulli", share="one")


def test_weight_share(counts):
    assert counts("bernoulli", weight_share="independent") == counts("bernoulli")
    for name in ("neurons", "one"):
        assert counts("bernoulli", weight_share=name) != counts("bernoulli")


def test_weight_streams(counts):
    assert counts("bernoulli", weight_streams="fresh") == counts("bernoulli")
    assert counts("bernoulli", weight_streams="stored") != counts("bernoulli")


def test_backend(counts):
    assert counts("sobol", images=20, backend="reference") == counts("sobol", images=20)


def test_lengths_of_layers(counts):
    uniform, lengths = counts("sobol", [16, 64]), counts("sobol", [(16, 16), (64, 64), (16, 64), (64, 16)])
    assert lengths[:2] == uniform
    assert len(set(lengths)) == 4
    with pytest.raises(ValueError, match="length"):
        counts("sobol", [(16, 16, 16)])
