"""Bitstreams and the numbers they stand for: encodings, correlation and error laws."""

from .bitstream import Bitstream
from .correlation import autocorrelation, scc, stability
from .encodings import Encoding, from_probability, to_probability, value_range
from .errors import bernoulli_product_mse, bernoulli_variance, correlated_and_error

__all__ = [
    "Bitstream",
    "Encoding",
    "autocorrelation",
    "bernoulli_product_mse",
    "bernoulli_variance",
    "correlated_and_error",
    "from_probability",
    "scc",
    "stability",
    "to_probability",
    "value_range",
]
