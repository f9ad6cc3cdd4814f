"""Reproduces the tables of the literature that the library is held to.

Run ``python -m verification`` from the root of the repository. Every table prints our number beside
the reference and a mark; the exit status is 1 if one number fails.
"""
