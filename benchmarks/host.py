"""What the figures were measured on."""

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from llvmlite import binding

from sc_neurocore.backends.threads import thread_count

_TELLING = ("avx2", "avx512f", "avx512bw", "avx512vpopcntdq", "avx512vl", "neon", "sve")


def describe() -> dict[str, Any]:
    """Processor, threads, versions, load."""
    features = binding.get_host_cpu_features()
    return {
        "processor": _processor(),
        "llvm_name": binding.get_host_cpu_name(),
        "vector_features": [name for name in _TELLING if features.get(name)],
        "threads": thread_count(),
        "load_average": load(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: version(name) for name in ("numpy", "numba", "llvmlite", "sc-neurocore-layers")},
    }


def load() -> float | None:
    """Processes that wanted to run in the last minute, ours included."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
