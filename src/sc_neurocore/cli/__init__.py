"""The command-line program `sc-neurocore`."""

from .app import main

__all__ = ["main"]
