"""Tasks and rows of `reservoir_study`."""

from dataclasses import dataclass

from ..encoders.seeds import STREAM_VERSION
from .rows import Digested, OfTask

DELAYS = 100
"""Delays of the memory capacity."""


@dataclass(frozen=True)
class ReservoirTask(Digested):
    """Options of one run: everything that decides its scores.

    Parameters
    ----------
    version
        Version of this package.
    kind
        A generator's name, alone or with ``-shift`` (digital shift at every step) or ``-rounding`` (stochastic);
        ``"expected"``: floating point; ``"linear"``: a filter of `TAPS` taps.
    length
        Stream length, 0 for the last two.
    n_neurons
        Size of the reservoir; `TAPS` for the filter.
    train, test
        Steps of NARMA10.
    seed, repeat
        The data have ``SeedSequence(seed, spawn_key=(repeat, 0))``, the reservoir ``(repeat, 1)``.
    preset
        The reservoir, in words.
    stream_version
        Rule that made random bits of the seed, see `STREAM_VERSION`; rows of another one are kept but not reused.
    """

    version: str
    kind: str
    length: int
    n_neurons: int
    train: int
    test: int
    seed: int
    repeat: int
    preset: str
    stream_version: int = STREAM_VERSION

    @property
    def label(self) -> str:
        """A few words for a progress bar."""
        return f"{self.kind}, {f'L = {self.length}' if self.length else f'N = {self.n_neurons}'}"


@dataclass(frozen=True)
class ReservoirRow(OfTask):
    """The scores of one finished task.

    Parameters
    ----------
    task
        What was run.
    nrmse_std
        Of NARMA10's held-out steps, see `nrmse_std`.
    memory
        Memory capacity over `DELAYS` delays on the same steps.
    """

    task: ReservoirTask
    nrmse_std: float
    memory: float

    def __post_init__(self) -> None:
        if not (self.nrmse_std >= 0 and 0 <= self.memory <= DELAYS):
            raise ValueError(f"scores must be at least 0 and the memory at most {DELAYS}, got {self}")
