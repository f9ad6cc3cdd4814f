"""Layers and circuits as traced functions of JAX arrays; 64-bit numbers must be enabled around them.

Each class takes a layer's parts apart into arrays, its `parameters`, and sizes; its call computes from the arrays what
`forward` of the layer computes, with the same streams. Integers of 64 bits are kept in pairs of 32. Without JAX, the
import of the backend says what to install.
"""

from ...backends import xla as xla
