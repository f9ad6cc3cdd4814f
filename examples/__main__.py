"""``python -m examples [NAME ...] [--check]``: list, run or check the examples."""

import argparse
import ast
import sys
import time
from pathlib import Path

from .check import NAMES, PICTURES, check, load, store


def first_line(name: str) -> str:
    """What an example shows, read without importing it (it may need a library that is missing)."""
    text = ast.get_docstring(ast.parse((Path(__file__).parent / f"{name}.py").read_text())) or ""
    return text.splitlines()[0]


def run(name: str, pictures: Path, models: Path | None) -> None:
    """Measure in full, print, and write the pictures with their numbers."""
    example = load(name)
    result = example.run(quick=False)
    for key, value in result.numbers.items():
        print(f"  {key}: {value:.6g}")
    print(*(f"  {quote}" for quote in example.quotes(result.numbers)), sep="\n")
    pictures.mkdir(parents=True, exist_ok=True)
    for file, write in result.pictures.items():
        write(pictures / file)
    store(name, result.numbers, pictures)
    if models is not None:
        models.mkdir(parents=True, exist_ok=True)
        for file, network in result.models.items():
            network.save(models / file)


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 if all asked for was done and is fresh."""
    parser = argparse.ArgumentParser(prog="python -m examples", description="List, run or check the examples.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="examples, or all; without: list them")
    parser.add_argument("--check", action="store_true", help="quickly, writing nothing: are pictures and pages fresh?")
    parser.add_argument(
        "--pictures", type=Path, default=PICTURES, metavar="FOLDER", help="where pictures go (default: docs/pictures)"
    )
    parser.add_argument("--models", type=Path, metavar="FOLDER", help="save networks here, for sc-neurocore evaluate")
    options = parser.parse_args(arguments)
    unknown = set(options.names) - {*NAMES, "all"}
    if unknown:
        parser.error(f"NAME must be all or one of {', '.join(NAMES)}, got {', '.join(sorted(unknown))}")
    if not options.names:
        if options.check:
            parser.error("--check needs a NAME or all")
        width = max(map(len, NAMES))
        print(*(f"{name:{width}}  {first_line(name)}" for name in NAMES), sep="\n")
        return 0
    every = "all" in options.names
    failed = False
    for name in NAMES if every else options.names:
        start = time.perf_counter()
        try:
            load(name)
        except ImportError as error:
            print(f"{name}: needs a library that is missing ({error})", file=sys.stderr)
            failed |= not every
            continue
        print(f"{name}:")
        if options.check:
            found = check(name)
            print(*(f"  {line}" for line in found or ["fresh"]), sep="\n")
            failed |= bool(found)
        else:
            run(name, options.pictures, options.models)
        print(f"  {time.perf_counter() - start:.1f} s", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
