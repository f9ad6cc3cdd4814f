"""The folder of files that can be made again, such as trained default networks and compiled kernels."""

import os
import sys
from pathlib import Path


def cache_folder() -> Path | None:
    """Folder of files that can be made again: trained default networks and, if need be, compiled kernels.

    ``SC_NEUROCORE_CACHE`` if it is set; else ``sc-neurocore`` in ``XDG_CACHE_HOME``, in
    ``~/Library/Caches`` (macOS), in ``LOCALAPPDATA`` (Windows) or in ``~/.cache``. It need not exist. None where
    the home folder of the user is unknown, as in a container that runs under a number without a name.

    Examples
    --------
    >>> cache_folder() is None or cache_folder().is_absolute()
    True
    """
    if own := os.environ.get("SC_NEUROCORE_CACHE"):
        return Path(own).absolute()
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base).absolute() / "sc-neurocore"
    if sys.platform == "win32" and (base := os.environ.get("LOCALAPPDATA")):
        return Path(base).absolute() / "sc-neurocore"
    try:
        home = Path.home()
    except RuntimeError:  # neither HOME nor an entry of the user
        return None
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "sc-neurocore"
