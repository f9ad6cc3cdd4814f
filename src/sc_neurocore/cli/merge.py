"""The command `merge`: folders of results become one."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from .common import plain_console


def merge(
    *folders: Path, out: Path, debug: Annotated[bool, Parameter(negative=(), show_default=False)] = False
) -> None:
    """Put the results of several folders into one: of `sweep`, `evaluate`, `choose` and `reservoir`.

    Rows of one task count once; two that have different counts are an error. The folders stay as they are.

    Parameters
    ----------
    folders
        Folders of results, such as those of several machines.
    out
        Folder that gets them all, made if need be; what it has already stays.
    debug
        Show the traceback of an error.
    """
    from ..sweeps import merge as merged

    added = merged(folders, out)
    said = ", ".join(f"{count} rows of {name}" for name, count in added.items() if count) or "nothing new"
    plain_console().print(f"added to {out}: {said}", soft_wrap=True)
