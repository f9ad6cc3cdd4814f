"""The only code that touches bits in bulk.

`reference` defines every kernel in plain NumPy; `compiled` (Numba) is the default and returns the
same integers; `cuda` (CuPy) does the products of large layers on a GPU;
`xla` (JAX) does spiking neurons and their products on what XLA compiles for.
"""
