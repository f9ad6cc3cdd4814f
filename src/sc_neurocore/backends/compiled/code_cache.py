"""Compiled kernels kept on disk between runs, wherever there is a place for them; a run goes on without one."""

import hashlib
import logging
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core.sigutils import normalize_signature

from ...cache_folder import cache_folder

_logger = logging.getLogger(__name__)


def kept(kernel: Any) -> Any:
    """A Numba function whose machine code is kept on disk: beside the sources, or where else there is a place.

    Parameters
    ----------
    kernel
        What ``numba.njit(..)`` made; a plain function, which it makes with ``NUMBA_DISABLE_JIT=1``, stays one.
    """
    place = _place()
    if place is None or not hasattr(kernel, "enable_caching"):
        return kernel
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = place
    try:
        kernel.enable_caching()
    except (RuntimeError, OSError):  # the place is lost since
        return kernel
    finally:
        numba.config.CACHE_DIR = before
    # Numba looks at the file of the kernel only, whose machine code has functions and constants of others in it.
    index = kernel._cache._cache_file
    index._source_stamp = index._source_stamp, _sources()
    kernel._cache = _Careful(kernel._cache)
    return kernel


@cache
def _sources() -> str:
    """Digest of all modules of the backends: another one, and every kernel is compiled anew."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


class _Careful:
    """A cache of Numba's that may be broken, full or gone: its kernels are compiled then.

    Parameters
    ----------
    inner
        The cache; what is not defined here is its own.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled kernel for the types `sig`, or None."""
        try:
            found = self._inner.load_overload(sig, target_context)
        except Exception:  # whatever unpickling a cut-off file raises
            try:
                self._inner.flush()  # of an index that is broken nothing could be saved either
            except OSError:
                self._inner.disable()
            return None
        # Processes that fill an empty cache together may give two kernels the same file.
        return found if found is None or found.signature.args == normalize_signature(sig)[0] else None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compiled kernel, if it can be."""
        try:
            self._inner.save_overload(sig, data)
        except Exception as error:
            self._inner.disable()
            _say_once(f"compiled kernels are not kept: {error}")


@cache
def _say_once(sentence: str) -> None:
    _logger.warning(sentence)


@cache
def _place() -> str | None:
    """Where Numba is to keep kernels: a folder, "" for the one beside each source file, or None."""
    own = cache_folder()
    if numba.config.CACHE_DIR and _writable(Path(numba.config.CACHE_DIR)):
        return str(numba.config.CACHE_DIR)
    if _writable(Path(__file__).with_name("__pycache__")):
        return ""
    if own is not None and _writable(own / "kernels"):
        return str(own / "kernels")
    _say_once("no cache folder can be written: kernels are compiled anew (NUMBA_CACHE_DIR may name a folder for them)")
    return None


def _writable(folder: Path) -> bool:
    """Whether a file can be made in a folder, which is made itself if need be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True
