"""A reservoir: random recurrent weights, and states that are encoded as streams at every step."""

import math
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ... import checks
from ...bitstreams import value_range
from ...encoders import Seed
from ..base import Floats, SCLayer
from ..streams import Streams, as_bitstream
from ..turns import in_turn
from .circuit import ReservoirCircuit, reservoir_circuit
from .expectation import ReservoirExpectation
from .options import ReservoirOptions
from .weights import ReservoirWeights, SeenWeights


class Reservoir(SCLayer):
    """Reservoir: neurons with random recurrent weights and their states, to which `SCRecurrentLayer` adds a read-out.

    Parameters
    ----------
    options
        How its circuit computes.
    seed
        Fixes weights, streams, digital shifts and rounding.
    n_inputs, n_neurons, strengths
        As for `ReservoirWeights`.
    """

    def __init__(
        self, options: ReservoirOptions, seed: Seed, n_inputs: int, n_neurons: int, **strengths: float
    ) -> None:
        super().__init__(seed, (checks.whole("n_neurons", n_neurons, 1), checks.whole("n_inputs", n_inputs, 1)))
        self._weights = ReservoirWeights(n_inputs, n_neurons, options.encoding, seeds=self._seeds, **strengths)
        self._options = options.for_fan_in(self.n_inputs + self.n_neurons + 1)
        self._state: Floats = np.zeros(self.n_neurons)
        self._shown = False
        """Whether weights were given out or assigned, so that they are compared: for 1000 x 1000 as long as a step."""
        self._reseed()

    options = property(attrgetter("_options"), doc="See `ReservoirOptions`.")
    n_inputs = property(attrgetter("_weights.n_inputs"))
    n_neurons = property(attrgetter("_weights.n_neurons"))
    input_strength = property(attrgetter("_weights.input_strength"))
    spectral_radius = property(attrgetter("_weights.spectral_radius"))
    connectivity = property(attrgetter("_weights.connectivity"))
    bias_strength = property(attrgetter("_weights.bias_strength"))
    length = property(attrgetter("options.length"))
    feedback_strength = property(attrgetter("options.feedback_strength"))
    leak = property(attrgetter("options.leak"))
    activation = property(attrgetter("options.activation"))
    encoding = property(attrgetter("options.encoding"))
    weight_streams = property(attrgetter("options.weight_streams"))
    restart = property(attrgetter("options.restart"))
    rounding = property(attrgetter("options.rounding"))
    generator = property(attrgetter("_circuit.lines.generator"))
    share = property(attrgetter("_circuit.lines.share"), doc="The sharing policy in force.")
    gain = property(
        attrgetter("_circuit.gain"),
        doc="Scale of the weights: they are divided by it, so that the largest is 1, and counts are multiplied.",
    )

    # ------------------------------------------------------------ weights

    @property
    def W_in(self) -> Floats:  # noqa: N802 - the field's name
        """Input weights ``(n_neurons, n_inputs)``; edits are seen by the next call, as those of the others."""
        self._shown = True
        return self._weights.inputs

    @W_in.setter
    def W_in(self, values: ArrayLike) -> None:  # noqa: N802 - the field's name
        self._weights.assign_inputs(values)
        self._shown = True

    @property
    def bias(self) -> Floats:
        """Weights ``(n_neurons,)`` of the constant 1."""
        self._shown = True
        return self._weights.bias

    @bias.setter
    def bias(self, values: ArrayLike) -> None:
        self._weights.assign_bias(values)
        self._shown = True

    @property
    def W_rec(self) -> Any:  # noqa: N802 - the field's name
        """Recurrent weights ``(n_neurons, n_neurons)``, without `feedback_strength`; sparse: a `csr_array`."""
        self._shown = True
        return self._weights.recurrent

    @W_rec.setter
    def W_rec(self, values: Any) -> None:  # noqa: N802 - the field's name
        self._weights.assign_recurrent(values)
        self._shown = True

    @property
    def _circuit(self) -> ReservoirCircuit:
        """The circuit of the present weights, or an error if an edit made them wrong."""
        if self._shown and not self._seen.is_current(self._weights):
            self._reseed()
        return self._built

    def _reseed(self) -> None:
        seen, strength = self._weights.seen(), self.feedback_strength
        self._built = reservoir_circuit(self._options, seen.by_line(strength), seen.gain(strength), self._seeds)
        self._seen: SeenWeights = seen
        self._expectation: ReservoirExpectation | None = None

    # ------------------------------------------------------------ run

    @property
    def state(self) -> Floats:
        """A copy of the states."""
        return self._state.copy()

    @state.setter
    def state(self, values: ArrayLike) -> None:
        self._state = checks.array("state", values, *value_range(self.encoding), last=self.n_neurons).copy()

    @in_turn
    def step(self, input_vector: ArrayLike) -> Floats:
        """One step under inputs ``(..., n_inputs)``: the new states ``(..., n_neurons)``, a copy.

        Raises
        ------
        ValueError
            If the shape is wrong, or a value is not finite or outside the encoding's range.
        """
        inputs = checks.array("input_vector", input_vector, *value_range(self.encoding), last=self.n_inputs)
        return self._advance("input_vector", inputs[..., None, :], False)[..., 0, :]

    __call__ = step

    @in_turn
    def run(self, X: ArrayLike, *, expected: bool = False) -> Floats:
        """States ``(..., T, n_neurons)`` of T steps under inputs ``(..., T, n_inputs)``, from the present state on.

        Every sample of a batch has a state and streams of its own; from there on, inputs have these batch axes
        until `reset`. With ``expected=True`` the steps are made in floating point, see `expected`.

        Raises
        ------
        ValueError, TypeError
            If the shape is wrong, or a value is not finite or outside the encoding's range.
        """
        inputs = self._checked_sequences(X)
        return self._advance("X", inputs, checks.flag("expected", expected))

    @in_turn
    def expected(self, X: ArrayLike) -> Floats:
        """Limit of `run` as the stream length grows: the same circuit in floating point; nothing moves.

        Weights are rounded to the comparators' thresholds, and so are inputs and states unless they are rounded
        stochastically.
        """
        inputs = self._checked_sequences(X)
        return self._floats(inputs, self._start("X", inputs))

    def _checked_sequences(self, X: ArrayLike) -> Floats:
        inputs = checks.array("X", X, *value_range(self.encoding), last=self.n_inputs)
        if inputs.ndim < 2:
            raise ValueError(f"X must have shape (..., T, {self.n_inputs}), got {inputs.shape}")
        return inputs

    def _start(self, name: str, inputs: Floats) -> Floats:
        """States from which a run starts, with the batch axes of its inputs."""
        batch = inputs.shape[:-2]
        if self._state.ndim > 1 and self._state.shape[:-1] != batch:
            raise ValueError(
                f"{name} must have the batch axes {self._state.shape[:-1]} of the state until reset(), got {batch}"
            )
        return np.ascontiguousarray(np.broadcast_to(self._state, (*batch, self.n_neurons)))

    def _advance(self, name: str, inputs: Floats, expected: bool) -> Floats:
        start = self._start(name, inputs)
        out = self._floats(inputs, start) if expected else self._bits(inputs, start)
        self._state = out[..., -1, :].copy() if inputs.shape[-2] else start
        self.samples += inputs.shape[-2]
        return out

    def _bits(self, inputs: Floats, start: Floats) -> Floats:
        flat = inputs.reshape(math.prod(inputs.shape[:-2]), *inputs.shape[-2:])
        states = start.reshape(len(flat), self.n_neurons)
        out = self._circuit.run(np.ascontiguousarray(flat), states, self.samples)
        return out.reshape(*inputs.shape[:-1], self.n_neurons)

    def _floats(self, inputs: Floats, start: Floats) -> Floats:
        lines = self._circuit.lines  # of the present weights, for which there may be no expectation yet
        expectation = self._expectation
        if expectation is None:
            expectation = self._expectation = ReservoirExpectation(self._options, self._seen, lines)
        return expectation.run(inputs, start)

    def streams(self, input_vector: ArrayLike) -> Streams:
        """Streams that the next `step` uses; nothing advances.

        Inputs are ``(..., lines)``: the input vector, the states, and the constant 1 if there is a bias. Weights are
        ``(synapses,)`` line by line, of a dense layer neuron by neuron within a line, behind the leading axes where
        every sample has weight streams of its own (Bernoulli, fresh).
        """
        given = checks.array("input_vector", input_vector, *value_range(self.encoding), last=self.n_inputs)
        inputs, circuit = given[..., None, :], self._circuit
        start, batch = self._start("input_vector", inputs), inputs.shape[:-2]
        flat = np.concatenate([given, start], axis=-1).reshape(math.prod(batch), -1)
        constant = np.ones((len(flat), circuit.weights.lines - flat.shape[1]))
        lines, weights = circuit.streams(np.concatenate([flat, constant], axis=1), self.samples)
        own = batch if circuit.fresh_weights else ()
        return Streams(
            as_bitstream(lines, (*batch, lines.shape[-2]), self.length, self.encoding),
            as_bitstream(weights, (*own, weights.shape[-2]), self.length, self.encoding),
        )

    # ------------------------------------------------------------ state

    def _rest(self) -> None:
        """States to 0, batch axes forgotten."""
        self._state = np.zeros(self.n_neurons)

    def _forget(self) -> None:
        """The weights of the seed, in place of what was assigned or edited."""
        self._weights.draw(self._seeds)
        self._reseed()

    def _values(self) -> dict[str, Any]:
        """Weights and states."""
        return self._weights.values() | {"state": self.state}

    def _load_values(self, state: dict[str, Any]) -> None:
        weights = self._weights.checked(state)
        self.state = state["state"]
        self._weights.load(weights)
