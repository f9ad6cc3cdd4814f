"""The layer once more, slowly: plain NumPy on unpacked bits."""

import numpy as np
from scipy import stats

from sc_neurocore.encoders.seeds import Seeds
from sc_neurocore.encoders.select import SelectSource

ENCODINGS = ["unipolar", "bipolar", "split"]
ACCUMULATES = ["mean", "sum", "saturate", "or", "mux"]
GENERATORS = ["bernoulli", "lfsr", "sobol", "halton", "vdc", "ramp", "lattice"]
DETERMINISTIC = GENERATORS[1:]
WITH_TWO_LINES = [*GENERATORS, "searched"]  # for circuits that need no third one
LENGTHS = [1, 7, 63, 64, 65, 100, 256, 1000]
FALSE_ALARM = 1e-9
SIGMAS = 6.1  # two-sided normal probability about 1e-9


def inputs(shape, encoding="unipolar", seed=0):
    low = 0.0 if encoding == "unipolar" else -1.0
    return np.random.default_rng(seed).uniform(low, 1.0, shape)


def on_grid(values, bits=16):
    """The nearest numbers that thresholds of `bits` bits hold exactly in every encoding: multiples of 2 / 2**bits."""
    return np.round(np.asarray(values) * 2.0 ** (bits - 1)) / 2.0 ** (bits - 1)


def wires(layer):
    """For every neuron the pairs (input line, weight stream), the bias last."""
    if layer.sparse:
        csr = layer.weights_csr
        lists = [csr.indices[csr.indptr[j] : csr.indptr[j + 1]].tolist() for j in range(layer.n_neurons)]
    else:
        lists = [list(range(layer.n_inputs)) for _ in range(layer.n_neurons)]
    if layer.bias is not None:
        lists = [[*lines, layer.n_inputs] for lines in lists]
    number = iter(range(10**9))
    return [[(line, next(number)) for line in lines] for lines in lists]


def saturated(steps, encoding):
    """Net output of the saturating adder, a cycle at a time."""
    remainder = out = 0
    for step in steps.tolist():
        remainder += step
        if encoding == "bipolar":
            unit = 1 if remainder >= 0 else -1
        else:
            unit = 1 if remainder >= 1 else -1 if encoding == "split" and remainder <= -1 else 0
        remainder -= unit
        out += unit
    return out


def neuron_output(x_bits, w_bits, select, layer):
    """Output of one neuron from the bits ``(rails, synapses, L)`` that its gates meet."""
    length, encoding = layer.length, layer.encoding
    x_bits, w_bits = x_bits.astype(int), w_bits.astype(int)
    if encoding == "split":
        up = x_bits[0] * w_bits[0], x_bits[1] * w_bits[1]
        down = x_bits[0] * w_bits[1], x_bits[1] * w_bits[0]
        products, lines = sum(up) - sum(down), [up[0] | up[1], down[0] | down[1]]
    elif encoding == "bipolar":
        equal = (x_bits[0] == w_bits[0]).astype(int)
        products, lines = 2 * equal - 1, [equal]
    else:
        products = x_bits[0] & w_bits[0]
        lines = [products]
    if layer.accumulate == "saturate":
        return saturated(products.sum(0), encoding) / length
    if layer.accumulate in ("mean", "sum"):
        ones = products.sum()
        return ones / (length * (layer.n_inputs + (layer.bias is not None)) if layer.accumulate == "mean" else length)
    if layer.accumulate == "or":
        counts = [line.any(0).sum() for line in lines]
    else:
        fan_in = lines[0].shape[0]
        chosen = [int(number) * fan_in >> 32 for number in select]
        counts = [line[chosen, np.arange(length)].sum() if fan_in else 0 for line in lines]
    if encoding == "split":
        return (counts[0] - counts[1]) / length
    return (2 * counts[0] - length) / length if encoding == "bipolar" else counts[0] / length


def outputs_from_bits(layer, x_bits, w_bits, select):
    """Outputs ``(B, n_neurons)`` from bits ``(rails, B, lines, L)`` and ``(rails, 1 or B, synapses, L)``."""
    out = np.empty((x_bits.shape[1], layer.n_neurons))
    for b, j in np.ndindex(*out.shape):
        lines = np.array([line for line, _ in wires(layer)[j]], int)
        streams = np.array([stream for _, stream in wires(layer)[j]], int)
        w = w_bits[:, b if w_bits.shape[1] > 1 else 0, streams]
        out[b, j] = neuron_output(x_bits[:, b, lines], w, None if select is None else select[b], layer)
    return out


def rail_bits(streams):
    """Bits ``(rails, ..., L)`` of streams; a number that is not split has one rail."""
    return streams.bits() if streams.encoding == "split" else streams.bits()[None]


def seeds_of(layer):
    """The layer's random numbers, from what its state tells."""
    if hasattr(layer, "kernel_size"):
        shape = (layer.out_channels, layer.in_channels, *layer.kernel_size, layer.groups)
    elif hasattr(layer, "n_neurons"):
        shape = (layer.n_neurons, layer.n_inputs)
    else:  # pools have the size of their windows, fusion that of its features
        shape = layer.size if hasattr(layer, "size") else (layer.n_features, len(layer.input_dims))
    return Seeds(0, type(layer), shape).restored(layer.state_dict())


def select_numbers(layer, lines, samples):
    """Select numbers ``(S, L)`` of a layer with so many lines: of a partner that drives none of them."""
    many = layer.share == "independent" or getattr(layer, "weight_share", None) == "neurons"
    partner = 2 * lines if many else 2
    return SelectSource(layer.generator, partner, layer.length, seeds_of(layer).key("select"))(samples)


def bits_and_select(layer, x):
    """What the gates of the next ``layer.forward(x)`` meet, x ``(B, n)``.

    Bits ``(rails, B, lines, L)`` of the inputs and ``(rails, 1 or B, synapses, L)`` of the weights, and the select
    numbers ``(B, L)`` of a multiplexer, else None.
    """
    streams = layer.streams(x)
    x_bits, w_bits = rail_bits(streams.inputs), rail_bits(streams.weights)
    # Weights are (synapses,) or (neurons, fan_in), behind the batch axis where every sample meets its own.
    of_neurons = 1 if getattr(layer, "sparse", False) else 2
    samples = len(x) if len(streams.weights.shape) > of_neurons else 1
    synapses = int(np.prod(streams.weights.shape[-of_neurons:]))
    w_bits = w_bits.reshape(len(w_bits), samples, synapses, layer.length)
    numbers = np.arange(layer.samples, layer.samples + len(x))
    lines = max(streams.inputs.shape[-1], layer.fan_in)
    return x_bits, w_bits, select_numbers(layer, lines, numbers) if layer.accumulate == "mux" else None


def slow_forward(layer, x):
    """What the next ``layer.forward(x)`` should give, from the streams that it will meet."""
    return outputs_from_bits(layer, *bits_and_select(layer, x))


def binomial_p_value(ones, bits, p):
    return stats.binomtest(int(ones), int(bits), float(p)).pvalue


def variance_p_value(rows, variance):
    """Two-sided chi-square test of the variance of independent, nearly normal rows."""
    statistic, freedom = np.var(rows, ddof=1) * (len(rows) - 1) / variance, len(rows) - 1
    return 2 * min(stats.chi2.cdf(statistic, freedom), stats.chi2.sf(statistic, freedom))


def z_score(rows, expected):
    """Distance of the mean of independent rows from `expected`, in standard errors."""
    return abs(np.mean(rows) - expected) / (np.std(rows, ddof=1) / np.sqrt(len(rows)))
