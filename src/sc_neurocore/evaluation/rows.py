"""Rows of a CSV file: a task and its result, as fields of text and back.

A row is a dataclass whose field ``task`` is another dataclass; all other fields of both are columns, read and
written by their types, but for those marked `NO_COLUMN`. The first column is the id of the task.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, fields
from functools import cached_property
from typing import Any, Protocol, TypeVar, get_type_hints

NO_COLUMN = {"column": False}
"""Metadata of a field of a row that is kept elsewhere than in the CSV file; it must have a default."""
ADDED = {"added": True}
"""Metadata of a field that tasks of earlier versions had not: the id leaves it out where it has its default."""
Length = int | tuple[int, ...]
"""Clock cycles of a stream: one number, or one for each layer of a network."""


class Task(Protocol):
    """A task: a frozen dataclass with all options that decide its result."""

    @property
    def id(self) -> str:
        """`digest_of` the task."""

    @property
    def label(self) -> str:
        """A few words for a progress bar."""


class Row(Protocol):
    """A task and its result: a frozen dataclass, a row of a CSV file."""

    def __init__(self, task: Any, /, **values: Any) -> None: ...

    @property
    def task(self) -> Any:
        """The task that was run."""

    @property
    def id(self) -> str:
        """Id of the task."""


R = TypeVar("R", bound=Row)


class Digested:
    """Base of tasks, frozen dataclasses: their id is the digest of their fields."""

    @cached_property
    def id(self) -> str:
        """Digest of the fields, see `digest_of`."""
        return digest_of(self)


class OfTask:
    """Base of rows, frozen dataclasses with a field `task`: their id is that of the task."""

    task: Any

    @property
    def id(self) -> str:
        """Id of the task."""
        found: str = self.task.id
        return found


def digest_of(task: Any) -> str:
    """First 16 hex digits of the SHA-256 of a dataclass as JSON with sorted keys.

    Parameters
    ----------
    task
        A dataclass whose fields JSON can hold; NaN and infinity raise a ValueError. A field that is `ADDED` is left
        out where it has its default.
    """
    values = {field.name: getattr(task, field.name) for field in fields(task)}
    for field in fields(task):
        if field.metadata == ADDED and values[field.name] == field.default:
            del values[field.name]
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False, default=asdict)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def columns(kind: type[Any]) -> tuple[str, ...]:
    """Names of the columns of a class of rows: ``task``, the fields of its task, its own other fields.

    Examples
    --------
    >>> from sc_neurocore.evaluation import ReservoirRow
    >>> columns(ReservoirRow)[:3], columns(ReservoirRow)[-2:]
    (('task', 'version', 'kind'), ('nrmse_std', 'memory'))
    """
    return ("task", *(field.name for field in fields(get_type_hints(kind)["task"])), *_own_fields(kind))


def to_fields(row: Row) -> list[str]:
    """A row as text, in the order of `columns`.

    The inverse is `from_fields`.
    """
    values = {**vars(row), **vars(row.task)}
    return [row.id, *(text_of(values[name]) for name in columns(type(row))[1:])]


def from_fields(kind: type[R], texts: list[str]) -> R:
    """The inverse of `to_fields`; raises ValueError if the texts are not such a row."""
    names = columns(kind)
    if len(texts) != len(names):
        raise ValueError(f"{len(names)} fields must be there, got {len(texts)}")
    found = dict(zip(names, texts, strict=True))
    task_kind = get_type_hints(kind)["task"]
    task = task_kind(**_values(task_kind, found))
    if task.id != found["task"]:
        raise ValueError(f"task must be the digest of the options, {task.id}, got {found['task']!r}")
    return kind(task, **_values(kind, found))


def text_of(value: object) -> str:
    """A value as text: None is empty, a bool 0 or 1, a tuple joined by ``-``.

    >>> text_of(None), text_of(True), text_of((64, 256)), text_of(0.1)
    ('', '1', '64-256', '0.1')
    """
    if value is None:
        return ""
    if isinstance(value, tuple):
        return "-".join(map(str, value))
    return str(int(value)) if isinstance(value, bool) else str(value)


def _values(kind: type[Any], texts: dict[str, str]) -> dict[str, Any]:
    """Values of the own fields of a row, or of the fields of a task."""
    types = get_type_hints(kind)
    return {name: _read(name, types[name], texts[name]) for name in _own_fields(kind)}


def _own_fields(kind: type[Any]) -> list[str]:
    return [field.name for field in fields(kind) if field.name != "task" and field.metadata != NO_COLUMN]


def _read(name: str, kind: Any, text: str) -> Any:
    if kind is bool and text not in ("0", "1"):
        raise ValueError(f"{name} must be 0 or 1, got {text!r}")
    return _READERS[kind](text)


def _length(text: str) -> Length:
    numbers = tuple(map(int, text.split("-")))
    return numbers if len(numbers) > 1 else numbers[0]


_READERS: dict[Any, Callable[[str], Any]] = {
    str: str,
    int: int,
    float: float,
    bool: lambda text: text == "1",
    int | None: lambda text: int(text) if text else None,
    str | None: lambda text: text or None,
    Length: _length,
}
