"""scikit-learn's handwritten digits, 8 x 8 pixels."""

import numpy as np

from .dataset import Dataset, split


def load_digits() -> Dataset:
    """The 1797 handwritten digits that come with scikit-learn; 540 are held out.

    Returns
    -------
    Dataset
        64 inputs in [0, 1] (grey levels 0..16 over 16), labels 0..9. The split is fixed and keeps
        the share of every class.

    References
    ----------
    E. Alpaydin, C. Kaynak, "Optical recognition of handwritten digits", UCI Machine Learning
    Repository, 1998, https://doi.org/10.24432/C50P49.

    Examples
    --------
    >>> load_digits()
    Dataset('digits', 1257 training and 540 held-out samples of 64 inputs, 10 classes)
    """
    from sklearn import datasets

    x, y = datasets.load_digits(return_X_y=True)
    return split("digits", np.asarray(x, np.float64) / 16, np.asarray(y, np.int64))
