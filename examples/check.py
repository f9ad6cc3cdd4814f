"""Are the pictures and pages of an example fresh? Reads and compares; writes nothing."""

import hashlib
import importlib
import json
import struct
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PICTURES = DOCS / "pictures"
NOT_EXAMPLES = {"__init__", "__main__", "check", "result", "torch_models"}
NAMES = tuple(sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in NOT_EXAMPLES))


def load(name: str) -> ModuleType:
    """The module of an example; an ImportError where a library that it needs is missing."""
    return importlib.import_module(f"examples.{name}")


def size_in_pixels(path: Path) -> tuple[int, int]:
    """Width and height of a PNG file, from its header."""
    header = path.read_bytes()[:24]
    if header[:8] != b"\x89PNG\r\n\x1a\n":
        raise ValueError(f"{path.name} must be a PNG file")
    width, height = struct.unpack(">II", header[16:])
    return width, height


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def rounded(numbers: dict[str, float]) -> dict[str, float]:
    """Six digits of each number: those that are stored."""
    return {name: float(f"{value:.6g}") for name, value in numbers.items()}


def stored(name: str) -> dict[str, Any]:
    """What ``docs/pictures/NAME.json`` holds: ``numbers``, and the digests of the pictures of the same run."""
    found: dict[str, Any] = json.loads((PICTURES / f"{name}.json").read_text())
    return found


def store(name: str, numbers: dict[str, float], folder: Path) -> None:
    """Write the numbers of a full run beside its pictures."""
    pictures = {picture: digest(folder / picture) for picture in load(name).PICTURES}
    text = json.dumps({"numbers": rounded(numbers), "pictures": pictures}, indent=1, ensure_ascii=False)
    (folder / f"{name}.json").write_text(text + "\n")


def stale_pictures(name: str) -> list[str]:
    """What is wrong with the pictures in ``docs/pictures``."""
    example, found = load(name), []
    for picture, size in example.PICTURES.items():
        path = PICTURES / picture
        if not path.exists():
            found.append(f"{picture} is missing")
            continue
        if size_in_pixels(path) != size:
            found.append(f"{picture} has {size_in_pixels(path)} pixels, not {size}")
        if stored(name)["pictures"].get(picture) != digest(path):
            found.append(f"{picture} is not of the run whose numbers {name}.json holds")
    return found


def stale_quotes(name: str, page: str | None = None) -> list[str]:
    """Lines that the page should have by the stored numbers, and has not."""
    example = load(name)
    text = " ".join((page or (DOCS / example.PAGE).read_text()).split())
    quotes = (" ".join(quote.split()) for quote in example.quotes(stored(name)["numbers"]))
    return [f"{example.PAGE} does not say: {quote}" for quote in quotes if quote not in text]


def stale_numbers(name: str, numbers: dict[str, float]) -> list[str]:
    """Numbers of a new run that are not the stored ones."""
    kept, tolerance, found = stored(name)["numbers"], load(name).TOLERANCE, []
    for key, value in rounded(numbers).items():
        if key not in kept:
            found.append(f"{key} is not among the stored numbers")
        elif not abs(value - kept[key]) <= max(tolerance, 2e-5 * abs(kept[key])):
            found.append(f"{key} is {value:g} now, {kept[key]:g} in {name}.json")
    return found


def check(name: str) -> list[str]:
    """Run an example quickly, draw into a temporary folder, and say what is stale; nothing, if all is fresh."""
    example = load(name)
    found = stale_pictures(name) + stale_quotes(name)
    result = example.run(quick=True)
    if example.TOLERANCE is None:
        found += [f"{key} is compared, and TOLERANCE is None" for key in result.numbers]
    else:
        found += stale_numbers(name, result.numbers) if result.numbers else ["no number was compared"]
    with tempfile.TemporaryDirectory() as folder:
        for picture, write in result.pictures.items():
            path = Path(folder) / picture
            write(path)
            if size_in_pixels(path) != example.PICTURES[picture]:
                found.append(f"{picture} is drawn with {size_in_pixels(path)} pixels")
    if set(result.pictures) != set(example.PICTURES):
        found.append(f"drawn: {sorted(result.pictures)}, stated: {sorted(example.PICTURES)}")
    return found
