"""A page of results, read by the parser of the standard library."""

from html.parser import HTMLParser
from pathlib import Path

VOID = {"meta", "br", "img", "link", "input", "hr"}


class Parsed(HTMLParser):
    """Elements of a page, its links, ids, texts, and its tables as rows of texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.tables: list[list[list[str]]] = []
        self.marked: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.open: list[str] = []
        self._group: str | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.names.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attributes]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        if tag == "tbody":
            self._group = None
        if tag == "tr":
            self.tables[-1].append([] if self._group is None else [self._group])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self._scope = dict(attributes).get("scope")
            self._marked = "marked" in dict(attributes).get("class", "")

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open:
            return
        self.texts.setdefault(self.open[-1], []).append(data)
        if self.open[-1] in ("td", "th"):
            self.tables[-1][-1][-1] += data
            if self._scope == "rowgroup":
                self._group = data
            if self._marked:
                self.marked.append(data)


def read(path: Path) -> Parsed:
    """The page in a file; it must be well formed, and hold and load nothing from elsewhere."""
    page = Parsed(path.read_text("utf-8"))
    assert page.open == []
    assert not set(page.names) & {
        "script",
        "link",
        "iframe",
        "object",
        "embed",
        "img",
        "base",
        "form",
        "audio",
        "video",
    }
    for tag, name, value in page.attributes:
        assert not name.startswith("on"), f"{tag} {name}"
        assert "//" not in value, f"{tag} {name}={value}"
        if name in ("src", "srcset", "data", "action", "poster"):
            raise AssertionError(f"{tag} loads {value}")
        if name in ("href", "xlink:href") and tag != "a":
            assert value.startswith("#"), f"{tag} {name}={value}"
        if tag == "a" and name == "href":
            assert (path.parent / value).exists()
    style = "".join(page.texts["style"])
    assert "url(" not in style
    assert "@import" not in style
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    pointed = {value[1:] for tag, name, value in page.attributes if name == "href" and value.startswith("#")}
    pointed |= {value for _, name, value in page.attributes if name == "aria-labelledby"}
    assert pointed <= set(ids)
    return page
