"""From a probability to a stream: generators and the encoder."""

from .encoder import Encoder, Share
from .generators import (
    GENERATORS,
    Bernoulli,
    Generator,
    Halton,
    Ramp,
    Sobol,
    UserSequence,
    VanDerCorput,
    make_generator,
)
from .lfsr import LFSR
from .seeds import Seed, seed_sequence

__all__ = [
    "GENERATORS",
    "LFSR",
    "Bernoulli",
    "Encoder",
    "Generator",
    "Halton",
    "Ramp",
    "Seed",
    "Share",
    "Sobol",
    "UserSequence",
    "VanDerCorput",
    "make_generator",
    "seed_sequence",
]
