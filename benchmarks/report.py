"""Tables of what was measured, and the targets."""

from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from .attention import LENGTH, SIZE
from .cases import Shape
from .limit import WIDTHS
from .measure import Case

Group = dict[str, Case]
Groups = dict[Shape, dict[str, Group]]
"""For every shape: groups ``encode``, ``product``, ``forward`` of cases that were interleaved."""

FORWARD = ("forward sobol", "forward sobol, one thread", "forward bernoulli stored", "forward bernoulli fresh")
BESIDE = ("float32 matmul", "other package", "other engine")
ATTENTION = ("sobol", "sobol, one thread", "bernoulli", "bernoulli, one thread")


def limit_of(group: Group) -> float:
    """Bits a second of the tightest loop on one thread, measured beside the product."""
    return max(group[f"limit {width}"].rate for width in WIDTHS)


def giga(rate: float) -> str:
    return f"{rate / 1e9:.2f}" if rate < 1e10 else f"{rate / 1e9:.0f}"


def milli(seconds: float) -> str:
    return f"{seconds * 1e3:.3g}" if seconds < 1 else f"{seconds * 1e3:.0f}"


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _table(title: str, columns: list[str], caption: str) -> Table:
    table = Table(title=title, caption=caption, title_justify="left", caption_justify="left")
    for column in columns:
        table.add_column(column, justify="left" if column == "what" else "right")
    return table


def encode_table(groups: Groups) -> Table:
    names = ["bernoulli 8", "bernoulli 16", "bernoulli 32", "sobol gather"]
    columns = ["batch", "L"]
    for name in names:
        columns += [name, "all threads"]
    table = _table(
        "Encode, Gbit/s",
        [*columns, "copy", "gather/copy"],
        "One thread, and all threads. copy: as many words copied to fresh memory by NumPy.",
    )
    for shape, group in groups.items():
        cases = group["encode"]
        cells = [str(shape.batch), str(shape.length)]
        for name in names:
            cells += [giga(cases[name].rate), giga(cases[f"{name}, all threads"].rate)]
        copy = cases["copy of as many words"].rate
        table.add_row(*cells, giga(copy), f"{cases['sobol gather'].rate / copy:.2f}")
    return table


def product_table(groups: Groups) -> Table:
    table = _table(
        "AND-popcount product, Gbit/s (product bits: batch x inputs x neurons x L)",
        [
            "batch",
            "L",
            "1 thread",
            "limit",
            "of limit",
            "all threads",
            "limit",
            "of limit",
            "scaling",
            "cores",
            "numpy",
            "x numpy",
        ],
        "limit: 2 x 4 register tile on rows in the first-level cache, in the same rounds. cores: those that the "
        "run on all threads was given. numpy: bitwise_and + bitwise_count, one thread; x numpy: one thread against it.",
    )
    for shape, group in groups.items():
        cases = group["product"]
        one, every, plain = cases["product"].rate, cases["product, all threads"].rate, cases["numpy bitwise_count"].rate
        top, top_every = limit_of(cases), cases["limit, all threads"].rate
        table.add_row(
            str(shape.batch),
            str(shape.length),
            giga(one),
            giga(top),
            percent(one / top),
            giga(every),
            giga(top_every),
            percent(every / top_every),
            f"{every / one:.2f}",
            f"{cases['product, all threads'].cores_at_best:.2f}",
            giga(plain),
            f"{one / plain:.0f}",
        )
    return table


def forward_table(groups: Groups) -> Table:
    table = _table(
        "Layer, numbers in, numbers out (unipolar)",
        ["batch", "L", "what", "ms", "ms (median)", "images/s", "sobol is"],
        "ms: the fastest sample, for the whole batch. sobol is: its images/s over this row's, as measured in this run. "
        "stored: weight streams made once; fresh: made anew for every sample. "
        "The other package takes one image a call, so its ms is for the batch one by one.",
    )
    for shape, group in groups.items():
        cases = group["forward"]
        ours = cases["forward sobol"].rate
        for name in (*FORWARD, *BESIDE):
            if name not in cases:
                continue
            case = cases[name]
            calls = shape.batch / case.work
            table.add_row(
                str(shape.batch),
                str(shape.length),
                name.removeprefix("forward "),
                milli(case.best * calls),
                milli(case.middle * calls),
                f"{case.rate:,.0f}" if case.rate >= 10 else f"{case.rate:.2f}",
                _ratio(ours / case.rate),
                end_section=name == [known for known in (*FORWARD, *BESIDE) if known in cases][-1],
            )
    return table


def attention_table(cases: Group) -> Table:
    table = _table(
        f"Attention, {SIZE} queries on {SIZE} keys of {SIZE} numbers, L = {LENGTH}",
        ["what", "ms", "ms (median)", "sobol is", "bernoulli is"],
        "numpy words: the Sobol circuit on packed words, bitwise_and + bitwise_count; numpy bits: on float32 bits, "
        "with a matrix product. Both give the integers of sobol. numpy float64: what the streams estimate.",
    )
    for name, case in cases.items():
        ratios = [_ratio(cases[ours].rate / case.rate) for ours in ("sobol", "bernoulli")]
        table.add_row(name, milli(case.best), milli(case.middle), *ratios, end_section=name == ATTENTION[-1])
    return table


def _ratio(ratio: float) -> str:
    return f"{ratio:.2f} x" if ratio < 10 else f"{ratio:,.0f} x"


@dataclass(frozen=True)
class Target:
    """One line of the targets: what was asked, what was measured, None where it was not measured."""

    name: str
    asked: str
    measured: str
    met: bool | None

    def record(self) -> dict[str, Any]:
        return {"name": self.name, "asked": self.asked, "measured": self.measured, "met": self.met}


def _at_least(name: str, asked: float, values: list[float], unit: str, note: str = "") -> Target:
    """The lowest of the values must reach the target."""
    if not values:
        return Target(name, f">= {asked:g}{unit}", "not measured", None)
    text = f"{min(values):.3g}{unit}"
    if max(values) > min(values):
        text += f" .. {max(values):.3g}{unit}"
    return Target(name, f">= {asked:g}{unit}", text + note, min(values) >= asked)


def _at_most(name: str, asked: float, value: float | None, unit: str) -> Target:
    if value is None:
        return Target(name, f"<= {asked:g}{unit}", "not measured", None)
    return Target(name, f"<= {asked:g}{unit}", f"{value:.3g}{unit}", value <= asked)


def targets(groups: Groups, attention: Group, seconds: dict[str, float]) -> list[Target]:
    """The project's targets; every range is over the shapes of batch 32 and more."""
    large = [group for shape, group in groups.items() if shape.batch >= 32]
    products = [group["product"] for group in large]
    encodes = [group["encode"] for group in large]
    one = [cases["product"].rate for cases in products]

    def sobol_ms(length: int) -> float | None:
        for shape, group in groups.items():
            if shape.batch == 32 and shape.length == length:
                return 1e3 * group["forward"]["forward sobol"].best
        return None

    def over(top: str, bottom: str, chosen: list[Group]) -> list[float]:
        return [cases[top].rate / cases[bottom].rate for cases in chosen]

    cores = [cases["product, all threads"].cores_at_best for cases in products]
    given = f", with {min(cores):.2f} .. {max(cores):.2f} cores" if cores else ""
    scaling = over("product, all threads", "product", products)
    fractions = [100 * rate / limit_of(cases) for rate, cases in zip(one, products, strict=True)]
    return [
        _at_least("product, one thread", 250, [rate / 1e9 for rate in one], " Gbit/s"),
        _at_least("product, all threads over one (two idle cores)", 1.7, scaling, "", given),
        _at_least("product, share of the limit", 60, fractions, " %"),
        _at_least("Bernoulli, 16 bits, one thread", 3, [c["bernoulli 16"].rate / 1e9 for c in encodes], " Gbit/s"),
        _at_least("Bernoulli, 8 bits, one thread", 5, [c["bernoulli 8"].rate / 1e9 for c in encodes], " Gbit/s"),
        _at_least(
            "gather at memory speed (over a copy)", 1, over("sobol gather", "copy of as many words", encodes), ""
        ),
        _at_most("Sobol forward, batch 32, L = 256", 3, sobol_ms(256), " ms"),
        _at_most("Sobol forward, batch 32, L = 1024", 9, sobol_ms(1024), " ms"),
        _at_most("Attention, Sobol, L = 1024", 15, 1e3 * attention["sobol"].best, " ms"),
        _at_most("Attention, Bernoulli, L = 1024", 40, 1e3 * attention["bernoulli"].best, " ms"),
        _at_most("import sc_neurocore", 0.1, seconds.get("import"), " s"),
        _at_most("sc-neurocore --help", 0.5, seconds.get("help"), " s"),
        _at_most("sc-neurocore evaluate, cold caches (--evaluate)", 60, seconds.get("evaluate cold"), " s"),
        _at_most("sc-neurocore evaluate, warm (--evaluate)", 15, seconds.get("evaluate warm"), " s"),
    ]


def target_table(found: list[Target]) -> Table:
    table = Table(
        title="Targets (set for 2 AVX2 cores)",
        caption="From the fastest samples; a range is over batch 32 and more, and its worst end counts.",
        title_justify="left",
        caption_justify="left",
    )
    table.add_column("target")
    table.add_column("asked", justify="right")
    table.add_column("measured", justify="right")
    table.add_column("")
    words = {True: "[green]met[/]", False: "[red]not met[/]", None: "[dim]-[/]"}
    for target in found:
        table.add_row(target.name, target.asked, target.measured, words[target.met])
    return table


def show(console: Console, groups: Groups, attention: Group, found: list[Target]) -> None:
    tables = encode_table(groups), product_table(groups), forward_table(groups), attention_table(attention)
    for table in (*tables, target_table(found)):
        console.print(table)
        console.print()
