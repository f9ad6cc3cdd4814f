"""The check of streams that must be unipolar."""

from ..bitstreams import Bitstream


def check_unipolar(streams: object) -> Bitstream:
    """Check that `streams` are unipolar bitstreams, and return them.

    Raises
    ------
    TypeError
        If `streams` is not a Bitstream.
    ValueError
        If it has another encoding.
    """
    if not isinstance(streams, Bitstream):
        raise TypeError(f"streams must be a Bitstream, got {type(streams).__name__}")
    if streams.encoding != "unipolar":
        raise ValueError(f"streams must be unipolar, got {streams.encoding}")
    return streams
