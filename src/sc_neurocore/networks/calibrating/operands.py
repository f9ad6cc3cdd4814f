"""Thresholds that meet in the products of a layer, and what their products count."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...bitstreams.encodings import Encoding, to_probability
from ...encoders import Generator
from ...encoders.encoder import nearest_thresholds
from ..activations import Floats
from ..layer_spec import Shape
from ..weighted_specs import Conv2D, WeightedSpec

Integers = NDArray[np.int64]


class Rows(NamedTuple):
    """Operands of some of the sums of a layer."""

    inputs: Floats
    """Numbers on the lines ``(R, groups, fan_in)``, of each group of neurons."""
    lines: Integers
    """Line of each of them, of the same shape."""
    targets: Floats
    """What the sums should be: ``(R, M)``."""


def rows_of(spec: WeightedSpec, shape: Shape, encoded: Floats, targets: Floats, count: int) -> Rows:
    """`count` of the sums: of one window after the other, of all samples in turn.

    Parameters
    ----------
    spec, shape
        The layer, and the shape of its inputs.
    encoded
        Inputs ``(N, ...)`` in units of their ranges.
    targets
        Sums ``(N, M, ...)``.
    count
        R.
    """
    if isinstance(spec, Conv2D):
        pixels = spec.geometry.pixels(encoded.reshape(-1, *shape))
        lines = spec.geometry.indices((shape[1], shape[2]))
    else:  # tokens are samples of their own
        pixels = encoded.reshape(-1, spec.weights.shape[1])
        lines = np.arange(pixels.shape[1])[None, None]
    each = targets.reshape(len(pixels), len(spec.weights), -1)
    count = min(count, len(pixels) * each.shape[2])
    order = np.arange(count)
    samples = order % len(pixels)
    # A prime step through the windows: other windows for each sample, all as often.
    windows = (order * 7919 + order // len(pixels)) % each.shape[2]
    chosen = np.ascontiguousarray(lines[:, windows].swapaxes(0, 1))
    return Rows(pixels[samples[:, None, None], chosen], chosen, each[samples, :, windows])


def levels(numbers: Floats, encoding: Encoding, modulus: int) -> Integers:
    """Thresholds of numbers: -modulus .. modulus in split encoding, with the sign of the number; else 0 .. modulus."""
    if encoding == "split":
        return np.sign(numbers).astype(np.int64) * nearest_thresholds(np.abs(numbers), modulus).astype(np.int64)
    return nearest_thresholds(to_probability(numbers, encoding), modulus).astype(np.int64)


def numbers_of(thresholds: Integers, encoding: Encoding, modulus: int) -> Floats:
    """The inverse of `levels`."""
    numbers: Floats = thresholds / float(modulus)
    return 2.0 * numbers - 1.0 if encoding == "bipolar" else numbers


def product_counts(generator: Generator, cycles: int, encoding: Encoding) -> Floats:
    """What the product of a weight and an input counts, for all pairs of their `levels`: ``(K, G * K)``.

    G tables beside each other, one for each group of input lines; K is modulus + 1, of split numbers
    2 modulus + 1, the negative ones first.
    """
    modulus = generator.modulus
    thresholds = np.arange(modulus + 1)[:, None]
    below = (generator.decorrelated(1).sequence(cycles) < thresholds).astype(np.float64)
    tables = [below @ (group.sequence(cycles) < thresholds).astype(np.float64).T for group in generator.groups]
    return np.concatenate([_encoded(table, cycles, encoding) for table in tables], axis=1)


def exact_products(modulus: int, cycles: int, encoding: Encoding) -> Floats:
    """`product_counts` of fixed-point arithmetic: as many cycles as the product is."""
    every = np.arange(-modulus if encoding == "split" else 0, modulus + 1)
    numbers = numbers_of(every, encoding, modulus)
    return cycles * np.outer(numbers, numbers)


def _encoded(table: Floats, cycles: int, encoding: Encoding) -> Floats:
    if encoding == "bipolar":
        return cycles - 2 * table[:, -1:] - 2 * table[-1:] + 4 * table
    if encoding == "unipolar":
        return table
    half = np.concatenate([-table[:, :0:-1], table], axis=1)
    return np.concatenate([-half[:0:-1], half])
