"""The retina of bits: it runs, draws, is saved, and its story holds."""

import numpy as np

from examples.receptive_field import LENGTHS, LIGHTS, main
from sc_neurocore import Network


def test_retina(tmp_path, capsys):
    picture, model = tmp_path / "retina.png", tmp_path / "retina.safetensors"
    found = main(["--picture", str(picture), "--save", str(model)])
    assert 1000 < picture.stat().st_size < 150_000
    assert "Accuracy % in stray light" in capsys.readouterr().out
    assert found.floating > 0.95
    for accuracy in found.by_length.values():
        assert abs(accuracy[LENGTHS.index(1024)] - found.floating) < 0.01
    assert found.by_length["bernoulli"][0] < found.floating - 0.1
    assert found.by_length["sobol"][LENGTHS.index(64)] > found.floating - 0.02
    seeing, blind = found.by_light["with inhibition"], found.by_light["without"]
    assert seeing[0] > blind[0] - 0.015  # what inhibition costs in even light
    assert seeing[LIGHTS.index(0.6)] > blind[LIGHTS.index(0.6)] + 0.1  # and what it buys
    assert [type(part).__name__ for part in Network.load(model).layers] == ["Inhibition", "SpikingDense", "KWinners"]
    assert np.all(np.diff(blind) < 0.01)
