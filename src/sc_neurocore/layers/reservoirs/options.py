"""Options of a reservoir: the encoding of its numbers, the streams of its weights, its update rule."""

from dataclasses import dataclass, replace
from typing import Literal, Self

from ... import checks
from ...backends import checked_backend
from ...bitstreams.encodings import Encoding, check_encoding
from ...encoders import Bernoulli, Generator, Share, make_generator
from ...encoders.width import binary


@dataclass(frozen=True, kw_only=True)
class ReservoirOptions:
    """Options of a reservoir's circuit: everything but its weights.

    Parameters
    ----------
    length
        Stream length L in clock cycles.
    feedback_strength
        Factor of the recurrent weights in the update, at least 0.
    leak
        In (0, 1]; 1: the state is replaced at every step.
    activation
        ``"clip"``: to [0, 1] for unipolar, else to [-1, 1]. ``"tanh"``.
    generator
        A name or a `Generator`; the weights take its decorrelated partner.
    encoding
        ``"unipolar"``: inputs, states and weights are at least 0, AND. ``"split"``: signed, on a positive and a
        negative rail, AND. ``"bipolar"``: signed, XNOR.
    share
        How lines share generators, see `Encoder`, but for ``"rotate"``: it would turn a line's numbers and those of
        its weights alike, and count what ``"one"`` counts.
    bits
        Width of thresholds; None: what the generator needs, see `make_generator`.
    weight_streams
        Bernoulli only. ``"fresh"``: every step gets new weight streams. ``"stored"``: one set serves all steps.
    restart
        Not for Bernoulli: the sequences start again at every step. ``"same"``: the numbers are the same at every
        step, so equal states make equal errors. ``"shift"``: the lines' numbers are XORed with a random
        word, a new one for each step (digital shift); then the error of a product has mean 0 over the steps.
    rounding
        Of inputs and states to a threshold. ``"nearest"``, or ``"stochastic"``: up with a probability that is
        the fraction, so that the threshold is right in the mean.
    backend
        Backend that runs the kernels, see `sc_neurocore.backends.choose`.

    Raises
    ------
    ValueError, TypeError
        If an option is outside its range or of a wrong type.

    Examples
    --------
    >>> ReservoirOptions(length=64, generator="sobol").source
    Bank('sobol', 64)
    """

    length: int = 1024
    feedback_strength: float = 0.5
    leak: float = 1.0
    activation: Literal["clip", "tanh"] = "clip"
    generator: str | Generator = "bernoulli"
    encoding: Encoding = "unipolar"
    share: Share | None = None
    bits: int | None = None
    weight_streams: Literal["fresh", "stored"] = "fresh"
    restart: Literal["same", "shift"] = "same"
    rounding: Literal["nearest", "stochastic"] = "nearest"
    backend: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "feedback_strength", checks.real("feedback_strength", self.feedback_strength, 0.0, checks.LARGEST)
        )
        object.__setattr__(self, "length", checks.whole("length", self.length, 1))
        checks.positive("leak", self.leak)
        object.__setattr__(self, "leak", checks.real("leak", self.leak, 0.0, 1.0))
        checks.option("activation", self.activation, ("clip", "tanh"))
        check_encoding(self.encoding)
        if self.share == "rotate":
            raise ValueError(
                "share must be one, shift or independent in a reservoir, which counts the same turned, got 'rotate'"
            )
        source = make_generator(self.generator, self.length, self.bits)
        object.__setattr__(self, "bits", None if self.bits is None else int(self.bits))
        checks.option("weight_streams", self.weight_streams, ("fresh", "stored"))
        if self.weight_streams == "stored" and not isinstance(source, Bernoulli):
            raise ValueError(
                f"weight_streams must be 'fresh' without a Bernoulli generator, got 'stored' with {source!r}"
            )
        checks.option("restart", self.restart, ("same", "shift"))
        checks.option("rounding", self.rounding, ("nearest", "stochastic"))
        if isinstance(source, Bernoulli) and self.restart == "shift":
            raise ValueError("restart must be 'same' with a Bernoulli generator, which never repeats, got 'shift'")
        if self.restart == "shift":
            source.check_binary("restart='shift'")
        checked_backend(self.backend)

    @property
    def source(self) -> Generator:
        """The number generator that the options name, with numbers of ``2**bits`` values."""
        return binary(make_generator(self.generator, self.length, self.bits))

    def for_fan_in(self, fan_in: int) -> Self:
        """Options whose thresholds are fine enough for sums of `fan_in` products, see `make_generator`."""
        if self.bits is not None or self.generator != "bernoulli":
            return self
        return replace(self, bits=make_generator(self.generator, self.length, None, fan_in).bits)
