"""The verification says so when a number is wrong."""

import io

import pytest
from rich.console import Console

from verification import __main__ as command
from verification.report import Table


def test_printed_digits_decide():
    table = Table("numbers")
    table.printed("a", "", 0.001887, ".001887")
    table.printed("b", "", 0.0018874, ".001887")
    table.printed("c", "", 0.0018876, ".001887")
    table.printed("d", "", 0.06511, ".0641", corrected=".0651")
    table.printed("e", "", 3.063, "3.06")
    assert [row.passed for row in table.rows] == [True, True, False, True, True]
    assert "should be .0651" in table.rows[3].reference


def test_other_kinds_of_rows():
    table = Table("numbers")
    table.exact("a", "", 0, 9)
    table.exact("b", "", 1, 9)
    table.close("c", "", 0.5, 0.5 + 1e-13)
    table.close("d", "", 0.5, 0.5001)
    table.likely("e", "", 0.5, 0.5, 2e-9)
    table.likely("f", "", 0.5, 0.6, 1e-10)
    assert [row.passed for row in table.rows] == [True, False] * 3
    assert table.failures == 3
    assert table.rows[1].ours == "8 of 9"


def test_a_table_as_text():
    table = Table("Title [L]", notes=["A note [1]."])
    table.exact("name", "case [0, 1]", 1, 2)
    out = io.StringIO()
    table.show(Console(file=out, width=100))
    for text in ("Title [L]", "case [0, 1]", "1 of 2", "FAIL", "A note [1]."):
        assert text in out.getvalue()


@pytest.mark.parametrize(("wrong", "status"), [(0, 0), (1, 1)])
def test_exit_status(monkeypatch, capsys, wrong, status):
    def make(name, quick):
        assert (name, quick) == ("digits", True)
        table = Table("numbers")
        table.exact("a", "", wrong, 9)
        return [table]

    monkeypatch.setattr(command, "make", make)
    assert command.main(["digits", "--quick"]) == status
    assert ("all pass" in capsys.readouterr().out) == (status == 0)


def test_all_tables_by_default(monkeypatch, capsys):
    seen = []
    monkeypatch.setattr(command, "make", lambda name, quick: seen.append(name) or [])
    assert command.main([]) == 0
    assert seen == ["products", "identities", "dot-product", "circuits", "digits", "mnist"]


def test_an_unknown_table(capsys):
    with pytest.raises(SystemExit) as caught:
        command.main(["digit"])
    assert caught.value.code == 2
    assert "table must be one of products, identities, dot-product, circuits, digits, mnist, got 'digit'" in (
        capsys.readouterr().err
    )


def test_the_quick_products_pass(capsys):
    assert command.main(["products", "--quick"]) == 0
    assert "27 comparisons, all pass" in capsys.readouterr().out
