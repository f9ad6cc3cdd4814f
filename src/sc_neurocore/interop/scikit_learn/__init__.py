"""scikit-learn: networks from fitted linear models, perceptrons and pipelines of them."""

from .reading import from_sklearn

__all__ = ["from_sklearn"]
