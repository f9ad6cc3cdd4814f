"""Pages: their links work, the index has them all, and no picture is large. Their examples run as doctests."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
INDEX = ROOT / "docs" / "README.md"
PICTURES = sorted(ROOT.glob("docs/pictures/*.png"))


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
