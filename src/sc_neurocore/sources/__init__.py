"""What drives neurons."""

from .bitstream_current import BitstreamCurrentSource

__all__ = ["BitstreamCurrentSource"]
