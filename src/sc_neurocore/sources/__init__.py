"""Sources of input currents for neurons."""

from .bitstream_current import BitstreamCurrentSource

__all__ = ["BitstreamCurrentSource"]
