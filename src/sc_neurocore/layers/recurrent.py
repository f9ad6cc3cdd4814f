"""A reservoir whose products are streams: an echo state network as a stochastic circuit."""

import math
from itertools import pairwise
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csc_array, csr_array, issparse

from .. import checks
from ..backends import compiled
from ..backends.packing import Words
from ..backends.reference import Activation, Coding, RandomStreams, Synapses
from ..bitstreams import value_range
from ..bitstreams.encodings import ENCODINGS, Encoding, check_encoding, to_probability
from ..encoders import Bernoulli, Encoder, Generator, Seed, Share, make_generator
from ..encoders.seeds import key_of
from .old_base import Floats, Seeded, quantised
from .readout import ridge_regression
from .spectral import spectral_radius_of

_LARGEST = 1e100
_SATURATED = 20.0
"""tanh of this, in float64, is 1."""
_NO_WORDS: Words = np.empty(0, np.uint64)


class SCRecurrentLayer(Seeded):
    """An echo state network: states are encoded anew at every step, and every weight is one gate.

    ::

        u_t ---encoder--> stream --+
                                   | AND with W_in   --+
        1 -------------------------+ .. with bias    --+--> count --> * gain / L --> f --> leak --+--> x_t
                                   | AND with W_rec  --+                                          |
        x_t-1 -encoder--> stream --+                                                              |
          ^                                                                                       |
          +-------------------------------- register <--------------------------------------------+

    ``x_t = (1 - leak) x_t-1 + leak f(W_in u_t + bias + feedback_strength W_rec x_t-1)``: all products of a neuron
    go into one counter. Its count is decoded, the activation f and the leak are computed in the *binary*
    domain (f is a memory with a level for each count), and the state is encoded anew, so that no
    correlation passes from step to step. Weights are divided by one number, `gain`, so that the
    largest is 1, and the count is multiplied by it.

    Parameters
    ----------
    n_inputs, n_neurons
        Shape of the layer.
    feedback_strength
        Factor of the recurrent weights in the update, at least 0. The *effective* spectral radius of the
        update is ``feedback_strength * spectral_radius``: .45 by default.
    input_strength
        Input weights are uniform in [-input_strength, input_strength], unipolar in [0, input_strength].
    spectral_radius
        Largest absolute eigenvalue of `W_rec`, at least 0.
    length
        Stream length L in clock cycles.
    seed
        Fixes weights, streams, digital shifts and rounding.
    connectivity
        Share of the recurrent weights that exist, in (0, 1]: ``max(1, round(connectivity * n_neurons**2))``, at
        random. Below 1, memory and time are in proportion.
    leak
        In (0, 1]; 1: the state is replaced at every step.
    bias_strength
        Each neuron has one more weight, drawn like an input weight with this strength, for a constant 1; at least 0.
    activation
        ``"clip"``: to [0, 1] for unipolar, else to [-1, 1]. ``"tanh"``.
    generator
        A name or a `Generator`; the weights take its decorrelated partner.
    encoding
        ``"unipolar"``: inputs, states and weights are at least 0, AND. ``"split"``: signed, as positive and
        negative part, AND. ``"bipolar"``: signed, XNOR.
    share
        How lines share generators, see `Encoder`. ``"rotate"`` turns a line's numbers and those of its weights
        alike, so its counts are those of ``"one"``.
    bits
        Width of thresholds; None lets the generator choose.
    weight_streams
        Bernoulli only. ``"fresh"``: every step meets new weight streams. ``"stored"``: one set serves all steps.
    restart
        Not for Bernoulli: the sequences start again at every step. ``"same"``: the numbers are the same at every
        step, so equal states make equal errors. ``"shift"``: the lines' numbers are XORed with a random
        word, a new one for each step (digital shift); then the error of a product has mean 0 over the steps.
    rounding
        Of inputs and states to a threshold. ``"nearest"``, or ``"stochastic"``: up with a probability that is
        the fraction, so that the threshold is right in the mean.

    Attributes
    ----------
    W_in, W_rec, bias
        Weights ``(n_neurons, n_inputs)``, ``(n_neurons, n_neurons)`` (a CSR array if connectivity is below 1) and
        ``(n_neurons,)``: read-only arrays. Assign new ones to change them.
    gain
        Largest of |W_in|, |bias| and feedback_strength |W_rec|.
    state
        ``(n_neurons,)``, or ``(..., n_neurons)`` after a batch; 0 at first. May be assigned.
    readout
        ``(n_neurons + 1, n_outputs)`` after `fit`, the constant last; else None.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type.

    Notes
    -----
    Error law, of a neuron in a step: with independent Bernoulli streams the sum has variance
    ``gain**2 * sum_i q_i (1 - q_i) / L`` with q_i = |x_i w_i| / gain (unipolar, split); Sobol streams err by about
    log(L)**2 / L a product. What that does to a task also depends on whether errors repeat; see `restart`
    and ``docs/reservoirs.md``.

    Echo state property: for leak = 1 and tanh or clip, an effective spectral norm below 1 makes states from two
    starts converge for every input; an effective spectral radius below 1 usually does.

    References
    ----------
    H. Jaeger, "The 'echo state' approach to analysing and training recurrent neural networks", GMD Report 148,
    2001; M. Lukoševičius, "A practical guide to applying echo state networks", 2012,
    https://doi.org/10.1007/978-3-642-35289-8_36. Digital shift: P. L'Ecuyer, C. Lemieux, "Recent advances in
    randomized quasi-Monte Carlo methods", 2002, https://doi.org/10.1007/0-306-48102-2_20. Stochastic
    rounding: M. Croci et al., 2022, https://doi.org/10.1098/rsos.211631.

    Examples
    --------
    >>> import numpy as np
    >>> layer = SCRecurrentLayer(n_inputs=3, n_neurons=10, seed=0)
    >>> layer.step(np.array([0.5, 0.3, 0.8])).shape == (10,)
    True
    >>> layer = SCRecurrentLayer(1, 50, 1.0, 0.2, length=256, seed=0, generator="sobol", restart="shift",
    ...                          encoding="split", activation="tanh", bias_strength=0.2)
    >>> u = np.random.default_rng(0).uniform(0, 0.5, (600, 1))
    >>> before = np.concatenate([np.zeros(3), u[:-3, 0]])  # the input, three steps ago
    >>> after = layer.fit(u[:500], before[:500], ridge=1e-3, washout=50).predict(u[500:])
    >>> bool(np.corrcoef(after, before[500:])[0, 1] > 0.9)
    True
    """

    def __init__(
        self,
        n_inputs: int,
        n_neurons: int,
        feedback_strength: float = 0.5,
        input_strength: float = 0.5,
        spectral_radius: float = 0.9,
        length: int = 1024,
        seed: Seed = None,
        *,
        connectivity: float = 1.0,
        leak: float = 1.0,
        bias_strength: float = 0.0,
        activation: Literal["clip", "tanh"] = "clip",
        generator: str | Generator = "bernoulli",
        encoding: Encoding = "unipolar",
        share: Share | None = None,
        bits: int | None = None,
        weight_streams: Literal["fresh", "stored"] = "fresh",
        restart: Literal["same", "shift"] = "same",
        rounding: Literal["nearest", "stochastic"] = "nearest",
    ) -> None:
        super().__init__(seed)
        self.n_inputs = checks.whole("n_inputs", n_inputs, 1)
        self.n_neurons = checks.whole("n_neurons", n_neurons, 1)
        self.feedback_strength = checks.real("feedback_strength", feedback_strength, 0.0, _LARGEST)
        self.input_strength = checks.real("input_strength", input_strength, 0.0, _LARGEST)
        self.spectral_radius = checks.real("spectral_radius", spectral_radius, 0.0, _LARGEST)
        self.length = checks.whole("length", length, 1)
        self.connectivity = checks.positive("connectivity", connectivity)
        self.leak = checks.positive("leak", leak)
        checks.real("connectivity", connectivity, 0.0, 1.0)
        checks.real("leak", leak, 0.0, 1.0)
        self.bias_strength = checks.real("bias_strength", bias_strength, 0.0, _LARGEST)
        self.activation = checks.option("activation", activation, ("clip", "tanh"))
        self.encoding = check_encoding(encoding)
        self.generator = make_generator(generator, self.length, bits)
        self._given_bits = bits is not None or isinstance(generator, Generator)
        self._random = isinstance(self.generator, Bernoulli)
        self.weight_streams = checks.option("weight_streams", weight_streams, ("fresh", "stored"))
        self.restart = checks.option("restart", restart, ("same", "shift"))
        self.rounding = checks.option("rounding", rounding, ("nearest", "stochastic"))
        if self._random and self.restart == "shift":
            raise ValueError("restart must be 'same' with a Bernoulli generator, which never repeats, got 'shift'")
        self._share = share
        self._state: Floats = np.zeros(self.n_neurons)
        self.readout: Floats | None = None
        self._draw()
        self._reseed()

    # ------------------------------------------------------------ weights

    def _draw(self) -> None:
        rng = np.random.Generator(np.random.PCG64(self._seed("values")))
        low = 0.0 if self.encoding == "unipolar" else -1.0
        n = self.n_neurons
        self._w_in: Floats = _frozen(self.input_strength * rng.uniform(low, 1.0, (n, self.n_inputs)))
        self._bias: Floats = _frozen(self.bias_strength * rng.uniform(low, 1.0, n))
        rng = np.random.Generator(np.random.PCG64(self._seed("recurrent weights")))
        matrix: Any
        if self.connectivity == 1:
            matrix = rng.uniform(low, 1.0, (n, n))
        else:
            count = max(1, round(self.connectivity * n * n))
            places = np.sort(rng.choice(n * n, count, replace=False, shuffle=False))
            rows, columns = np.divmod(places, n)
            indptr = np.searchsorted(rows, np.arange(n + 1))
            matrix = csr_array((rng.uniform(low, 1.0, count), columns, indptr), shape=(n, n))
        if self.spectral_radius == 0:
            matrix *= 0.0
        else:
            radius = spectral_radius_of(matrix)
            if radius < 1e-9:
                raise ValueError(
                    "connectivity must leave a loop of synapses for a spectral radius above 0, "
                    f"got {self.connectivity:g}"
                )
            matrix *= self.spectral_radius / radius
        self._w_rec: Any = _frozen(matrix)

    @property
    def W_in(self) -> Floats:  # noqa: N802 - the field's name
        """Input weights ``(n_neurons, n_inputs)``."""
        return self._w_in

    @W_in.setter
    def W_in(self, values: ArrayLike) -> None:  # noqa: N802 - the field's name
        self._w_in = self._weights_like("W_in", values, (self.n_neurons, self.n_inputs))
        self._wire()

    @property
    def bias(self) -> Floats:
        """Weights ``(n_neurons,)`` of the constant 1."""
        return self._bias

    @bias.setter
    def bias(self, values: ArrayLike) -> None:
        self._bias = self._weights_like("bias", values, (self.n_neurons,))
        self._wire()

    @property
    def W_rec(self) -> Any:  # noqa: N802 - the field's name
        """Recurrent weights ``(n_neurons, n_neurons)``, without `feedback_strength`; sparse: a `csr_array`."""
        return self._w_rec

    @W_rec.setter
    def W_rec(self, values: Any) -> None:  # noqa: N802 - the field's name
        shape = (self.n_neurons, self.n_neurons)
        if self.connectivity == 1:
            self._w_rec = self._weights_like("W_rec", values, shape)
        else:
            if not issparse(values) or values.shape != shape:
                raise ValueError(f"W_rec must be a sparse array of shape {shape} with connectivity below 1")
            given = csr_array(values)
            data = self._weights_like("W_rec", given.data, given.data.shape)
            self._w_rec = _frozen(csr_array((data, given.indices, given.indptr), shape=shape))
        self._wire()

    def _weights_like(self, name: str, values: ArrayLike, shape: tuple[int, ...]) -> Floats:
        low = 0.0 if self.encoding == "unipolar" else -_LARGEST
        copy: Floats = _frozen(checks.array(name, values, low, _LARGEST, shape=shape).copy())
        return copy

    @property
    def gain(self) -> float:
        """What weights are divided by and counts are multiplied by, so that the largest weight is 1."""
        recurrent = self._w_rec.data if issparse(self._w_rec) else self._w_rec
        parts = self._w_in, self._bias, self.feedback_strength * _ends(recurrent)
        return max(float(np.abs(part).max()) for part in parts) or 1.0

    # ------------------------------------------------------------ streams

    def _reseed(self) -> None:
        self._keys = {role: key_of(self._seed(role)) for role in ("digital shift", "rounding")}
        self._wire()

    def _wire(self) -> None:
        """Codes of the synapses, line by line, and the levels of the activation: both follow from the weights."""
        self._float_matrix: Any = None
        self._gain, n = self.gain, self.n_neurons
        biased = bool(self._bias.any())
        self._lines = self.n_inputs + n + biased
        ends = self._w_in.T.reshape(-1), self._bias if biased else self._bias[:0]
        if issparse(self._w_rec):
            by_line = csc_array(self._w_rec)
            recurrent, feeds = by_line.data, by_line.indices.astype(np.int64)
            every = np.arange(n)
            neurons = np.concatenate([np.tile(every, self.n_inputs), feeds, every if biased else every[:0]])
            fans = np.concatenate([np.full(self.n_inputs, n), np.diff(by_line.indptr), np.full(int(biased), n)])
        else:
            recurrent, neurons = self._w_rec.T.reshape(-1), np.empty(0, np.int64)
            fans = np.full(self._lines, n)
        indptr = np.concatenate([[0], np.cumsum(fans)]).astype(np.int64)
        weights = np.concatenate([ends[0], self.feedback_strength * recurrent, ends[1]]) / self._gain
        inputs = self._encoder(self._lines, 0, "inputs")
        if self._random:
            meets = self._encoder(weights.size, 1, "weights")
            levels = _signed(meets.thresholds(self._probabilities(weights)), weights, self.encoding)
            codes = levels.astype(np.int32 if self.generator.bits < 31 else np.int64)
            self._streams = RandomStreams(inputs.key, meets.key, inputs.share == "independent", self.length)
            self._stored = _NO_WORDS
            if self.weight_streams == "stored":
                words = meets.words(self._probabilities(weights)[None], np.zeros(1, np.int64))[0]
                lines = pairwise(indptr.tolist())
                self._stored = np.concatenate([words[first:last].T.reshape(-1) for first, last in lines])
        else:
            meets = self._encoder(self._lines, 1, "weights")
            self._numbers, places = _in_order(inputs.sequences, meets.sequences)
            lines_of = np.repeat(np.arange(self._lines), fans) if len(places) > 1 else 0
            edges = meets.thresholds(self._probabilities(weights))
            ranks = _signed(_ranks(places, edges, lines_of, self.generator.bits), weights, self.encoding)
            if self.encoding == "split":
                ranks += self.length
            if neurons.size:  # rising ranks within a line, as the kernel wants them
                line = np.repeat(np.arange(self._lines), fans)
                order = np.lexsort((np.abs(ranks - self.length) if self.encoding == "split" else ranks, line))
                ranks, neurons = ranks[order], neurons[order]
            codes = ranks.astype(np.uint16 if ranks.max(initial=0) < 1 << 16 else np.uint32)
        self._synapses = Synapses(indptr, neurons, codes)
        self._share_used = inputs.share
        self._activation = self._levels()

    def _encoder(self, n: int, role: int, seed_role: str) -> Encoder:
        return Encoder(
            n, self.length, self.generator, self.encoding, share=self._share, partner=role, seed=self._seed(seed_role)
        )

    @property
    def share(self) -> Share:
        """The sharing policy in force."""
        return self._share_used

    def _probabilities(self, values: Floats) -> Floats:
        return np.abs(values) if self.encoding == "split" else to_probability(values, self.encoding)

    def _levels(self) -> Activation:
        """What the activation makes of every count: from 0, or from below it for signed encodings, to its end."""
        end = _SATURATED if self.activation == "tanh" else 1.0
        highest = int(min(np.ceil(end * self.length / self._gain), self._lines * self.length))
        lowest = 0 if self.encoding == "unipolar" else -highest
        sums = self._gain * np.arange(lowest, highest + 1) / self.length
        levels = np.tanh(sums) if self.activation == "tanh" else np.clip(sums, *value_range(self.encoding))
        return Activation(levels, lowest, self.leak)

    def _coding(self) -> Coding:
        return Coding(
            ENCODINGS.index(self.encoding),
            self.generator.bits,
            self.rounding == "stochastic",
            self._keys["rounding"],
            self.restart == "shift",
            self._keys["digital shift"],
        )

    # ------------------------------------------------------------ run

    @property
    def state(self) -> Floats:
        """A copy of the states."""
        return self._state.copy()

    @state.setter
    def state(self, values: ArrayLike) -> None:
        self._state = checks.array("state", values, *value_range(self.encoding), last=self.n_neurons).copy()

    def step(self, x: ArrayLike) -> Floats:
        """One step under inputs ``(..., n_inputs)``: the new states ``(..., n_neurons)``, a copy.

        Raises
        ------
        ValueError
            If the shape is wrong, or a value is not finite or outside the encoding's range.
        """
        inputs = checks.array("x", x, *value_range(self.encoding), last=self.n_inputs)
        return self._advance("x", inputs[..., None, :], False)[..., 0, :]

    def run(self, X: ArrayLike, *, expected: bool = False) -> Floats:
        """States ``(..., T, n_neurons)`` of T steps under inputs ``(..., T, n_inputs)``, from the present state on.

        Every sample of a batch has a state and streams of its own; from there on, inputs have these batch axes
        until `reset`. With ``expected=True`` the steps are made in floating point, see `expected`.

        Raises
        ------
        ValueError, TypeError
            If the shape is wrong, or a value is not finite or outside the encoding's range.
        """
        inputs = self._checked(X)
        return self._advance("X", inputs, checks.flag("expected", expected))

    def expected(self, X: ArrayLike) -> Floats:
        """What `run` converges to as the length grows: the same circuit in floating point; nothing moves.

        Where `bits` is given, weights are quantised, and so are inputs and states unless they are rounded
        stochastically.
        """
        inputs = self._checked(X)
        return self._floats(inputs, self._start("X", inputs))

    def _checked(self, X: ArrayLike) -> Floats:
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
        arguments = np.ascontiguousarray(flat), start.reshape(len(flat), self.n_neurons), self.samples, self._synapses
        if self._random:
            out = compiled.reservoir_random(*arguments, self._streams, self._stored, self._coding(), self._activation)
        else:
            out = compiled.reservoir_shared(*arguments, self._numbers, self._coding(), self._activation)
        return out.reshape(*inputs.shape[:-1], self.n_neurons)

    def _floats(self, inputs: Floats, start: Floats) -> Floats:
        scale = 2.0**self.generator.bits if self._given_bits else 0.0
        if self._float_matrix is None:
            self._float_matrix = (
                self._met(self._w_in),
                self._met(self._bias),
                self._met(self.feedback_strength * self._w_rec),
            )
        w_in, bias, matrix = self._float_matrix
        line_scale = 0.0 if self.rounding == "stochastic" else scale
        met = quantised(inputs, self.encoding, line_scale) if line_scale else inputs
        drive = (met @ w_in.T + bias).reshape(math.prod(inputs.shape[:-2]), inputs.shape[-2], self.n_neurons)
        kind, squash = ENCODINGS.index(self.encoding), self.activation == "tanh"
        out = compiled.reservoir_floats(
            drive, start.reshape(len(drive), self.n_neurons), matrix, kind, line_scale, squash, self.leak
        )
        return out.reshape(*inputs.shape[:-1], self.n_neurons)

    def _met(self, weights: Any) -> Any:
        """Weights as the gates meet them: quantised where `bits` is given."""
        if not self._given_bits:
            return weights
        scale = 2.0**self.generator.bits
        if issparse(weights):
            data = self._gain * quantised(weights.data / self._gain, self.encoding, scale)
            return csr_array((data, weights.indices, weights.indptr), shape=weights.shape)
        return self._gain * quantised(weights / self._gain, self.encoding, scale)

    # ------------------------------------------------------------ read-out

    def fit(self, X: ArrayLike, Y: ArrayLike, ridge: float = 1e-6, washout: int = 0, *, expected: bool = False) -> Self:
        """Run on X, and learn to read Y off the states by ridge regression.

        Parameters
        ----------
        X
            Inputs ``(..., T, n_inputs)``; the run starts at the present state and leaves it at its end.
        Y
            Targets ``(..., T)`` or ``(..., T, n_outputs)``.
        ridge
            Penalty of the squared weights, at least 0; see `ridge_regression`.
        washout
            First steps of each sequence that are not learned from, fewer than T.
        expected
            Run in floating point, see `expected`.

        Raises
        ------
        ValueError, TypeError
            If an argument does not fit; nothing has moved then.
        """
        inputs = self._checked(X)
        targets = checks.array("Y", Y)
        steps = inputs.shape[-2]
        if targets.shape != inputs.shape[:-1] and targets.shape[:-1] != inputs.shape[:-1]:
            rule = f"{inputs.shape[:-1]} or {inputs.shape[:-1]} and an axis of outputs"
            raise ValueError(f"Y must have shape {rule}, got {targets.shape}")
        ridge = checks.real("ridge", ridge, 0.0, _LARGEST)
        washout = checks.whole("washout", washout, 0)
        if washout >= steps:
            raise ValueError(f"washout must be below the {steps} steps of X, got {washout}")
        checks.flag("expected", expected)
        states = self._advance("X", inputs, expected)
        scalar = targets.ndim == inputs.ndim - 1
        time = inputs.ndim - 2
        kept = np.take(targets, np.arange(washout, steps), axis=time)
        features = states[..., washout:, :].reshape(-1, self.n_neurons)
        self.readout = ridge_regression(
            features, kept.reshape(-1) if scalar else kept.reshape(len(features), -1), ridge
        )
        return self

    def predict(self, X: ArrayLike, *, expected: bool = False) -> Floats:
        """Run on X ``(..., T, n_inputs)`` from the present state on: outputs ``(..., T)``, or with an axis of outputs.

        Raises
        ------
        ValueError, TypeError
            If the layer was not fitted, or X does not fit.
        """
        if self.readout is None:
            raise ValueError("predict must come after fit, there is no read-out yet")
        states = self.run(X, expected=expected)
        return np.asarray(states @ self.readout[:-1] + self.readout[-1])

    # ------------------------------------------------------------ state

    def reset(self) -> None:
        """States to 0, generators rewound, batch axes forgotten; weights and read-out stay."""
        super().reset()
        self._state = np.zeros(self.n_neurons)

    def state_dict(self) -> dict[str, Any]:
        """Weights, states, read-out (empty before `fit`), and where the generators stand."""
        state = super().state_dict()
        state |= {"W_in": self._w_in.copy(), "bias": self._bias.copy(), "state": self.state}
        state["readout"] = np.empty(0) if self.readout is None else self.readout.copy()
        if issparse(self._w_rec):
            parts = self._w_rec
            state |= {"W_rec": parts.data.copy(), "indices": parts.indices.copy(), "indptr": parts.indptr.copy()}
        else:
            state["W_rec"] = self._w_rec.copy()
        return state

    def _load_values(self, state: dict[str, Any]) -> None:
        n = self.n_neurons
        w_in = self._weights_like("W_in", state["W_in"], (n, self.n_inputs))
        bias = self._weights_like("bias", state["bias"], (n,))
        if issparse(self._w_rec):
            data = self._weights_like("W_rec", state["W_rec"], (len(state["indices"]),))
            try:
                w_rec = csr_array((data, np.array(state["indices"]), np.array(state["indptr"])), shape=(n, n))
                w_rec.check_format()
            except ValueError as error:
                raise ValueError(f"indices and indptr must be a CSR wiring of shape {(n, n)}, got: {error}") from error
        else:
            w_rec = self._weights_like("W_rec", state["W_rec"], (n, n))
        values = checks.array("state", state["state"], *value_range(self.encoding), last=n).copy()
        readout = checks.array("readout", state["readout"]).copy()
        if readout.size and (readout.ndim > 2 or len(readout) != n + 1):
            raise ValueError(f"readout must have shape ({n + 1},) or ({n + 1}, any), got {readout.shape}")
        self._w_in, self._bias, self._w_rec, self._state = w_in, bias, _frozen(w_rec), values
        self.readout = readout if readout.size else None

    def __repr__(self) -> str:
        wires = f", synapses={self._w_rec.nnz}" if issparse(self._w_rec) else ""
        return (
            f"SCRecurrentLayer({self.n_inputs} -> {self.n_neurons}{wires}, length={self.length}, {self.generator!r}, "
            f"encoding={self.encoding!r}, activation={self.activation!r}, restart={self.restart!r}, "
            f"rounding={self.rounding!r}, backend='numba')"
        )


def _frozen(values: Any) -> Any:
    """The array, or the data of the sparse array, read-only: an edit in place would not be seen."""
    (values.data if issparse(values) else values).flags.writeable = False
    return values


def _ends(values: Floats) -> Floats:
    """Smallest and largest value, 0 if there is none."""
    return np.array([values.min(initial=0.0), values.max(initial=0.0)])


def _signed(magnitudes: NDArray[Any], values: Floats, encoding: Encoding) -> NDArray[np.int64]:
    whole = magnitudes.astype(np.int64)
    return np.where(values < 0, -whole, whole) if encoding == "split" else whole


def _in_order(lines: NDArray[np.uint32], weights: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Both sequences ``(1 or n, L)`` in the order of rising numbers of the weights' one."""
    order = np.argsort(weights, axis=1, kind="stable")
    both = np.broadcast_to(lines, (max(len(lines), len(order)), lines.shape[1]))
    return np.take_along_axis(both, np.broadcast_to(order, both.shape), 1), np.take_along_axis(weights, order, 1)


def _ranks(rising: NDArray[np.uint32], thresholds: NDArray[np.uint64], rows: Any, bits: int) -> NDArray[np.int64]:
    """How many numbers of its row ``rising[rows]`` are below each threshold: the ones of that stream."""
    span = 1 << bits
    flat = rising.astype(np.int64) + (span + 1) * np.arange(len(rising))[:, None]
    found = np.searchsorted(flat.reshape(-1), thresholds.astype(np.int64) + (span + 1) * rows)
    return np.asarray(found - rows * rising.shape[1])
