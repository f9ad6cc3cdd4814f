"""The check of streams that must be unipolar."""

from ..bitstreams import Bitstream
from ..gates.arguments import check_stream


def check_unipolar(streams: object) -> Bitstream:
    """Check that `streams` are unipolar bitstreams, and return them.

    Raises
    ------
    TypeError
        If `streams` is not a Bitstream.
    ValueError
        If it has another encoding.
    """
    checked = check_stream("streams", streams)
    if checked.encoding != "unipolar":
        raise ValueError(f"streams must be unipolar, got {checked.encoding}")
    return checked
