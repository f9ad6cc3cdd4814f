"""Pages: what they link to is there, and no picture is large. Their examples run as doctests."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
PICTURES = sorted(ROOT.glob("docs/pictures/*"))


def links(page):
    return {page.parent / link for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    assert not [str(link) for link in links(page) if not link.exists()]


def test_every_page_and_picture_is_linked():
    linked = {link.resolve() for page in PAGES for link in links(page)}
    assert not {page.name for page in PAGES if page.parent.name == "docs"} - {link.name for link in linked}
    assert not {picture.name for picture in PICTURES} - {link.name for link in linked}


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_pictures_are_small(picture):
    assert picture.stat().st_size < 160_000
