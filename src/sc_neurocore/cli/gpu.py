"""The graphics card, if CuPy can use one."""


def describe_gpu() -> str:
    """Name of the first CUDA device, or why there is none.

    Examples
    --------
    >>> isinstance(describe_gpu(), str)
    True
    """
    try:
        import cupy
    except ImportError:
        return 'none (CuPy is not installed: pip install "sc-neurocore-layers[cuda]")'
    try:
        name = cupy.cuda.runtime.getDeviceProperties(0)["name"]
    except Exception as error:  # whatever is wrong with the driver: this is only a report
        return f"none ({' '.join(str(error).split())})"
    return name.decode() if isinstance(name, bytes) else str(name)
