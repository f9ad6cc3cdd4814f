"""The existing package of the same import name, as a black box in an environment of its own."""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).with_name("other_program.py")
VARIABLE = "SC_NEUROCORE_OTHER_PYTHON"


class Other:
    """A process of the other environment that times its own layers on request.

    Parameters
    ----------
    python
        Interpreter of an environment that holds the package; None looks into the variable
        ``SC_NEUROCORE_OTHER_PYTHON``. Whatever fails, the package counts as not present.
    """

    def __init__(self, python: str | None = None) -> None:
        self.versions: dict[str, str] = {}
        self.names: list[str] = []
        self.why_not = ""
        self._process: subprocess.Popen[str] | None = None
        python = python or os.environ.get(VARIABLE)
        if not python:
            self.why_not = f"no --other-python and no {VARIABLE}"
            return
        try:
            self._process = subprocess.Popen(
                [os.path.abspath(python), "-I", str(PROGRAM)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                cwd=tempfile.gettempdir(),
            )
            self.versions = self._ask(do="versions")["versions"]
            if "sc-neurocore" not in self.versions and "sc-neurocore-engine" not in self.versions:
                raise RuntimeError("the environment does not hold it")
        except (OSError, RuntimeError, ValueError) as error:
            self.why_not = str(error)
            return
        for name in ("other package", "other engine"):
            try:
                self._ask(do="make", case=[name, 4, 2, 64, 2])
            except RuntimeError as error:
                self.why_not += f"{name}: {error}. "
            else:
                self.names.append(name)

    @property
    def present(self) -> bool:
        return bool(self.names)

    def describe(self) -> str:
        """One line: versions, or why there is nothing to time."""
        found = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        missing = f"not present ({self.why_not.strip()})" if self.why_not else ""
        return "; ".join(text for text in (found, missing) if text)

    def case(
        self, name: str, n_inputs: int, n_neurons: int, length: int, batch: int
    ) -> tuple[Callable[[int], int], int]:
        """`Case.timed` and the images of a call."""
        key = [name, n_inputs, n_neurons, length, batch]
        images = self._ask(do="make", case=key)["images"]
        return (lambda calls: int(self._ask(do="time", case=key, calls=calls)["ns"])), images

    def close(self) -> None:
        if self._process is not None:
            self._process.stdin.close()  # type: ignore[union-attr]
            self._process.stdout.close()  # type: ignore[union-attr]
            self._process.wait()
            self._process = None

    def _ask(self, **request: Any) -> dict[str, Any]:
        if self._process is None or self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("no process")
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"its process ended with status {self._process.wait()}")
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            raise RuntimeError(reply["error"])
        return reply
