"""The command-line program `sc-neurocore`."""

from .program import main

__all__ = ["main"]
