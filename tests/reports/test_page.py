"""The HTML of a page: what is in it, and that no text becomes markup."""

import pytest
from parsed import Parsed

from sc_neurocore.reports import Figure, Line, Page, Table, html

TABLE = Table("what <they> are", ("a", "b", "c"), ((Line(("x", "1", "2"), (1, 2)), Line(("x", "3", "4"))),
                                                  (Line(("y", "5", "")),)))  # fmt: skip
WILD = "</style><script>alert('1 & 2')</script><!-- \"quoted\" -->"


def test_every_text_is_escaped():
    page = Page(
        question=WILD, answer=WILD, about=(WILD,), verdicts=((WILD, WILD),), notes=(WILD,),
        figures=(Figure("<svg/>", WILD),),
        tables=(Table(WILD, (WILD, WILD), ((Line((WILD, WILD)),),)),), command=WILD, facts=((WILD, WILD),),
        files=((WILD, WILD),),
    )  # fmt: skip
    text = html(page)
    found = Parsed(text)
    assert "script" not in found.names
    assert found.open == []
    assert text.count("&lt;script&gt;") == 19
    assert found.texts["title"] == [f"{WILD} {WILD}"]
    (link,) = (value for tag, name, value in found.attributes if (tag, name) == ("a", "href"))
    assert link.startswith("%3C/style%3E")


def test_tables_have_headers_and_marks():
    found = Parsed(html(Page("q", "a", tables=(TABLE,))))
    assert found.tables == [[["a", "b", "c"], ["x", "1", "2"], ["x", "3", "4"], ["y", "5", ""]]]
    assert found.marked == ["1", "2"]
    scopes = [value for tag, name, value in found.attributes if name == "scope"]
    assert scopes == ["col"] * 3 + ["rowgroup", "row", "row", "rowgroup", "row"]
    assert ("table", "aria-labelledby", "table-1") in found.attributes
    assert ("p", "id", "table-1") in found.attributes


def test_what_is_empty_is_left_out():
    found = Parsed(html(Page("q", "a")))
    assert not {"section", "h2", "dl", "ul", "table", "figure", "pre"} & set(found.names)
    assert found.texts["h1"] == ["q"]
    assert found.names.count("p") == 1


def test_columns_of_a_table():
    narrow = TABLE.only([0, 2])
    assert narrow.head == ("a", "c")
    assert [line.cells for line in narrow.lines] == [("x", "2"), ("x", "4"), ("y", "")]
    assert [line.marked for line in narrow.lines] == [(1,), (), ()]
    assert (narrow.left, TABLE.only([1, 0]).left) == ((0,), (1,))
    empty = Table("", ("a", "b", "c"), ((Line(("x", "", "1")),),))
    assert empty.only(range(3)).head == ("a", "c")
    with pytest.raises(ValueError, match="lines must have 2 cells, got 1"):
        Table("", ("a", "b"), ((Line(("x",)),),))
