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
from .samples import Judge, outputs_of, split
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
    values = ideal = split(network, x, seed)
    judge = Judge(network, outputs_of(network, values.held))
    mappings: list[LayerMapping] = []
    gains: list[StepGain] = []
    total, done = len(network.layers) * (1 + len(steps)), 0
    plain = values
    for spec, shape, context in layer_contexts(network, mean):
        node = Node(spec, shape, context, values, ideal, judge, products == "exact", "offsets" not in without)
        best = node.tried(node.plain(), "as mapped")
        for step in steps:
            done += 1
            tell(done, total, f"layer {context.place}, {step.name}")
            best, before = _improved(node, step, best), best
            if best is not before:
                gains.append(StepGain(context.place, step.name, best.text, before.score, best.score))
        mappings.append(best.mapping)
        plain = Node(spec, shape, context, plain, ideal, judge, products == "exact", False).plain_outputs()
        values, ideal = node.outputs(best.mapping), ideal.through(spec)
        done += 1
    last = len(network.layers)
    if judge.marks(plain.held, last).mean() > judge.marks(values.held, last).mean():
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
