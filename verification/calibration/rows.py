"""Rows of the study of calibration: one network in one circuit, with its counts and which images were wrong."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from sc_neurocore.evaluation import WrongImages
from sc_neurocore.evaluation.rows import NO_COLUMN, Digested, OfTask
from sc_neurocore.evaluation.store import RowStore
from sc_neurocore.evaluation.writers import Writer
from sc_neurocore.evaluation.wrong_file import WrongFile


@dataclass(frozen=True)
class StudyTask(Digested):
    """Everything that decides a row.

    Parameters
    ----------
    version
        Version of the package.
    subject, net
        Name of the data and the shape of its networks, and which of them: the seed of its training.
    network, data
        Digests of the network and of the held-out images.
    arm
        How the network is run, see `verification.calibration.ARMS`.
    generator
        Of the streams; empty where there are none.
    length
        Cycles of a stream, or levels, or bits of a word; 0 in floating point.
    without
        Steps of the calibration that were switched off, joined by ``+``.
    """

    version: str
    subject: str
    net: int
    network: str
    data: str
    arm: str
    generator: str = ""
    length: int = 0
    without: str = ""

    @property
    def label(self) -> str:
        """A few words for a line of progress."""
        less = f" without {self.without}" if self.without else ""
        return f"{self.subject} {self.net}: {self.arm} {self.generator} {self.length}".rstrip() + less


@dataclass(frozen=True)
class StudyRow(OfTask):
    """A task and its counts: `images` that were held out, those put into the right class, the time of calibration."""

    task: StudyTask
    images: int
    correct: int
    milliseconds: int
    wrong: WrongImages | None = field(default=None, compare=False, repr=False, metadata=NO_COLUMN)

    @property
    def wrong_images(self) -> WrongImages:
        """Which images were wrong; rows of a `Results` have them."""
        if self.wrong is None:
            raise ValueError(f"wrong must be there, got None for {self.task.label}")
        return self.wrong


class Results:
    """Rows in a folder: counts in ``results.csv``, wrong images in ``wrong.bits``; a row that was kept stays kept.

    A row whose images are not there, or do not fit its counts, is left out, as if it had not been run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows = RowStore(folder / "results.csv", StudyRow)
        self._wrong = WrongFile(folder / "wrong.bits")

    def read(self) -> dict[str, StudyRow]:
        """The rows by the id of their task, in the order of the file."""
        rows, kept = self._rows.read(), self._wrong.read()
        return dict(self._marked(rows, kept))

    def keep(self, row: StudyRow) -> None:
        """Put a row on the disk: its images first, so that a row that is there has them."""
        wrong = row.wrong_images
        with Writer(self._folder) as writer:
            self._wrong.append({row.id: (wrong.images, wrong.packed)}, writer)
            self._rows.append(row, writer)

    @staticmethod
    def _marked(rows: dict[str, StudyRow], kept: dict[str, tuple[int, bytes]]) -> Iterator[tuple[str, StudyRow]]:
        for name, row in rows.items():
            images, packed = kept.get(name, (0, b""))
            if images and images == row.images:
                wrong = WrongImages(row.task.data, images, packed)
                if wrong.count == images - row.correct:
                    yield name, replace(row, wrong=wrong)
