"""``python -m benchmarks``: measure, print tables, write a record."""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress

from . import attention, commands, host, report
from .cases import Shape, encode_cases, forward_cases, limit_cases, product_cases
from .measure import interleave
from .other import VARIABLE, Other

N_INPUTS, N_NEURONS = 784, 128
BATCHES, LENGTHS = (1, 32, 1024), (256, 1024)


def measure(shape: Shape, rounds: int, other: Other) -> dict[str, report.Group]:
    """The three groups of a shape."""
    rng = np.random.default_rng(0)
    return {
        "encode": interleave(encode_cases(shape, rng), rounds),
        "product": interleave([*limit_cases(), *product_cases(shape, rng)], rounds),
        "forward": interleave(forward_cases(shape, rng, other), rounds),
    }


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="samples of a case (slow cases take fewer), default 7")
    parser.add_argument("--quick", action="store_true", help="leave out batch 1024")
    parser.add_argument("--evaluate", action="store_true", help="time the default evaluation too, cold and warm")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure as JSON")
    parser.add_argument(
        "--other-python",
        metavar="PATH",
        help=f"interpreter of an environment with the existing package of the same import name (or {VARIABLE})",
    )
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error(f"--rounds must be 1 or more, got {options.rounds}")
    if options.json is not None and not options.json.parent.is_dir():
        parser.error(f"--json: there is no folder {options.json.parent}")
    return options


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    console = Console(width=None if sys.stdout.isatty() else 150)
    found_host = host.describe()
    other = Other(options.other_python)
    console.print(
        f"{found_host['processor']} ({', '.join(found_host['vector_features'])}), {found_host['threads']} threads, "
        f"load {found_host['load_average']}; Python {found_host['python']}, NumPy {found_host['numpy']}, "
        f"Numba {found_host['numba']}",
        highlight=False,
    )
    console.print(f"Other package of the same import name: {other.describe()}", highlight=False)
    console.print()
    measure(Shape(16, 8, 2, 128), 1, other)  # compiles, or loads from the cache
    interleave(attention.cases(np.random.default_rng(0), 4, 128), 1)
    shapes = [Shape(N_INPUTS, N_NEURONS, batch, length) for batch in BATCHES for length in LENGTHS]
    if options.quick:
        shapes = [shape for shape in shapes if shape.batch < 1024]
    groups: report.Groups = {}
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=len(shapes))
        for shape in shapes:
            progress.update(task, description=str(shape))
            groups[shape] = measure(shape, options.rounds, other)
            progress.advance(task)
    other.close()
    heads = interleave(attention.cases(np.random.default_rng(0)), options.rounds)
    seconds = {"import": commands.import_seconds(options.rounds), "help": commands.help_seconds(options.rounds)}
    if options.evaluate:
        seconds["evaluate cold"], seconds["evaluate warm"] = commands.evaluate_seconds()
    found = report.targets(groups, heads, seconds)
    report.show(console, groups, heads, found)
    console.print(f"Load at the end {host.load()}; more than the threads in use means that the host was shared.")
    if options.json is not None:
        record = {
            "host": found_host,
            "load_average_at_end": host.load(),
            "other": {"present": other.present, "versions": other.versions, "why_not": other.why_not},
            "shapes": [
                {
                    "n_inputs": shape.n_inputs,
                    "n_neurons": shape.n_neurons,
                    "batch": shape.batch,
                    "length": shape.length,
                    **{name: [case.record() for case in group.values()] for name, group in measured.items()},
                }
                for shape, measured in groups.items()
            ],
            "attention": [case.record() for case in heads.values()],
            "seconds": seconds,
            "targets": [target.record() for target in found],
        }
        options.json.write_text(json.dumps(record, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
