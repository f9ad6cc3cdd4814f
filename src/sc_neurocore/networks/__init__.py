"""Networks of layers, and the circuits they become."""

from .activations import Activation, activate
from .circuit import Circuit
from .network import Dense, Network

__all__ = ["Activation", "Circuit", "Dense", "Network", "activate"]
