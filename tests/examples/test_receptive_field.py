"""The retina of bits: it runs, draws, is saved, and its story holds."""

import numpy as np

from examples.receptive_field import LENGTHS, LIGHTS, measure, networks_of, picture
from sc_neurocore import Network
from sc_neurocore.datasets import load_digits


def test_retina(tmp_path):
    path, model = tmp_path / "retina.png", tmp_path / "retina.safetensors"
    data = load_digits()
    networks = networks_of(data)
    found = measure(data, networks)
    picture(data, networks, found).savefig(path)
    networks["with inhibition"].save(model)
    assert 1000 < path.stat().st_size < 150_000
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
