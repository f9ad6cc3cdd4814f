"""Tables of the study of calibration, and the page that holds them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sc_neurocore.evaluation import paired

from .rows import StudyRow
from .study import BITS, LENGTHS, NOISY, STEPS, without_later
from .subjects import SUBJECTS

COMMAND = "python -m verification.calibration"
_BLOCK = re.compile(r"(<!-- results of (\S+) -->\n).*?(<!-- end of results -->)", re.DOTALL)


class Kind(NamedTuple):
    """What is compared between networks: a task without the network."""

    arm: str
    generator: str = ""
    length: int = 0
    without: str = ""


FLOAT = Kind("float")
Nets = Mapping[Kind, Mapping[int, StudyRow]]
"""Rows by kind and by the seed of the network."""


class Below(NamedTuple):
    """Points that runs are below others of the same networks on the same images: mean, interval, networks."""

    points: float
    low: float
    high: float
    nets: int


def of_subject(name: str, rows: Iterable[StudyRow]) -> Nets:
    """The rows of a subject; of a seed that was trained into several networks, those of the last one."""
    own = [row for row in rows if row.task.subject == name]
    last = {row.task.net: (row.task.network, row.task.data) for row in own if row.task.arm == "float"}
    found: dict[Kind, dict[int, StudyRow]] = {}
    for row in own:
        task = row.task
        if last.get(task.net) == (task.network, task.data):
            kind = Kind(task.arm, task.generator, task.length, task.without)
            found.setdefault(kind, {})[task.net] = row
    return found


def below(nets: Nets, kind: Kind, other: Kind = FLOAT, networks: int | None = None) -> Below | None:
    """How far one kind of runs is below another, over the (first) networks that have both; None without any."""
    one, two = nets.get(kind, {}), nets.get(other, {})
    both = sorted({*one} & {*two})[:networks]
    if not both:
        return None
    found = paired([one[net].wrong_images for net in both], [two[net].wrong_images for net in both])
    points, low, high = (100 * share for share in found)
    return Below(points, low, high, len(both))


def tables(name: str, rows: Iterable[StudyRow]) -> str:
    """What the page shows of a subject, in Markdown: accuracies, and what each step wins."""
    nets = of_subject(name, rows)
    floats = nets.get(FLOAT, {})
    if not floats:
        return f"Not run yet: `{COMMAND} --only {name}`.\n"
    shares = [100 * row.correct / row.images for _, row in sorted(floats.items())]
    images = next(iter(floats.values())).images
    several = f"{len(shares)} networks" if len(shares) > 1 else "one network"
    text = f"**{SUBJECTS[name].title}**: {several}, {', '.join(f'{each:.2f}' for each in shares)} % in floating point, "
    text += f"{images:,} held-out images. Points below floating point:\n\n"
    return text + _main_table(name, nets) + _words(nets) + _step_tables(nets)


def page_with(text: str, rows: Iterable[StudyRow]) -> str:
    """A page whose blocks of results are those of the rows."""
    every = list(rows)
    return _BLOCK.sub(lambda block: f"{block[1]}\n{tables(block[2], every)}\n{block[3]}", text)


def missed_targets(name: str, rows: Iterable[StudyRow]) -> list[str]:
    """A line for each target of a subject that the mean of its networks misses."""
    nets, lines = of_subject(name, rows), []
    for (generator, length), most in SUBJECTS[name].targets.items():
        found = below(nets, Kind("calibrated", generator, length))
        if found is not None and found.points > most:
            lines.append(f"{name}, {generator}, L = {length}: {found.points:.2f} points below float, at most {most}")
    return lines


# ---------------------------------------------------------------- parts of a table


def _main_table(name: str, nets: Nets) -> str:
    head = ["streams", "L", "as mapped", "calibrated", "95 % interval", "at most"]
    lines = [[*head, "fixed point of L levels, calibrated"]]
    for generator, lengths in (("searched", LENGTHS), ("bernoulli", NOISY)):
        lines += [_line(nets, generator, length, SUBJECTS[name].targets) for length in lengths]
    return _table(lines)


def _line(nets: Nets, generator: str, length: int, targets: Mapping[tuple[str, int], float]) -> list[str]:
    """One generator at one length."""
    kind, all_nets = Kind("calibrated", generator, length), len(nets[FLOAT])
    found, most = below(nets, kind), targets.get((generator, length))
    return [
        generator,
        str(length),
        _points(below(nets, Kind("mapped", kind.generator, kind.length)), all_nets),
        _points(found, all_nets),
        "-" if found is None else f"{_number(found.low)} .. {_number(found.high)}",
        "" if most is None else f"{most:g}",
        "" if generator == "bernoulli" else _points(below(nets, Kind("exact", "", length)), all_nets),
    ]


def _words(nets: Nets) -> str:
    """A line about words of a fixed width."""
    plain, levels = below(nets, Kind("words", "", BITS)), below(nets, Kind("exact", "", 2 ** (BITS - 1) - 1))
    parts = [f"as it is {_number(plain.points)}"] if plain else []
    parts += [f"calibrated {_number(levels.points)}"] if levels else []
    return f"\nPoints below floating point of {BITS}-bit fixed point: {', '.join(parts)}.\n" if parts else ""


def _step_tables(nets: Nets) -> str:
    """What the steps win, added one after the other, and each beside all others; nothing if that was not run."""
    full = {length: Kind("calibrated", "searched", length) for length in LENGTHS}
    added = [
        [below(nets, Kind("calibrated", "searched", length, without)) for length in LENGTHS]
        for without in without_later().values()
    ]
    alone = [
        [below(nets, Kind("calibrated", "searched", length, step), full[length]) for length in LENGTHS]
        for step in STEPS
    ]
    seen = max(loss.nets if loss else 0 for line in alone for loss in line)
    if seen == 0:
        return ""
    several = f"{seen} networks" if seen > 1 else "the first network"
    head = ["step", *(f"L = {length}" for length in LENGTHS)]
    start = [below(nets, Kind("mapped", "searched", length), networks=seen) for length in LENGTHS]
    rows = [["as mapped", *map(_one, start)]]
    rows += [[f"+ {step}", *map(_one, line)] for step, line in zip(without_later(), added, strict=True)]
    rows += [[f"+ {STEPS[-1]}", *(_one(below(nets, kind, networks=seen)) for kind in full.values())]]
    text = f"\nSteps added one after the other, points below floating point ({several}):\n\n{_table([head, *rows])}"
    rows = [[step, *map(_with_interval, line)] for step, line in zip(STEPS, alone, strict=True)]
    return text + f"\nPoints lost without a step, all others being there, and 95 % interval:\n\n{_table([head, *rows])}"


def _one(found: Below | None) -> str:
    return "-" if found is None else _number(found.points)


def _points(found: Below | None, nets: int) -> str:
    """Points, and of how many networks if these are not all."""
    if found is None:
        return "-"
    return _number(found.points) + (f" ({found.nets} of {nets})" if found.nets < nets else "")


def _with_interval(found: Below | None) -> str:
    return "-" if found is None else f"{_number(found.points)} ({_number(found.low)} .. {_number(found.high)})"


def _number(points: float) -> str:
    return f"{round(points, 2) + 0.0:.2f}"  # never -0.00


def _table(lines: Sequence[Sequence[str]]) -> str:
    head, *rest = lines
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *rest)) + "\n"
