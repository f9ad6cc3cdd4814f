"""Weighted sums of a layer: gates multiply input and weight streams, accumulators add up the products."""

from typing import Any

from ...backends.packing import words_for
from ...backends.types import Words
from ...encoders.seeds import Seeds
from ...encoders.select import SelectSource
from ...gates.accumulators import Accumulator, Conditions, make_accumulator
from ...gates.operands import Block, Operands, in_blocks
from ..base import Floats, Samples
from ..input_lines import InputLines
from ..options import CircuitOptions
from ..streams import Streams, as_bitstream
from .seen_weights import SeenWeights
from .synapse_array import SynapseArray

Shape = tuple[int, ...]


class WeightedSum:
    """Circuit of weighted sums, from the numbers on input lines to the sums of neurons.

    ::

        lines ---> encoder ---> streams ---+------------+
                                           | AND (XNOR) |---> accumulator ---> converter ---> outputs
        weights -> synapse array > streams +------------+

    Parameters
    ----------
    n_lines
        Numbers of a sample, the constant of a bias included.
    synapses
        The weights.
    options, seeds
        Of the circuit.
    accumulator
        Adds up the products; None: the one that `options` name.
    """

    def __init__(
        self,
        n_lines: int,
        synapses: SynapseArray,
        options: CircuitOptions,
        seeds: Seeds,
        accumulator: Accumulator | None = None,
    ) -> None:
        self.synapses, self.faults, self.options = synapses, synapses.faults, options
        self.length = options.cycles
        self.inputs = InputLines(n_lines, options, seeds, self.faults)
        encoder = self.inputs.encoder
        fan_in = synapses.weights.fan_in
        self.select: SelectSource | None = None
        if options.accumulate == "mux":  # one source of select numbers for the layer
            shares = encoder.share, synapses.streams.encoder.share
            partner = 2 * max(n_lines, fan_in) if "independent" in shares else 2
            self.select = SelectSource(encoder.generator, partner, self.length, seeds.key("select"), options.backend)
        self.accumulator = accumulator or make_accumulator(
            options.accumulate, self.length, options.encoding, fan_in, self.select, options.backend
        )
        in_runs = any(encoder.generator.decorrelated(partner).in_runs for partner in (0, 1))
        groups, apart = len(encoder.generator.groups), options.weights_share != "one"
        self._conditions = Conditions(encoder.share, in_runs, options.faults, groups, apart)
        self.product_flips = options.faults is not None and options.faults.product_flips > 0

    # ------------------------------------------------------------ streams

    def streams(self, lines: Floats, samples: Samples, batch: Shape, of_neurons: Shape) -> Streams:
        """Streams of a forward: inputs ``(*batch, lines)``, weights ``(*of_neurons)`` or ``(*batch, *of_neurons)``.

        Parameters
        ----------
        lines
            Numbers ``(S, lines)`` on the input lines.
        samples
            Sample numbers ``(S,)``.
        batch
            Leading axes of the samples, of S elements.
        of_neurons
            Axes of the weights, such as ``(n_neurons, fan_in)``. `batch` comes before them where samples differ in
            their weight streams.
        """
        encoding, seen = self.options.encoding, self.synapses.seen()
        weights = self.synapses.words(seen, samples)
        leading = batch if self.synapses.own_streams else ()
        return Streams(
            self.inputs.streams(lines, samples, (*batch, lines.shape[1])),
            as_bitstream(weights, (*leading, *of_neurons), self.length, encoding),
        )

    def operands(self, x: Words, w: Words, *, dense: bool) -> Operands:
        """Operands of the multiplier gates: inputs ``(G, B, rails, n, W)``, weights ``(G, rails, synapses, W)``."""
        groups, samples, rails, n, n_words = x.shape
        bipolar = self.options.encoding == "bipolar"
        return Operands(
            x.reshape(groups, samples * rails, n, n_words),
            w.reshape(groups, w.shape[1] * w.shape[2], n_words),
            self.synapses.connections,
            samples,
            self.synapses.n_neurons,
            (rails, w.shape[1]),
            bipolar,
            bipolar,
            dense,
        )

    def flipped(self, operands: Operands, samples: Samples, windows: Samples) -> Floats:
        """Outputs ``(G, B, M)`` of products with bit flips; `samples` and `windows` ``(G, B)`` number their samples."""
        faults = self.faults
        assert faults is not None

        def run(part: Operands, block: Block) -> Floats:
            products = faults.on_products(part, windows[block[:2]])
            return self.accumulator.outputs(products, samples[block[:2]])

        return in_blocks(run, operands, faults.product_bytes(self.synapses.weights.fan_in, self.synapses.rails))

    def through_adc(self, outputs: Floats, seen: SeenWeights) -> Floats:
        """Outputs after the analog-to-digital converter of the device, if it has one.

        The full scale is the largest sum of |weights| of a neuron in `seen`; outputs in, outputs of the same shape out.
        """
        device = self.synapses.device
        if device is None or device.adc_bits is None:
            return outputs
        largest = self.accumulator.full_scale(self.synapses.column_sums(seen))
        if largest is None:
            return outputs
        return device.adc(outputs, 0.0 if self.options.encoding == "unipolar" else -largest, largest)

    @property
    def sample_bytes(self) -> int:
        """Bytes of the streams of a sample."""
        stream, rails = 8 * words_for(self.length), self.synapses.rails
        return 2 * rails * stream * self.inputs.encoder.n + self.synapses.sample_bytes()

    # ------------------------------------------------------------ expectation

    def expected(self, lines: Floats, matrix: Any) -> Floats:
        """Outputs ``(R, M)`` of windows of lines ``(R, fan_in)`` and weights ``(M, fan_in)`` as seen by the gates.

        Raises
        ------
        ValueError
            If there is no closed form.
        """
        return self.accumulator.expected(lines, matrix, self._conditions)

    def lines_as_seen_by_gates(self, lines: Floats) -> Floats:
        """Numbers on the input lines as the gates see them: after rounding and bit flips."""
        flips = 0.0 if self.faults is None else self.faults.faults.input_flips
        return self._flipped(self.inputs.encoder.rounded(lines), flips)

    def weights_as_seen_by_gates(self, seen: SeenWeights) -> Floats:
        """Weights as the gates see them: after the device's errors, rounding and bit flips."""
        flips = 0.0 if self.faults is None else self.faults.faults.weight_flips
        return self._flipped(self.synapses.expected(seen), flips)

    def _flipped(self, values: Floats, flips: float) -> Floats:
        """Values shrunk towards mid-range by bit flips."""
        faults, encoding = self.options.faults, self.options.encoding
        if faults is not None and faults.hard:
            raise ValueError(f"expected has no closed form with stuck lines or a dead generator, got {faults}")
        return (flips if encoding == "unipolar" else 0.0) + (1 - 2 * flips) * values
