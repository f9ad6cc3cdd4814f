"""Which images were wrong, and the difference of two error rates over the same images."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from .intervals import paired_interval


@dataclass(frozen=True)
class WrongImages:
    """Which images of a data set a classifier put into a wrong class, or gave a wrong label, a bit an image.

    Parameters
    ----------
    data
        Digest of the images and their labels in their order, see `Dataset.digest`: two circuits can be
        paired only where it is the same.
    images
        Number of images, at least 1.
    packed
        Image i is bit i % 8, from the lowest, of byte i // 8: ``ceil(images / 8)`` bytes. Unused bits are 0.

    Raises
    ------
    ValueError
        If the number of bytes does not fit, or an unused bit is set.

    Examples
    --------
    >>> wrong = WrongImages.of("digest", [False, True, False, False, True, False, False, False, True])
    >>> wrong.packed, wrong.count
    (b'\\x12\\x01', 3)
    >>> wrong.mask().nonzero()[0]
    array([1, 4, 8])
    """

    data: str
    images: int
    packed: bytes

    def __post_init__(self) -> None:
        object.__setattr__(self, "images", checks.whole("images", self.images, 1))
        checks.instance("packed", self.packed, bytes)
        if len(self.packed) != packed_size(self.images):
            raise ValueError(f"packed must have {packed_size(self.images)} bytes, got {len(self.packed)}")
        if int.from_bytes(self.packed, "little") >> self.images:
            raise ValueError(f"packed must have no bit behind those of the {self.images} images")

    @classmethod
    def of(cls, data: str, wrong: ArrayLike) -> Self:
        """Pack a flag an image ``(n,)``, true where it was wrong."""
        flags = checks.spikes("wrong", wrong, (None,)) != 0
        return cls(data, len(flags), np.packbits(flags, bitorder="little").tobytes())

    @property
    def count(self) -> int:
        """Number of wrong images."""
        return int.from_bytes(self.packed, "little").bit_count()

    def mask(self) -> NDArray[np.bool_]:
        """A flag an image ``(n,)``, true where it was wrong."""
        return np.unpackbits(np.frombuffer(self.packed, np.uint8), count=self.images, bitorder="little").astype(
            np.bool_
        )


class PairedDifference(NamedTuple):
    """Error rate of the first circuit minus that of the second, and its confidence interval; shares, not points."""

    difference: float
    low: float
    high: float


def packed_size(images: int) -> int:
    """Bytes that hold a bit an image."""
    return -(-images // 8)


def _runs(name: str, value: WrongImages | Sequence[WrongImages]) -> list[WrongImages]:
    runs = [value] if isinstance(value, WrongImages) else checks.entries(name, value)
    for run in runs:
        checks.instance(name, run, WrongImages)
    return runs


def paired(
    first: WrongImages | Sequence[WrongImages],
    second: WrongImages | Sequence[WrongImages],
    confidence: float = 0.95,
) -> PairedDifference:
    """Difference of the error rates of two classifiers over the same images, with its interval.

    Parameters
    ----------
    first, second
        The wrong images of each, of one run, or of several (repeats with other seeds, other networks): as many
        for both, run k of the first is set against run k of the second.
    confidence
        Probability that such intervals cover the true difference, in [0, 1).

    Returns
    -------
    PairedDifference
        The mean over the runs of the error rate of the first minus that of the second, and the interval.

    Raises
    ------
    ValueError, TypeError
        If there is no run, not as many of both, or the images are not the same; if `confidence` is out of range.

    Notes
    -----
    One run: Tango's score interval, see `paired_interval`. Several runs: an image is a *cluster*, since it is no
    new image when it is run again. The counts of Tango's interval are means over the runs, and its variance is
    multiplied by the design effect, the variance over the images of the *mean* difference of an image divided by
    that of a single run's difference: 1 where all runs agree on every image, down to 1 / runs where they are
    independent. The interval is about new images; the runs (chips, trained networks) are those at hand.

    References
    ----------
    J. N. K. Rao, A. J. Scott, "A simple method for the analysis of clustered binary data", Biometrics 48(2), 1992,
    https://doi.org/10.2307/2532311.

    Examples
    --------
    >>> from sc_neurocore.evaluation import WrongImages
    >>> one = WrongImages.of("digest", [i < 30 for i in range(200)])
    >>> other = WrongImages.of("digest", [20 <= i < 40 for i in range(200)])
    >>> [round(number, 4) for number in paired(one, other)]
    [0.05, -0.0039, 0.1068]
    """
    one, other = _runs("first", first), _runs("second", second)
    if not one or len(one) != len(other):
        raise ValueError(f"first and second must have as many runs, at least 1, got {len(one)} and {len(other)}")
    if len({(run.data, run.images) for run in (*one, *other)}) > 1:
        raise ValueError("first and second must be of the same images in the same order, got others")
    images = one[0].images
    both_masks = [(a.mask(), b.mask()) for a, b in zip(one, other, strict=True)]
    first_only = float(np.mean([np.count_nonzero(a & ~b) for a, b in both_masks]))
    second_only = float(np.mean([np.count_nonzero(b & ~a) for a, b in both_masks]))
    difference = (first_only - second_only) / images
    single = (first_only + second_only) / images - difference**2
    mean_of_image = np.mean([a.astype(np.float64) - b for a, b in both_masks], axis=0)
    effect = float(np.var(mean_of_image)) / single if len(one) > 1 and single > 0 else 1.0
    effect = min(max(effect, 1 / len(one)), 1.0)
    return PairedDifference(difference, *paired_interval(first_only, second_only, images, confidence, effect))
