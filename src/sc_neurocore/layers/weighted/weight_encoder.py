"""Encoder of a layer's weights: which of them share a random source."""

from typing import NamedTuple

from ...encoders import Bernoulli, Encoder, Share
from ...encoders.seeds import Seeds
from ..options import CircuitOptions


class WeightEncoder(NamedTuple):
    """Encoder that makes the streams of weights.

    Parameters
    ----------
    encoder
        Partner 1 of the circuit's generator.
    apart
        Whether it has an input for every synapse; else it has one for every line, which the neurons share.
    """

    encoder: Encoder
    apart: bool


def weight_encoder(n_synapses: int, fan_in: int, options: CircuitOptions, seeds: Seeds) -> WeightEncoder:
    """Encoder of so many synapses, whose weights share sources as ``options.weights_share`` says.

    Raises
    ------
    ValueError
        If the generator has too few lines.
    """
    generator, sharing = options.make_generator(), options.weights_share
    random = isinstance(generator, Bernoulli)
    apart = random and sharing != "neurons"
    share: Share = "one" if sharing == "one" else "independent"
    if sharing != "neurons" and options.share in ("shift", "rotate"):
        share = options.share  # which random sources refuse
    if options.weight_share == "neurons":
        generator.check_lines(2 * fan_in, f"weight_share='neurons' with {fan_in} inputs")
    encoder = Encoder(
        n_synapses if apart else fan_in,
        options.cycles,
        generator,
        options.encoding,
        share=share,
        partner=1,
        seed=seeds.of("weights"),
        backend=options.backend,
    )
    return WeightEncoder(encoder, apart)
