"""Pages: their links work, the index has them all, no picture is large, and what they say of the source is so.

Their examples run as doctests.
"""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
INDEX = ROOT / "docs" / "README.md"
PICTURES = sorted(ROOT.glob("docs/pictures/*.png"))
SRC = ROOT / "src" / "sc_neurocore"
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()


def links(page):
    return {page.parent / link for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    assert not [str(link) for link in links(page) if not link.exists()]


def test_the_index_links_every_page():
    pages = {page for page in PAGES if page.parent == INDEX.parent} - {INDEX}
    assert len(pages) > 10
    assert pages - links(INDEX) == set()


def test_every_picture_is_linked():
    linked = {link.resolve() for page in PAGES for link in links(page)}
    assert not {picture.name for picture in PICTURES} - {link.name for link in linked}


def test_pages_say_first_what_they_are_about():
    """A sentence between the title and the first picture, table or drawing."""
    for page in ROOT.glob("docs/*.md"):
        title, blank, first, *_ = page.read_text().splitlines()
        assert title.startswith("# "), page.name
        assert not blank, page.name
        assert re.match(r"[A-Z`].{20,}", first), page.name


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_pictures_are_small(picture):
    assert picture.stat().st_size < 160_000


# ---------------------------------------------------------------- what pages say of the source


def headings(page):
    """Anchors of a page: its headings in lower case, blanks as hyphens, other signs left out."""
    found = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}


def test_anchors_are_headings():
    found = [
        (page.name, link, anchor)
        for page in PAGES
        for link, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", page.read_text())
        if anchor not in headings(page.parent / link if link else page)
    ]
    assert found == []
    assert "how-to-add-a-backend" in headings(ROOT / "docs" / "backends.md")


def folders(root):
    return {path.name for path in root.iterdir() if (path / "__init__.py").exists()}


def test_every_folder_has_its_row():
    """In the README's table of folders, and in the table that says where code lives."""
    assert len(folders(SRC)) > 10
    rows = re.findall(r"^\| (`.+?`) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", " ".join(rows))) == sorted(folders(SRC))
    places = set(re.findall(r"`([\w/]+)/`", CONTRIBUTING))
    assert {*folders(SRC), *(f"layers/{name}" for name in folders(SRC / "layers"))} - places == set()
    modules = {path.name for path in SRC.glob("*.py")} - {"__init__.py", "__main__.py"}
    assert modules - set(re.findall(r"`(\w+\.py)`", CONTRIBUTING)) == set()


def test_arrows_are_those_of_the_contract():
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    arrows = re.search(r"^Imports point down .*?```\n(.+?)```", CONTRIBUTING, re.MULTILINE | re.DOTALL)[1]
    assert arrows.splitlines() == [layer.replace("sc_neurocore.", "") for layer in contract["layers"]]
    named = re.findall(r"\w+", arrows)
    assert sorted(named) == sorted(
        {*folders(SRC), *(path.stem for path in SRC.glob("*.py"))} - {"__init__", "__main__"}
    )


def test_limits_are_those_of_the_tests():
    text = (ROOT / "tests" / "test_structure.py").read_text()
    names, numbers = re.search(r"^(MAX_\w+(?:, MAX_\w+)*) = ([\d, ]+)$", text, re.MULTILINE).groups()
    limits = dict(zip(names.split(", "), map(int, numbers.split(", ")), strict=True))
    said = re.search(
        r"a module has at most (\d+) lines, a class (\d+), .*? (\d+), a kernel (\d+) arg",
        " ".join(CONTRIBUTING.split()),
    )
    order = ("MAX_MODULE", "MAX_CLASS", "MAX_DEPTH", "MAX_ARGUMENTS")
    assert [int(number) for number in said.groups()] == [limits[name] for name in order]


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=lambda page: page.name)
def test_files_that_are_named_exist(page):
    """A path of code in backticks starts at the root or in the package; tests and pages are named from the root."""
    named = re.findall(r"`([\w.*/-]+(?:\.pyi?|\.md|\.toml|/))`", page.read_text())
    roots = (ROOT, SRC)
    assert [name for name in named if not name.startswith(WRITTEN) and not any(exists(r, name) for r in roots)] == []


WRITTEN = ("report/",)
"""What programs write."""


def exists(root, name):
    return any(True for _ in root.glob(name.rstrip("/")))


def test_old_names_are_gone():
    """Names that the changelog lists as removed, in code of pages."""
    removed = (ROOT / "CHANGELOG.md").read_text().split("### Removed")[1].split("\n### ")[0]
    gone = {old for old in re.findall(r"`(\w[\w.]*(?:=|\(\)|))\w*` is now", removed) if re.search(r"[.=(]", old)}
    assert {"bit_flip_rate=", "role=", "Encoder.split"} < gone
    used = [
        (page.name, old)
        for page in PAGES
        if page.name not in ("CHANGELOG.md", "stability.md")
        for old in gone
        if re.search(rf"(?<![\w.]){re.escape(old)}" + r"\b" * old[-1].isalnum(), page.read_text())
    ]
    assert used == []
