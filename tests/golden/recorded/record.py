"""Runs the cases, and writes what they give: ``python -m tests.golden.recorded.record``.

Write the fixture anew only when a result is *meant* to change, and say in the change log which and why. To see
the numbers of a case, in this version or an older one: ``python -m tests.golden.recorded.record GROUP CASE``.

`recorded.json` holds, for each group, case and array, the first 16 hex digits of the SHA-256 of type, shape and
bytes; the shape, for arrays whose numbers are in `recorded.npz` in the same order; or the name of an error.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.golden.recorded import circuit_cases, dense_cases, layer_cases, primitive_cases
from tests.golden.recorded.cases import Case, Close

GROUPS: dict[str, Any] = {
    group.__name__: group
    for module in (primitive_cases, dense_cases, layer_cases, circuit_cases)
    for group in module.GROUPS
}
TEXTS, NUMBERS = Path(__file__).with_name("recorded.json"), Path(__file__).with_name("recorded.npz")
RTOL = 1e-12

Recorded = dict[str, dict[str, dict[str, Any]]]


def digest(array: Any) -> str:
    """Of type, shape and bytes; -0 counts as 0."""
    values = np.asarray(array)
    if values.dtype.kind == "f":
        values = values + 0.0
    content = hashlib.sha256(f"{values.dtype.name} {values.shape}".encode())
    content.update(np.ascontiguousarray(values).tobytes())
    return content.hexdigest()[:16]


def run(group: str) -> Iterator[Case]:
    """Names of a group's cases, and functions that give their arrays."""
    return GROUPS[group]()  # type: ignore[no-any-return]


def recorded() -> Recorded:
    """The fixture: a digest or an error's name for each array, numbers where they were recorded."""
    texts = json.loads(TEXTS.read_text("utf-8"))
    with np.load(NUMBERS) as archive:
        every = archive["numbers"]
    place = 0
    for cases in texts.values():
        for parts in cases.values():
            for name, entry in parts.items():
                if isinstance(entry, list):
                    size = int(np.prod(entry, dtype=int))
                    parts[name] = every[place : place + size].reshape(entry)
                    place += size
    return texts  # type: ignore[no-any-return]


def difference(found: Any, wanted: Any) -> str | None:
    """How an array of a case differs from what was recorded, or None."""
    if isinstance(found, Close):
        found = found.array
        if not isinstance(wanted, np.ndarray):
            return f"{wanted} was recorded, got numbers {found.shape}"
        if found.shape != wanted.shape:
            return f"shape {wanted.shape} was recorded, got {found.shape}"
        if np.allclose(found, wanted, rtol=RTOL, atol=1e-14, equal_nan=True):
            return None
        return (
            f"{wanted.reshape(-1)[:4]} .. was recorded, got {found.reshape(-1)[:4]} .., off by {worst(found, wanted)}"
        )
    if isinstance(found, str):
        return None if isinstance(wanted, str) and wanted == found else f"{wanted} was recorded, got {found}"
    if isinstance(wanted, str) and wanted == digest(found):
        return None
    values = np.asarray(found)
    return f"{wanted} was recorded, got {digest(found)}: {values.dtype} {values.shape} {values.reshape(-1)[:4]} .."


def worst(found: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.max(np.abs(found - wanted)))


def differences(outcome: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """What differs in a case, a line an array."""
    if outcome.keys() != wanted.keys():
        return [f"arrays {', '.join(wanted)} were recorded, got {', '.join(outcome)}"]
    found = {name: difference(outcome[name], wanted[name]) for name in wanted}
    return [f"{name}: {text}" for name, text in found.items() if text is not None]


def write() -> None:
    """Run every case and write the fixture."""
    texts: Recorded = {}
    kept = []
    for group in GROUPS:
        cases = texts[group] = {}
        for name, give in run(group):
            if name in cases:
                raise ValueError(f"cases of {group} must have names that differ, got {name!r} twice")
            parts = cases[name] = {}
            for part, found in give().items():
                if isinstance(found, Close):
                    kept.append(found.array.reshape(-1))
                    parts[part] = list(found.array.shape)
                else:
                    parts[part] = found if isinstance(found, str) else digest(found)
    lines = ",\n".join(
        f"{json.dumps(group)}: {{\n" + ",\n".join(f"{json.dumps(n)}: {json.dumps(p)}" for n, p in cases.items()) + "\n}"
        for group, cases in texts.items()
    )
    TEXTS.write_text(f"{{\n{lines}\n}}\n", "utf-8")
    np.savez_compressed(NUMBERS, numbers=np.concatenate(kept))
    print(f"{sum(map(len, texts.values()))} cases, {sum(len(p) for c in texts.values() for p in c.values())} arrays")


def show(group: str, name: str) -> None:
    """Print the arrays of a case, and what was recorded."""
    wanted = recorded()[group].get(name, {})
    for part, found in dict(run(group))[name]().items():
        values = found.array if isinstance(found, Close) else found
        print(f"{part}: recorded {wanted.get(part)}\n{values}")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        show(*sys.argv[1:])
    else:
        write()
