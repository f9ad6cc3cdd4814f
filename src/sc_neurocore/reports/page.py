"""A page of results as one HTML file: no server, script, font or picture of its own is needed to read it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources

CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""What browsers are told to load beside the file: nothing."""


@dataclass(frozen=True)
class Line:
    """A row of a table.

    Parameters
    ----------
    cells
        Texts, as many as the table has columns.
    marked
        Places of the cells that stand out.
    """

    cells: tuple[str, ...]
    marked: tuple[int, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table of texts: the first column names a group of rows, the second a row in it; or the first column a row.

    Parameters
    ----------
    caption
        What the numbers are, and what is marked.
    head
        Names of the columns.
    groups
        Rows that belong together. If all of a group have the same first cell, it stands there once.
    left
        Columns of words, which are set to the left; all others are numbers.

    Raises
    ------
    ValueError
        If a row has not as many cells as there are columns.
    """

    caption: str
    head: tuple[str, ...]
    groups: tuple[tuple[Line, ...], ...]
    left: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        for line in self.lines:
            if len(line.cells) != len(self.head):
                raise ValueError(f"lines must have {len(self.head)} cells, got {len(line.cells)}")

    @property
    def lines(self) -> tuple[Line, ...]:
        """The rows of all groups."""
        return tuple(line for group in self.groups for line in group)

    def only(self, columns: Iterable[int]) -> "Table":
        """The table with these columns, by their places, but for those without any text."""
        kept = [column for column in columns if any(line.cells[column] for line in self.lines)]

        def cut(line: Line) -> Line:
            marked = tuple(place for place, column in enumerate(kept) if column in line.marked)
            return Line(tuple(line.cells[column] for column in kept), marked)

        return Table(
            self.caption,
            tuple(self.head[column] for column in kept),
            tuple(tuple(map(cut, group)) for group in self.groups),
            tuple(place for place, column in enumerate(kept) if column in self.left),
        )


@dataclass(frozen=True)
class Figure:
    """A picture inside a page.

    Parameters
    ----------
    svg
        An ``<svg>`` element, see `drawn`.
    caption
        What it shows, and how it is read.
    """

    svg: str
    caption: str


@dataclass(frozen=True)
class Page:
    """What a page of results says.

    Parameters
    ----------
    question
        The title.
    answer
        Its answer in a sentence or two.
    about
        Facts of a few words: the data, the encoding.
    verdicts
        Pairs of a name and what was found for it.
    notes
        Sentences on how far the answer holds.
    figures, tables
        In the order in which they are shown.
    command
        The command that does the same again; empty where it is not known.
    facts
        Pairs of a name and a text: versions, seeds, digests.
    files
        Pairs of the name of a file or folder beside the page, and what it holds.
    colours
        A number from 0 on for each verdict, that of its colour in the pictures; None: no colour.
    """

    question: str
    answer: str
    about: tuple[str, ...] = ()
    verdicts: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    command: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    colours: tuple[int | None, ...] = ()


def html(page: Page) -> str:
    """The page as the text of an HTML file; all texts but the pictures are escaped.

    Examples
    --------
    >>> text = html(Page("How long?", "8 cycles < 16."))
    >>> "8 cycles &lt; 16." in text, "<script" in text
    (True, False)
    """
    style = resources.files(__package__).joinpath("style.css").read_text("utf-8")
    body = [
        "<header>",
        _paragraph("about", " · ".join(page.about)),
        f"<h1>{escape(page.question)}</h1>",
        _paragraph("answer", _unbroken(page.answer)),
        *_verdicts(page),
        *(_paragraph("note", note) for note in page.notes),
        "</header>",
        *(_figure(figure) for figure in page.figures),
        *_section("Numbers", [_table(table, place) for place, table in enumerate(page.tables)]),
        *_section("How to repeat it", [*_command(page.command), *_facts(page.facts)]),
        *_section("Files beside this page", _files(page.files)),
    ]
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(CONTENT_POLICY)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{escape(page.question)} {escape(page.answer)}</title>",
            f"<style>\n{style}</style>",
            "</head>",
            "<body>",
            "<main>",
            *filter(None, body),
            "</main>",
            "</body>",
            "</html>",
            "",
        ]
    )


def _paragraph(kind: str, text: str) -> str:
    return f'<p class="{kind}">{escape(text)}</p>' if text else ""


def _unbroken(text: str) -> str:
    """The text with no line end inside ``L = 8`` or ``97 %``."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%").replace(" = ", "\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}")


def _verdicts(page: Page) -> Iterable[str]:
    if page.verdicts:
        colours = page.colours or (None,) * len(page.verdicts)
        yield '<dl class="verdicts">'
        for (name, verdict), colour in zip(page.verdicts, colours, strict=True):
            dot = "" if colour is None else f'<span class="dot" style="background: var(--c{colour})"></span>'
            yield f"<div><dt>{dot}{escape(name)}</dt><dd>{escape(_unbroken(verdict))}</dd></div>"
        yield "</dl>"


def _figure(figure: Figure) -> str:
    caption = f"<figcaption>{escape(figure.caption)}</figcaption>"
    return f'<figure>\n<div class="wide" tabindex="0">\n{figure.svg}\n</div>\n{caption}\n</figure>'


def _section(title: str, parts: Sequence[str]) -> Iterable[str]:
    if parts:
        yield from ("<section>", f"<h2>{escape(title)}</h2>", *parts, "</section>")


def _table(table: Table, place: int) -> str:
    kinds = ["word" if column in table.left else "number" for column in range(len(table.head))]
    name = f"table-{place + 1}"
    lines = [
        '<div class="block">',
        f'<p class="caption" id="{name}">{escape(table.caption)}</p>',
        f'<div class="wide" role="region" aria-labelledby="{name}" tabindex="0">',
        f'<table aria-labelledby="{name}">',
        "<thead><tr>",
        *(f'<th scope="col" class="{kind}">{escape(text)}</th>' for kind, text in zip(kinds, table.head, strict=True)),
        "</tr></thead>",
    ]
    for group in table.groups:
        lines += ["<tbody>", *_rows(group, kinds), "</tbody>"]
    return "\n".join([*lines, "</table>", "</div>", "</div>"])


def _rows(group: Sequence[Line], kinds: Sequence[str]) -> Iterable[str]:
    same = len({line.cells[0] for line in group}) == 1
    for place, line in enumerate(group):
        marks = [" marked" if column in line.marked else "" for column in range(len(kinds))]
        cells = [(f"{kind}{mark}", escape(text)) for kind, mark, text in zip(kinds, marks, line.cells, strict=True)]
        yield "<tr>"
        if same and place == 0:
            span = f' rowspan="{len(group)}"' if len(group) > 1 else ""
            yield f'<th scope="rowgroup" class="{cells[0][0]}"{span}>{cells[0][1]}</th>'
        kind, text = cells[same]
        yield f'<th scope="row" class="{kind}">{text}</th>'
        yield "".join(f'<td class="{kind}">{text}</td>' for kind, text in cells[1 + same :]) + "</tr>"


def _command(command: str) -> Iterable[str]:
    if command:
        yield f"<pre><code>{escape(command)}</code></pre>"


def _facts(facts: Sequence[tuple[str, str]]) -> Iterable[str]:
    if facts:
        pairs = "\n".join(f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in facts)
        yield f'<dl class="facts">\n{pairs}\n</dl>'


def _files(files: Sequence[tuple[str, str]]) -> list[str]:
    from urllib.parse import quote

    lines = [f'<li><a href="{quote(name)}">{escape(name)}</a> {escape(what)}</li>' for name, what in files]
    return ["<ul>", *lines, "</ul>"] if lines else []
