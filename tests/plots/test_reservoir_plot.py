"""The picture of a study of reservoirs: what is drawn where."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from sc_neurocore.evaluation import ReservoirRow, ReservoirStudy, ReservoirTask
from sc_neurocore.plots import save_reservoir, score_against_length


def row(kind, length, n, error, repeat=0):
    return ReservoirRow(ReservoirTask("0", kind, length, n, 100, 50, 0, repeat, ""), error, 20 * error)


@pytest.fixture
def study():
    rows = []
    for repeat in range(2):
        rows.append(row("linear", 0, 20, 0.4, repeat))
        for n in (100, 50):
            rows.append(row("expected", 0, n, 0.3, repeat))
            for kind, error in (("sobol-shift", 0.5), ("lfsr", 0.7)):
                rows += [row(kind, length, n, error - length / 1000 + repeat / 10, repeat) for length in (16, 64)]
    return ReservoirStudy(tuple(rows))


def test_lines(study):
    ax = Figure().subplots()
    score_against_length(ax, study, 100)
    lines = [line.get_ydata() for line in ax.lines if list(line.get_xdata()) == [16, 64]]
    np.testing.assert_allclose(lines, [[0.534, 0.486], [0.734, 0.686]])
    texts = {text.get_text() for text in ax.texts}
    assert {"Sobol + shift", "LFSR", "floating point", "linear filter, 20 taps", "ReservoirPy"} <= texts
    ax = Figure().subplots()
    score_against_length(ax, study, 50, "memory")
    assert "ReservoirPy" not in {text.get_text() for text in ax.texts}
    lines = [line.get_ydata() for line in ax.lines if list(line.get_xdata()) == [16, 64]]
    np.testing.assert_allclose(lines[0], [10.68, 9.72])


def test_file(study, tmp_path):
    save_reservoir(tmp_path / "reservoir.png", study)
    assert (tmp_path / "reservoir.png").stat().st_size > 10_000
    with pytest.raises(ValueError, match=r"path must end with .*\.png.*, got .*xyz"):
        save_reservoir(tmp_path / "reservoir.xyz", study)
    assert [path.name for path in tmp_path.iterdir()] == ["reservoir.png"]
