"""What the library gave on a grid of options, recorded, so that a later version can be held against it bit for bit.

`cases` names the grid's building blocks, the ``*_cases`` modules list the cases, `record` runs and writes them.
"""
