"""Encoders: number generators, and the comparators that turn numbers into bitstreams."""

from .bank import Bank
from .by_name import GENERATORS, make_generator
from .encoder import Encoder, Share
from .generator import Generator
from .generators import Bernoulli, Halton, Ramp, UserSequence, VanDerCorput
from .lattice import Lattice
from .lfsr import LFSR
from .searched import Searched
from .seeds import Seed, seed_sequence
from .sobol import Sobol
from .width import OfWidth

__all__ = [
    "GENERATORS",
    "LFSR",
    "Bank",
    "Bernoulli",
    "Encoder",
    "Generator",
    "Halton",
    "Lattice",
    "OfWidth",
    "Ramp",
    "Searched",
    "Seed",
    "Share",
    "Sobol",
    "UserSequence",
    "VanDerCorput",
    "make_generator",
    "seed_sequence",
]
