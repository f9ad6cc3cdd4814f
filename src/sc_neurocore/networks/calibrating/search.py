"""Search for the mapping of a network on one circuit: layer after layer, step after step."""

from collections.abc import Callable, Collection
from dataclasses import replace

from ...layers.options import CircuitOptions
from ...synapses.mean_cell import mean_cell
from ..activations import Floats
from ..calibration import Calibration, Products, StepGain
from ..circuit import layer_contexts
from ..definition import NetworkDefinition
from ..mapping import LayerMapping
from .node import Choice, Node
from .samples import Judge, Samples, split
from .steps import STEPS, Ceilings, Groups, Offsets, Ranges, Sequences, Step, Thresholds

Progress = Callable[[int, int, str], None]
"""Called as ``progress(done, total, label)``."""
ORDER: tuple[type[Step], ...] = (Ranges, Ceilings, Ranges, Ceilings, Sequences, Groups, Thresholds, Offsets)
"""Steps in the order of the search. The best ceiling depends on the weights' ranges, and the other way round."""


def calibrated(
    network: NetworkDefinition,
    x: Floats,
    options: CircuitOptions,
    *,
    without: Collection[str] = (),
    products: Products = "streams",
    seed: int = 0,
    progress: Progress | None = None,
) -> Calibration:
    """The calibration of a network for the circuit with `options`.

    Parameters
    ----------
    network
        What to map.
    x
        Samples ``(N, n_inputs)`` in the network's input range.
    options
        Of the circuit; its faults are left out in the search, and what differs from chip to chip of its device.
    without
        Names of steps that are left out.
    products
        As for `Calibration`.
    seed
        Decides which samples are drawn.
    progress
        Called after every step.
    """
    tell = progress or (lambda done, total, label: None)
    steps = [next(step for step in STEPS if type(step) is kind) for kind in ORDER]
    steps = [step for step in steps if step.name not in without]
    mean = replace(options, faults=None, device=None if options.device is None else mean_cell(options.device))
    parts = split(network, x, seed)
    judge = Judge(network, network.outputs_of(parts.held))
    values, ideal, plain = (Samples(network, parts) for _ in range(3))
    mappings: list[LayerMapping] = []
    gains: list[StepGain] = []
    nodes, exact = network.stream_nodes, products == "exact"
    total, done = len(nodes) * (1 + len(steps)), 0
    for place, (spec, shape, context) in zip(nodes, layer_contexts(network, mean), strict=True):
        for samples in (values, ideal, plain):
            samples.enter(place)
        lines = "offsets" not in without
        node, as_mapped = (
            Node(spec, shape, context, each.parts, ideal.parts, judge, exact, reads, each.held)
            for each, reads in ((values, lines), (plain, False))
        )
        best = node.tried(node.plain(), "as mapped")
        for step in steps:
            done += 1
            tell(done, total, f"{network.called(place)}, {step.name}")
            best, before = _improved(node, step, best), best
            if best is not before:
                gains.append(StepGain(context.place, step.name, best.text, before.score, best.score))
        mappings.append(best.mapping)
        plain.leave(as_mapped.plain_outputs())
        values.leave(node.outputs(best.mapping))
        ideal.leave(ideal.through())
        done += 1
    before, after = (judge.marks(each.parts.held, place, each.held).mean() for each in (plain, values))
    if before > after:
        mappings, gains = list(plain_mappings(network, options)), []
    tell(total, total, "done")
    return Calibration(options, tuple(mappings), tuple(gains), products)


def plain_mappings(network: NetworkDefinition, options: CircuitOptions) -> tuple[LayerMapping, ...]:
    """Mappings of the circuit of a network that is not calibrated."""
    return tuple(spec.mapping(shape, context) for spec, shape, context in layer_contexts(network, options))


def _improved(node: Node, step: Step, best: Choice) -> Choice:
    """The best of what a step proposes and what there was."""
    for draft, text in step.proposals(node, best.draft):
        choice = node.tried(draft, text, best)
        if choice.score > best.score:
            best = choice
    return best
