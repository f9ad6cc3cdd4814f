"""Damaged files of every format that the package reads: each loads equal, or raises one ValueError that names it.

A file with a checksum (networks from format 3 on, npz, gzip, wrong.bits) never loads as other numbers; others may.
File k of a case is the same on every machine: all that is drawn comes from ``default_rng((seed of the case, k))``.
"""

import gzip
import io
import json
import math
import resource
import shutil
import sys
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save

from sc_neurocore import Conv2D, Dense, Network, SpikingDense, from_nir, load_network, to_nir
from sc_neurocore.datasets import load_data, load_npz, read_idx
from sc_neurocore.evaluation import ReservoirRow, ResultStore, Row, RowStore, Task, WrongImages
from sc_neurocore.evaluation.old_files import FirstReservoirRow
from sc_neurocore.evaluation.record import Record
from sc_neurocore.evaluation.rows import to_fields
from sc_neurocore.evaluation.wrong_file import WrongFile

FILES = 120
"""Damaged files of a case by default."""
MEMORY = 600 * 2**20
"""Bytes that all of them may take at most, at a time: one archive may unpack to 128 MiB."""
TESTS = Path(__file__).parents[1]
NETWORKS = TESTS / "golden" / "recorded" / "files"
CALIBRATED = TESTS / "networks" / "files"
RESULTS = TESTS / "evaluation" / "files"

IMAGES = np.random.default_rng(17).integers(0, 256, (3, 4, 5), np.uint8)
rng = np.random.default_rng(15)
MODEL = {"weights_0": rng.normal(size=(4, 3)), "bias_0": rng.normal(size=4), "weights_1": rng.normal(size=(2, 4))}
MODEL["calibration"] = rng.random((5, 3))
DATA = {"x": rng.random((6, 3)), "y": np.arange(6) % 2, "x_train": rng.random((4, 3)), "y_train": np.arange(4) % 2}

# ---------------------------------------------------------------- what was read, as something that can be compared


def network_of(path):
    return parts_of(load_network(path))


def nir_network_of(path):
    return parts_of(from_nir(path, dt_ms=1.0))


def parts_of(network):
    arrays = [np.asarray(getattr(layer, name)) for layer in network.layers for name in layer.arrays]
    arrays += [] if network.calibration is None else network.calibration.arrays().values()
    return network.describe_layers(), [(array.shape, array.tobytes()) for array in arrays]


def data_of(path):
    return numbers_of(load_npz(path))


def folder_of(path):
    """A file two folders down, or one down if it is an IDX file."""
    return numbers_of(load_data(path.parent if "ubyte" in path.name else path.parents[1]))


def numbers_of(data):
    arrays = data.x_train, data.y_train, data.x_test, data.y_test
    return data.classes, [(array.shape, array.dtype.str, array.tobytes()) for array in arrays]


def idx_of(path):
    array = read_idx(path)
    return array.shape, array.dtype.str, array.tobytes()


def results_of(path):
    return {name: (to_fields(row), row.wrong, row.float_wrong) for name, row in ResultStore(path).read().items()}


def reservoirs_of(path):
    rows = RowStore(path, ReservoirRow, (FirstReservoirRow,)).read()
    return {name: to_fields(row) for name, row in rows.items()}


def runs_of(path):
    return Record(path).runs


def wrong_of(path):
    return WrongFile(path).read()


def equal(before, after):
    return before == after


def none_other(before, after):
    """Entries that were cut off are missing; none has another content."""
    return after.items() <= before.items()


# ---------------------------------------------------------------- whole files


def safetensors_of(name, renewed):
    path = NETWORKS / f"{name}.safetensors"
    if not renewed:
        return path.read_bytes()
    return saved(Network.load(path), ".safetensors")


def saved(thing, suffix):
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        thing.save(Path(folder, "file" + suffix))
        return Path(folder, "file" + suffix).read_bytes()


def nir_of(own):
    """A NIR file, with the metadata of `to_nir` or without."""
    import tempfile

    nir = pytest.importorskip("nir")
    draw = np.random.default_rng(18)
    conv = Conv2D(draw.normal(size=(2, 1, 2, 2)), np.zeros(2), "identity")
    layers = [
        conv,
        SpikingDense(draw.normal(size=(5, 18)), np.zeros(5)),
        Dense(draw.normal(size=(3, 5)), np.zeros(3), "identity"),
    ]
    graph = to_nir(Network.from_layers(layers, input_shape=(1, 4, 4)), dt_ms=1.0)
    graph.metadata = graph.metadata if own else {}
    with tempfile.TemporaryDirectory() as folder:
        nir.write(Path(folder, "file.nir"), graph)
        return Path(folder, "file.nir").read_bytes()


def npz_of(arrays, write):
    stream = io.BytesIO()
    write(stream, **arrays)
    return stream.getvalue()


def idx_content(array, code):
    return bytes([0, 0, code, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def picture_of(form, mode, **options):
    levels = np.random.default_rng(16).integers(0, 256, (9, 7, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(levels).convert(mode).save(stream, form, **options)
    return stream.getvalue()


def rows_of_today(folder):
    wrong = WrongImages("cd", 9, b"\3\0")
    store = ResultStore(folder / "results.csv")
    for length in (64, (16, 256)):
        for generator in ("sobol", "bernoulli"):
            task = Task("0.1.0", "ab", "cd", generator, length, faults='{"input_flips": 0.1}')
            store.append(Row(task, 9, 7, 9, 7, 1234, wrong, WrongImages("cd", 9, b"\0\0")))
    return folder


def today(name):
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        return (rows_of_today(Path(folder)) / name).read_bytes()


# ---------------------------------------------------------------- damage that knows nothing of the format


def flip(content, draw):
    return flips(content, draw, 1)


def flips(content, draw, count=None):
    changed = bytearray(content)
    for bit in draw.integers(0, 8 * len(content), count or int(draw.integers(2, 9))):
        changed[bit // 8] ^= 1 << int(bit % 8)
    return bytes(changed)


def cut(content, draw):
    return content[: int(draw.integers(0, len(content)))]


def block(content, draw):
    start = int(draw.integers(0, len(content)))
    return start, min(len(content), start + int(2 ** draw.uniform(0, 8)))


def inserted(content, draw):
    place = int(draw.integers(0, len(content) + 1))
    return content[:place] + draw.bytes(int(2 ** draw.uniform(0, 7))) + content[place:]


def doubled(content, draw):
    start, end = block(content, draw)
    return content[:end] + content[start:]


def dropped(content, draw):
    start, end = block(content, draw)
    return content[:start] + content[end:]


def swapped(content, draw):
    a, b, c, d = sorted(draw.integers(0, len(content) + 1, 4).tolist())
    return content[:a] + content[c:d] + content[b:c] + content[a:b] + content[d:]


def overwritten(content, draw):
    start, end = block(content, draw)
    fill = (draw.bytes(end - start), bytes(end - start), b"\xff" * (end - start), b"9" * (end - start))
    return content[:start] + fill[int(draw.integers(4))] + content[end:]


PLAIN = (flip, flip, flip, flips, cut, inserted, doubled, dropped, swapped, overwritten)

# ---------------------------------------------------------------- damage that knows the format

STRANGE = (
    "null", "true", "-1", "0", "1", "2", "3", "99", "1e308", "1e999", "NaN", "-0.0", "0.5", "1" + "0" * 400, "10000000",
    "9223372036854775808", '""', '"x"', '"Dense"', '"\\ud800"', "[]", "{}", "[1]", "[[1]]", '{"a": 1}', "[2, 3, 4]",
    "[0, 1e400]", "[" * 200 + "]" * 200, "[" * 100_000 + "]" * 100_000, "[1", '"' + "a" * 10_000 + '"',
)  # fmt: skip
"""Texts that take the place of a value in JSON; not all are JSON."""
MARK = "@strange@"


def places(node):
    """All pairs (container, key) in a JSON value."""
    keys = node.keys() if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    return [pair for key in keys for pair in [(node, key), *places(node[key])]]


def changed_json(text, draw):
    """A JSON text with one value replaced, taken away or under another key."""
    document = json.loads(text)
    node, key = (every := places(document))[int(draw.integers(len(every)))]
    action = int(draw.integers(4))
    if action == 0:
        del node[key]
    elif action == 1 and isinstance(node, dict):
        node[str(key) + "x"] = node.pop(key)
    else:
        node[key] = MARK
    strange = STRANGE[int(draw.integers(len(STRANGE)))]
    return json.dumps(document).replace(f'"{MARK}"', strange)


def json_file(content, draw):
    return changed_json(content.decode(), draw).encode(errors="surrogatepass")


def safetensors_header(content, draw):
    """One value of the header, or of the description in it, is another; the lengths fit."""
    size = int.from_bytes(content[:8], "little")
    header, data = content[8 : 8 + size].decode(), content[8 + size :]
    document = json.loads(header)
    if "__metadata__" in document and draw.random() < 0.7:
        own = document["__metadata__"]
        own["sc_neurocore"] = changed_json(own["sc_neurocore"], draw)
        text = json.dumps(document)
    else:
        text = changed_json(header, draw)
    raw = text.encode(errors="surrogatepass")
    return len(raw).to_bytes(8, "little") + raw + data


DESCRIPTIONS = (
    "<f8", ">f8", "<f4", "<i8", "|u1", "<c16", "|O", "<U4", "<M8[s]", "|V8", "<g16", "|b1", "x", "<f9", "[('a','<f8')]",
)  # fmt: skip
SHAPES = (
    "()", "(3,)", "(0,)", "(-1,)", "(0,-1)", "(2**70,)", "(1180591620717411303424,)", "(0,1180591620717411303424)",
    "(1000000000,)", "(1152921504606846976,0)", "(1.5,)", "None", "(True,)", "(" * 150 + ")" * 150, "(4,3)", "(3,4)",
)  # fmt: skip


def npz_header(content, draw):
    """The header of one array says something else; all checksums fit."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(result, "w") as new:
        entries = old.infolist()
        chosen = int(draw.integers(len(entries)))
        for number, entry in enumerate(entries):
            data = old.read(entry)
            if number == chosen:
                data = npy_header(data, draw)
            new.writestr(entry.filename, data, entry.compress_type)
    return result.getvalue()


def npy_header(data, draw):
    size = int.from_bytes(data[8:10], "little")
    numbers = data[10 + size :]
    kind, shape = (options[int(draw.integers(len(options)))] for options in (DESCRIPTIONS, SHAPES))
    fields = {"descr": repr(kind), "fortran_order": draw.choice(["False", "True", "1"]), "shape": shape}
    if draw.random() < 0.2:
        del fields[str(draw.choice(list(fields)))]
    text = "{" + ", ".join(f"'{name}': {value}" for name, value in fields.items()) + "}\n"
    version = [(1, 0), (2, 0), (3, 0), (9, 9)][int(draw.integers(4))]
    length = len(text).to_bytes(2 if version == (1, 0) else 4, "little")
    return b"\x93NUMPY" + bytes(version) + length + text.encode() + numbers


def npz_members(content, draw):
    """Members are compressed otherwise, marked as encrypted, named otherwise, declared larger, or there twice."""
    action = int(draw.integers(5))
    if action == 0:
        return content.replace(b"PK\x01\x02", b"PK\x01\x02", 1).replace(b".npy", b".np_", int(draw.integers(1, 3)))
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(result, "w") as new:
        for entry in old.infolist():
            kind = (entry.compress_type, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2)[action % 3]
            new.writestr(entry.filename, old.read(entry), kind)
    changed = bytearray(result.getvalue())
    directory = changed.find(b"PK\x01\x02")
    if action == 3:
        changed[directory + 8] |= 1  # encrypted
    elif action == 4:
        changed[directory + 24 : directory + 28] = int(draw.integers(0, 2**32)).to_bytes(4, "little")
    return bytes(changed)


def bomb(content, draw):
    """A gzip file of zeros, whose header fits them or does not."""
    count = int(2 ** draw.uniform(10, 24))
    head = bytes([0, 0, 8, 1]) + (count if draw.random() < 0.5 else int(draw.integers(2**32))).to_bytes(4, "big")
    return gzip.compress(head + bytes(count), 1, mtime=0)


def png_chunk(content, draw):
    """A byte of one chunk is another, and its checksum is right."""
    result, place = content[:8], 8
    chunks = []
    while place < len(content):
        size = int.from_bytes(content[place : place + 4], "big")
        chunks.append(content[place + 4 : place + 8 + size])
        place += 12 + size
    chosen = int(draw.integers(len(chunks)))
    chunks[chosen] = flip(chunks[chosen], draw)
    for chunk in chunks:
        result += (len(chunk) - 4).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    return result


TAGS = (256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 322, 323, 324, 325, 330, 338, 339, 530)
"""Of TIFF: sizes, compression, places, tiles, frames within frames."""


def tiff_entry(content, draw):
    """One entry of the directory of a TIFF file has another tag, type, count or value."""
    changed = bytearray(content)
    place = int.from_bytes(content[4:8], "little")
    entry = place + 2 + 12 * int(draw.integers(int.from_bytes(content[place : place + 2], "little")))
    start, size = ((entry, 2), (entry + 2, 2), (entry + 4, 4), (entry + 8, 4))[int(draw.integers(4))]
    value = int(2 ** draw.uniform(0, 8 * size)) - 1 if start != entry else TAGS[int(draw.integers(len(TAGS)))]
    changed[start : start + size] = value.to_bytes(size, "little")
    return bytes(changed)


CELLS = (
    "", "-1", "0", "1", "1e400", "nan", "1" * 5000, "1_0", " 1", "\u0661", "x", "16--32", "-", '"', '"a', "a\rb",
    "\x00", "{}", "[" * 100_000, "True", "9" * 400,
)  # fmt: skip


def cell(content, draw):
    """One cell of a table is another."""
    lines = content.split(b"\n")
    number = int(draw.integers(len(lines)))
    words = lines[number].split(b",")
    words[int(draw.integers(len(words)))] = CELLS[int(draw.integers(len(CELLS)))].encode()
    return b"\n".join([*lines[:number], b",".join(words), *lines[number + 1 :]])


def wrong_entry(content, draw):
    """An entry more, whose number of images may be any."""
    size = int(draw.integers(0, 12))
    head = draw.bytes(8) + int(2 ** draw.uniform(0, 32) - 1).to_bytes(4, "little") + draw.bytes(size)
    check = zlib.crc32(head).to_bytes(4, "little") if draw.random() < 0.7 else draw.bytes(4)
    return content + head + check


# ---------------------------------------------------------------- the drill


@dataclass(frozen=True)
class Case:
    """A format: the name of its file, a whole file, its reader, and whether a checksum guards it."""

    file: str
    whole: Callable[[], bytes]
    read: Callable[[Path], object]
    checked: bool
    own: tuple[Callable[..., bytes], ...] = ()
    same: Callable[[object, object], bool] = equal
    forged: tuple[Callable[..., bytes], ...] = ()
    """Damage whose checksums are right."""


OLD = ("format1", "format2", "predictive", "spiking", "tree", "evaluated")
CASES = {
    **{
        f"network {name} of format 3": Case(
            "net.safetensors", lambda name=name: safetensors_of(name, True), network_of, True, (safetensors_header,)
        )
        for name in OLD
    },
    **{
        f"network {name}": Case(
            "net.safetensors", lambda name=name: safetensors_of(name, False), network_of, False, (safetensors_header,)
        )
        for name in OLD
    },
    "network calibrated": Case(
        "net.safetensors", (CALIBRATED / "format4.safetensors").read_bytes, network_of, True, (safetensors_header,)
    ),
    "plain safetensors": Case("net.safetensors", lambda: save(MODEL), network_of, False, (safetensors_header,)),
    **{
        f"npz {what} {'compressed' if write is np.savez_compressed else 'stored'}": Case(
            f"{what}.npz",
            lambda arrays=arrays, write=write: npz_of(arrays, write),
            read,
            True,
            (npz_members,),
            forged=(npz_header,),
        )
        for what, arrays, read in (
            ("model", MODEL, network_of),
            ("data", DATA, data_of),
            ("names", {"x": IMAGES, "y": ["cat", "dog", "猫"]}, data_of),
        )
        for write in (np.savez, np.savez_compressed)
    },
    **{
        f"picture {form} {mode} {options}": Case(
            "folder/cat/1",
            lambda form=form, mode=mode, options=options: picture_of(form, mode, **options),
            folder_of,
            False,
            own,
        )
        for form, mode, options, own in (
            ("PNG", "L", {}, (png_chunk,)),
            ("PNG", "RGB", {}, (png_chunk,)),
            ("JPEG", "L", {}, ()),
            ("JPEG", "RGB", {"progressive": True}, ()),
            ("BMP", "RGB", {}, ()),
            ("PPM", "L", {}, ()),
            ("TIFF", "L", {}, (tiff_entry,)),
            ("TIFF", "RGB", {}, (tiff_entry,)),
        )
    },
    "nir": Case("net.nir", lambda: nir_of(True), nir_network_of, False),
    "nir of others": Case("net.nir", lambda: nir_of(False), nir_network_of, False),
    "idx": Case("images", lambda: idx_content(rng.integers(0, 256, (3, 4, 5), np.uint8), 8), idx_of, False),
    "idx of floats": Case("numbers", lambda: idx_content(DATA["x"].astype(">f8"), 14), idx_of, False),
    "idx gz": Case(
        "images.gz",
        lambda: gzip.compress(idx_content(np.arange(60, dtype=np.uint8).reshape(3, 4, 5), 8), mtime=0),
        idx_of,
        True,
        forged=(bomb,),
    ),
    "results of today": Case("results.csv", lambda: today("results.csv"), results_of, False, (cell,)),
    "results 1": Case(
        "results.csv", lambda: (RESULTS / "first_format" / "results.csv").read_bytes(), results_of, False, (cell,)
    ),
    "results 2": Case(
        "results.csv", lambda: (RESULTS / "second_format" / "results.csv").read_bytes(), results_of, False, (cell,)
    ),
    "results 3": Case(
        "results.csv", lambda: (RESULTS / "third_format" / "results.csv").read_bytes(), results_of, False, (cell,)
    ),
    "reservoir 1": Case(
        "reservoir.csv",
        lambda: (RESULTS / "first_reservoir" / "reservoir.csv").read_bytes(),
        reservoirs_of,
        False,
        (cell,),
    ),
    **{
        f"record {folder}": Case(
            "record.json",
            lambda folder=folder: (RESULTS / folder / "record.json").read_bytes(),
            runs_of,
            False,
            (json_file,),
        )
        for folder in ("first_format", "second_format", "third_format", "first_reservoir")
    },
    "wrong.bits": Case(
        "wrong.bits", lambda: today("wrong.bits"), wrong_of, True, same=none_other, forged=(wrong_entry,)
    ),
}


if find_spec("onnx"):
    from tests.drills import onnx_files

    CASES |= {
        f"onnx {whole.__name__}": Case("net.onnx", whole, network_of, False, (onnx_files.changed_model,))
        for whole in (onnx_files.images, onnx_files.steps)
    }


def drill(case, folder, numbers):
    """Read damaged files of a case; how many came out how, and what broke the rule."""
    whole, path = case.whole(), folder / case.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(whole)
    before, counts, faults = case.read(path), Counter(), []
    damages = PLAIN + 3 * (case.own + case.forged)
    seed = zlib.crc32(case.file.encode() + whole[:64])
    for number in numbers:
        draw = np.random.default_rng((seed, number))
        damage = damages[int(draw.integers(len(damages)))]
        path.write_bytes(damage(whole, draw))
        outcome, error = read(case, path, before)
        counts[outcome] += 1
        if outcome == "failed" or (outcome == "other" and case.checked and damage not in case.forged):
            faults.append((number, damage.__name__, outcome, f"{type(error).__name__}: {str(error)[:200]}"))
    return counts, faults


def read(case, path, before):
    try:
        after = case.read(path)
    except ValueError as error:
        text = str(error)
        clear = type(error) is ValueError and str(path) in text and "\n" not in text and len(text) < 1000
        return ("refused" if clear else "failed"), error
    except Exception as error:
        return "failed", error
    return ("equal" if case.same(before, after) else "other"), None


SLOW = [pytest.param(name, marks=pytest.mark.slow) if name.startswith("nir") else name for name in CASES]
"""Cases, of which NIR files are each read in a process of its own."""


@pytest.mark.parametrize("name", SLOW)
def test_damaged_files_load_equal_or_are_refused(name, drills, tmp_path):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    counts, faults = drill(CASES[name], tmp_path, range(FILES * drills))
    assert not faults, faults[:5]
    assert counts["refused"] > 0
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak
    assert grown * (1 if sys.platform == "darwin" else 1024) < MEMORY


def test_without_a_checksum_damage_goes_through(tmp_path):
    """The twin: the drill sees other numbers where nothing guards them."""
    counts, faults = drill(CASES["network format1"], tmp_path, range(60))
    assert not faults
    assert counts["other"] > 5
    assert math.isclose(sum(counts.values()), 60)


if __name__ == "__main__":  # figures: python -m tests.drills.test_mutated_files FILES_OF_A_CASE
    import tempfile
    import warnings

    warnings.simplefilter("error")
    total = Counter()
    for title, each in CASES.items():
        with tempfile.TemporaryDirectory() as place:
            found, wrong = drill(each, Path(place), range(int(sys.argv[1])))
        total += found
        print(f"{title:40s}", dict(found), *wrong[:6], sep="  ", flush=True)
        shutil.rmtree(place, ignore_errors=True)
    print(dict(total), sum(total.values()))
