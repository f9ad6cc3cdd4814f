"""Echo state network as a stochastic circuit, with a linear read-out."""

from operator import attrgetter
from typing import Any, Literal, Self

from numpy.typing import ArrayLike
from scipy.sparse import issparse

from .. import checks
from ..backends import choose
from ..bitstreams import Encoding
from ..encoders import Generator, Seed, Share
from .base import Floats
from .reservoirs.options import ReservoirOptions
from .reservoirs.readout import RidgeReadout
from .reservoirs.reservoir import Reservoir
from .turns import in_turn


class SCRecurrentLayer(Reservoir):
    """An echo state network whose states are encoded as streams at every step, with one gate for every weight.

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
    largest is 1, and the count is multiplied by it. A step starts at the state that the last one left, so
    threads that call one layer take turns.

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
    bias_strength
        Each neuron has one more weight, drawn like an input weight with this strength, for a constant 1; at least 0.
    leak, activation, generator, encoding, share, bits, weight_streams, restart, rounding, backend
        How the circuit computes, see `ReservoirOptions`.

    Attributes
    ----------
    W_in, W_rec, bias
        Weights ``(n_neurons, n_inputs)``, ``(n_neurons, n_neurons)`` (a CSR array if connectivity is below 1) and
        ``(n_neurons,)``: they may be assigned, and edited in place (of a CSR array its ``data``).
    gain
        Largest of |W_in|, |bias| and feedback_strength |W_rec|, of the present weights.
    state
        ``(n_neurons,)``, or ``(..., n_neurons)`` after a batch; 0 at first. May be assigned.
    readout
        ``(n_neurons + 1,)`` or ``(n_neurons + 1, n_outputs)`` after `fit`, the constant last; else None. May be
        assigned and edited, too; ``reset(weights=True)`` forgets it.

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
    starts converge for every input; an effective spectral radius below 1 usually does. That holds exactly in floating
    point only. States of streams are rounded to counts, and signed reservoirs keep a residue: at L = 256 with an
    effective radius of .81, states of two starts still differ by .01 to .04 (root mean square) after 400 steps, with
    Bernoulli or Sobol streams and 100 or 200 neurons; see ``docs/reservoirs.md``.

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
        backend: str | None = None,
    ) -> None:
        super().__init__(
            ReservoirOptions(
                length=length, feedback_strength=feedback_strength, leak=leak, activation=activation,
                generator=generator, encoding=encoding, share=share, bits=bits, weight_streams=weight_streams,
                restart=restart, rounding=rounding, backend=backend,
            ),
            seed, n_inputs, n_neurons, input_strength=input_strength, spectral_radius=spectral_radius,
            connectivity=connectivity, bias_strength=bias_strength,
        )  # fmt: skip
        self._readout = RidgeReadout()

    readout = property(
        attrgetter("_readout.coefficients"),
        lambda self, values: self._readout.assign(values, self.n_neurons),
        doc="Coefficients of the read-out, None before `fit`; edits are seen by the next `predict`.",
    )

    @in_turn
    def fit(self, X: ArrayLike, Y: ArrayLike, ridge: float = 1e-6, washout: int = 0, *, expected: bool = False) -> Self:
        """Run on X, and fit a linear read-out of Y from the states by ridge regression.

        Memory: the states ``(.., T, n_neurons)`` and about 4 copies of them, for a singular value decomposition.

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
        inputs = self._checked_sequences(X)
        targets = self._readout.checked(Y, inputs.shape[:-1], ridge, washout)
        checks.flag("expected", expected)
        states = self.run(inputs, expected=expected)
        self._readout.learn(states, targets, ridge, washout)
        return self

    @in_turn
    def predict(self, X: ArrayLike, *, expected: bool = False) -> Floats:
        """Run on X ``(..., T, n_inputs)`` from the present state on: outputs ``(..., T)``, or with an axis of outputs.

        Raises
        ------
        ValueError, TypeError
            If the layer was not fitted, or X does not fit.
        """
        if self.readout is None:
            raise ValueError("predict must come after fit, there is no read-out yet")
        checks.array("readout", self.readout)
        return self._readout.read(self.run(X, expected=expected))

    def _values(self) -> dict[str, Any]:
        """Weights, states, and the read-out (empty before `fit`)."""
        return super()._values() | {"readout": self._readout.state()}

    def _load_values(self, state: dict[str, Any]) -> None:
        readout = self._readout.checked_state(state["readout"], self.n_neurons)
        super()._load_values(state)
        self._readout.coefficients = readout

    def _forget(self) -> None:
        super()._forget()
        self._readout.coefficients = None

    def __repr__(self) -> str:
        recurrent = self._weights.recurrent
        wires = f", synapses={recurrent.nnz}" if issparse(recurrent) else ""
        return (
            f"SCRecurrentLayer({self.n_inputs} -> {self.n_neurons}{wires}, length={self.length}, {self.generator!r}, "
            f"encoding={self.encoding!r}, activation={self.activation!r}, restart={self.restart!r}, "
            f"rounding={self.rounding!r}, backend={choose(self.options.backend).name!r})"
        )
