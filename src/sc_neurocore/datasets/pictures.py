"""Pictures in files: PNG, JPEG, BMP, TIFF, PGM and PPM, read by Pillow."""

import logging
import math
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..files import open_regular, reason, unpacked_limit

Pixels = NDArray[np.uint8]
FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "PPM")
"""Formats by their names in Pillow; PPM has PGM."""
NUMBER = 8
"""Bytes of a grey level in a data set."""
_NOWHERE = logging.NullHandler()
CHANNELS = {"L": 1, "RGB": 3}
"""Kinds of pixels by their names in Pillow: grey, or red, green and blue, of a byte each."""


def read_picture(file: Path) -> Pixels:
    """Grey levels ``(channels, height, width)`` of the picture in a file, whose content says what format it has.

    Parameters
    ----------
    file
        One picture, grey or red, green and blue, of a byte each; a TIFF file is not compressed. Marks that say how it
        is to be turned are ignored.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it is no such picture, is damaged, or its pixels, of 8 bytes each as numbers of a `Dataset`, are more than
        128 MiB and 100 times its size.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     size = Path(folder, "a.pgm").write_bytes(b"P5 3 1 255 " + bytes([0, 128, 255]))
    ...     read_picture(Path(folder, "a.pgm"))
    array([[[  0, 128, 255]]], dtype=uint8)
    """
    from PIL import Image, TiffImagePlugin, UnidentifiedImageError  # noqa: F401  else Pillow loads all its formats

    logging.getLogger("PIL").addHandler(_NOWHERE)  # else Pillow writes to stderr what its errors say again
    with open_regular(file) as stream:
        limit = unpacked_limit(os.fstat(stream.fileno()).st_size)
        try:
            with warnings.catch_warnings(action="ignore"), Image.open(stream, formats=FORMATS) as image:
                _check(image, limit)
                image.load()
                return pixels(image)
        except UnidentifiedImageError:
            stream.seek(0)
            raise ValueError(
                f"{file} must be a picture (PNG, JPEG, BMP, TIFF, PGM or PPM), its first bytes are {stream.read(8)!r}"
            ) from None
        except _WrongPictureError as error:
            raise ValueError(f"{file} {error}") from None
        except Exception as error:  # what a damaged picture makes Pillow raise is of many kinds
            raise ValueError(f"{file} cannot be read as a picture: {reason(error)}") from error


class _WrongPictureError(ValueError):
    """A picture that is whole, but not of a kind that is taken."""


def _check(image: Any, limit: int) -> None:
    """Check what the head of a picture says, before memory is taken for its pixels."""
    _channels(image)
    if (frames := getattr(image, "n_frames", 1)) != 1:
        raise _WrongPictureError(f"must be one picture, it has {frames}")
    if image.tile and image.tile[0][0] == "libtiff":  # a library that writes to stderr what it does not like
        raise _WrongPictureError("must not be a compressed TIFF file, it is one: save it as PNG")
    size = NUMBER * CHANNELS[image.mode] * math.prod(image.size)
    if size > limit:
        raise _WrongPictureError(
            f"must not unpack to more than {limit} bytes (128 MiB and 100 times its size), its numbers have {size}"
        )


def _channels(image: Any) -> int:
    if image.mode not in CHANNELS:
        raise _WrongPictureError(f"must be grey (L) or RGB with 8 bits a channel, it is {image.mode}: convert it")
    return CHANNELS[image.mode]


def pixels(image: Any) -> Pixels:
    """Grey levels ``(channels, height, width)`` of an image of Pillow; a ValueError unless it is grey or RGB."""
    levels = np.asarray(image, np.uint8)
    return levels.reshape(*levels.shape[:2], _channels(image)).transpose(2, 0, 1)
