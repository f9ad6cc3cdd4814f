"""Synapses: weights as bitstreams, in memristors, and weights that learn from the times of spikes."""

from .conductance_laws import ClippedLogarithm, DriftExponent, FlickerNoise, ProgrammingError
from .crossbar import crossbar_transfer
from .defects import Defects
from .memristor import MemristorModel
from .presets import PRESETS, Preset
from .stdp import PlasticSynapses
from .stdp_laws import Traces, pair_stdp_step, reward_stdp_step, stdp_drift, stdp_window
from .stream_synapse import StreamSynapse, dot_product

__all__ = [
    "PRESETS",
    "ClippedLogarithm",
    "Defects",
    "DriftExponent",
    "FlickerNoise",
    "MemristorModel",
    "PlasticSynapses",
    "Preset",
    "ProgrammingError",
    "StreamSynapse",
    "Traces",
    "crossbar_transfer",
    "dot_product",
    "pair_stdp_step",
    "reward_stdp_step",
    "stdp_drift",
    "stdp_window",
]
