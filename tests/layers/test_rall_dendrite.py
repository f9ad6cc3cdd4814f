"""RallDendrite against closed forms of cable theory, a dense matrix exponential, and NEURON."""

import pickle

import numpy as np
import pytest
from scipy.linalg import expm

from sc_neurocore import RallDendrite
from sc_neurocore.bitstreams import Bitstream

FALSE_ALARM = 1e-9
FAMILY = [-1, 0, 0, 1, 1, 2, 2]  # a binary tree of three generations
TREES = {
    "star": None,
    "chain": [-1, 0, 1, 2, 3, 4],
    "any order": [3, 3, -1, 2, 2, 0],
    "family": [-1, 0, 0, 1, 1, 2],
}


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def settled(soma_current=1.0, inputs=None, **options):
    """A dendrite at its steady state: some steps of a million time constants each."""
    dendrite = RallDendrite(**{"dt": 1e6 * options["tau"], **options})
    n = dendrite.n_branches
    dendrite.run(np.zeros((4, n)) if inputs is None else np.tile(inputs, (4, 1)), soma_current=soma_current)
    return dendrite


def tree_ratio(generation, n, **options):
    """Voltage at the tips over that at the root of FAMILY, each generation so many length constants long."""
    dendrite = settled(
        n_branches=7, branch_length=n, tau=(n / generation) ** 2, coupling=1.0, topology=FAMILY, soma_size=0, **options
    )
    return dendrite.branch_voltages[-1, -1] / dendrite.soma_v


# ---------------------------------------------------------------- steady state


@pytest.mark.parametrize(("ends", "law"), [("sealed", np.cosh), ("open", np.sinh)])
@pytest.mark.parametrize("diameter", [1.0, 0.3])
@pytest.mark.parametrize("coupling", [1.0, 0.25])
def test_attenuation_in_a_cylinder_is_of_second_order(ends, law, diameter, coupling):
    length, errors = 1.5, []
    for n in (16, 32, 64):
        tau = (n / length) ** 2 / coupling
        options = {"n_branches": 1, "branch_length": n, "tau": tau, "coupling": coupling, "soma_size": 0}
        dendrite = settled(**options, diameters=[diameter], ends=ends)
        assert dendrite.length_constant == pytest.approx(n / length)
        x = (np.arange(n) + 0.5) * length / n
        shape = dendrite.branch_voltages[0] / dendrite.soma_v - law(length - x) / law(length)
        endless = diameter**1.5 * np.sqrt(coupling / tau)
        entry = 1 / (dendrite.soma_v * endless) - (np.tanh(length) if ends == "sealed" else 1 / np.tanh(length))
        errors.append([np.abs(shape).max(), abs(entry)])
    errors = np.array(errors)
    np.testing.assert_allclose(errors[:-1] / errors[1:], 4, rtol=0.05)
    assert errors[-1].max() < 2e-4


@pytest.mark.parametrize(
    ("child", "ratio"), [(None, 0.552286), (2 ** (-2 / 3), 0.552286), (0.5, 0.620112), (2**-0.5, 0.511449)]
)
def test_three_generations(child, ratio):
    # None: the power rule; 2**-.5 keeps the cross-section. Richardson takes the compartments' length to zero.
    diameters = None if child is None else child ** np.array([0, 1, 1, 2, 2, 2, 2])
    coarse, fine, finest = (tree_ratio(0.4, n, diameters=diameters) for n in (16, 32, 64))
    assert (fine - coarse) / (finest - fine) == pytest.approx(4, rel=0.01)
    limit = finest + (finest - fine) / 3
    assert round(limit, 6) == ratio
    matched = 1 if child is None else 2 * child**1.5  # input conductance of two children over the parent's
    exact, load = 1.0, 0.0
    for _ in range(3):
        exact /= np.cosh(0.4) + load * np.sinh(0.4)
        load = matched * (np.tanh(0.4) + load) / (1 + np.tanh(0.4) * load)
    assert limit == pytest.approx(exact, abs=1e-8)


def test_power_rule_makes_an_equivalent_cylinder(rng):
    # Driven at the soma, a tree of matched generations is one cylinder, compartment by compartment, at any time.
    drive = rng.normal(size=50)
    tree = RallDendrite(7, 4, topology=FAMILY)
    cylinder = RallDendrite(1, 12)
    x = tree.record(np.zeros((50, 7)), soma_current=drive)
    along = cylinder.record(np.zeros((50, 1)), soma_current=drive)[:, 0]
    for path in ([0, 1, 3], [0, 2, 5]):
        np.testing.assert_allclose(x[:, path].reshape(50, 12), along, rtol=1e-9, atol=1e-13)


def test_derived_diameters():
    topology = np.array([3, 3, -1, 2, 2, 0, 4])
    dendrite = RallDendrite(7, topology=topology)
    for parent in range(7):
        children = dendrite.diameters[topology == parent]
        if len(children):
            assert np.sum(children**1.5) == pytest.approx(dendrite.diameters[parent] ** 1.5)
            np.testing.assert_allclose(children, children[0])
    assert dendrite.diameters[2] == 1
    assert RallDendrite(7, topology=topology, diameters=np.arange(1, 8)).diameters == pytest.approx(np.arange(1, 8))


@pytest.mark.parametrize("ends", ["sealed", "open"])
@pytest.mark.parametrize("name", TREES)
def test_expected_is_where_it_settles(name, ends, rng):
    x, soma = rng.normal(size=6), 0.3
    options = {"n_branches": 6, "tau": 10.0, "topology": TREES[name], "ends": ends}
    for reversal in (None, 2.0):
        x = x if reversal is None else np.abs(x)
        dendrite = settled(soma, x, **options, reversal=reversal)
        assert dendrite.expected(x, soma_current=soma) == pytest.approx(dendrite.soma_v, rel=1e-9)
        batch = np.stack([x, 0 * x])[None]
        assert dendrite.expected(batch).shape == (1, 2)
        assert dendrite.expected(batch)[0, 0] == pytest.approx(float(dendrite.expected(x)), rel=1e-14)


@pytest.mark.parametrize("name", TREES)
def test_reciprocity(name, rng):
    # A current at a tip does to the soma what the same current at the soma does to the tip.
    dendrite = RallDendrite(6, 3, topology=TREES[name], diameters=rng.uniform(0.2, 2, 6))
    pulse = np.zeros((40, 6))
    for branch in range(6):
        drive = pulse.copy()
        drive[:3, branch] = 1.0
        dendrite.reset()
        there = dendrite.run(drive)
        dendrite.reset()
        back = dendrite.record(pulse, soma_current=drive[:, branch])[:, branch, -1]
        np.testing.assert_allclose(there, back, rtol=1e-9, atol=1e-15)


# ---------------------------------------------------------------- time


def dense(dendrite):
    """-C^-1 K of the drawing, the branch points eliminated, and capacities: the soma, then branch by branch."""
    n, m = dendrite.n_branches, dendrite.branch_length
    size, k = dendrite.diameters**1.5, dendrite.coupling
    soma, fork = 0, 1 + n * m
    total = fork + n
    K = np.zeros((total, total))
    capacity = np.array([dendrite.soma_size, *np.repeat(size, m)])
    K[np.arange(fork), np.arange(fork)] = capacity / dendrite.tau

    def join(a, b, conductance):
        K[[a, b], [a, b]] += conductance
        K[[a, b], [b, a]] -= conductance

    for branch, parent in enumerate(dendrite.topology):
        first = 1 + branch * m
        join(soma if parent < 0 else fork + parent, first, 2 * k * size[branch])
        for i in range(first, first + m - 1):
            join(i, i + 1, k * size[branch])
        if branch in dendrite.topology:
            join(first + m - 1, fork + branch, 2 * k * size[branch])
        else:
            K[fork + branch, fork + branch] = 1.0
            if dendrite.ends == "open":
                K[first + m - 1, first + m - 1] += 2 * k * size[branch]
    reduced = K[:fork, :fork] - K[:fork, fork:] @ np.linalg.solve(K[fork:, fork:], K[fork:, :fork])
    return -reduced / capacity[:, None], capacity


def exact(dendrite, inputs, soma_current, every):
    """Voltages after each input has lasted for `every` ms, by the matrix exponential."""
    matrix, capacity = dense(dendrite)
    step = expm(matrix * every)
    n, m = dendrite.n_branches, dendrite.branch_length
    v, out = np.zeros(1 + n * m), []
    for x, soma in zip(inputs, soma_current, strict=True):
        current = np.zeros_like(v)
        current[0] = soma
        current[m::m] = x
        rest = np.linalg.solve(matrix, -current / capacity)
        v = rest + step @ (v - rest)
        out.append(v)
    return np.array(out)


@pytest.mark.parametrize("ends", ["sealed", "open"])
@pytest.mark.parametrize("name", TREES)
def test_second_order_in_time_towards_the_matrix_exponential(name, ends, rng):
    inputs, soma = rng.normal(size=(12, 6)), rng.normal(size=12)
    options = {"topology": TREES[name], "diameters": rng.uniform(0.3, 2, 6), "ends": ends, "soma_size": 2.5}
    errors = []
    for halvings in (4, 5, 6):
        repeat = 2**halvings
        dendrite = RallDendrite(6, 3, dt=1 / repeat, **options)
        x = dendrite.record(np.repeat(inputs, repeat, axis=0), soma_current=np.repeat(soma, repeat))
        truth = exact(dendrite, inputs, soma, 1.0)
        errors.append(np.abs(x[repeat - 1 :: repeat].reshape(12, -1) - truth[:, 1:]).max())
        assert dendrite.soma_v == pytest.approx(truth[-1, 0], abs=1e-3)
    errors = np.array(errors)
    np.testing.assert_allclose(errors[:-1] / errors[1:], 4, rtol=0.05)
    assert errors[-1] < 1e-4


def test_halving_dt_quarters_the_change_with_conductances(rng):
    inputs = rng.uniform(0, 1, (12, 4))
    answers = []
    for repeat in (8, 16, 32, 64):
        dendrite = RallDendrite(dt=1 / repeat, reversal=1.0)
        answers.append(dendrite.run(np.repeat(inputs, repeat, axis=0))[repeat - 1 :: repeat])
    changes = np.abs(np.diff(answers, axis=0)).max(1)
    np.testing.assert_allclose(changes[:-1] / changes[1:], 4, rtol=0.05)


def test_no_step_is_too_long(rng):
    inputs = rng.uniform(-1, 1, (200, 7))
    for dt in (10.0, 1000.0, 1e9):
        dendrite = RallDendrite(7, 5, dt=dt, coupling=1.0, topology=FAMILY)
        bound = dendrite.expected(np.ones(7))
        assert np.abs(dendrite.run(inputs)).max() < 1.5 * bound
        dendrite.run(np.tile(inputs[:1], (50, 1)))
        assert dendrite.soma_v == pytest.approx(float(dendrite.expected(inputs[0])), rel=1e-6)


def test_a_step_keeps_at_most_a_fifth_of_what_changes_its_sign():
    x = np.geomspace(1e-3, 1e9, 2001)  # dt / tau
    kept = []
    for dt in x:
        alone = RallDendrite(1, 1, tau=1.0, coupling=0, dt=dt)
        alone.load_state_dict({"branch_voltages": [[0.0]], "soma_v": 1.0})
        kept.append(alone.step([0.0]))
    np.testing.assert_allclose(kept, (1 - (np.sqrt(2) - 1) * x) / (1 + (1 - np.sqrt(0.5)) * x) ** 2, atol=1e-14)
    assert min(kept) == pytest.approx(-(np.sqrt(2) - 1) / 2, abs=1e-5)
    assert abs(kept[-1]) < 1e-8


@pytest.mark.parametrize("name", TREES)
def test_charge_is_conserved(name, rng):
    inputs, soma = rng.normal(size=(60, 6)), rng.normal(size=60)
    diameters = rng.uniform(0.2, 2, 6)
    for tau, dt in ((10.0, 1.0), (10.0, 50.0), (1e15, 1.0)):
        dendrite = RallDendrite(6, 5, tau=tau, dt=dt, topology=TREES[name], diameters=diameters, soma_size=1.7)
        charge = []
        for x, at_soma in zip(inputs, soma, strict=True):
            dendrite.step(x, soma_current=at_soma)
            charge.append(1.7 * dendrite.soma_v + diameters**1.5 @ dendrite.branch_voltages.sum(1))
        # the whole tree holds what one compartment without neighbours would
        alone = RallDendrite(1, 1, tau=tau, dt=dt, coupling=0.0)
        total = inputs.sum(1) + soma
        np.testing.assert_allclose(charge, alone.run(np.zeros((60, 1)), soma_current=total), rtol=1e-9, atol=1e-10)
        if tau == 1e15:
            np.testing.assert_allclose(charge, np.cumsum(total), rtol=1e-9, atol=1e-9)


# ---------------------------------------------------------------- wiring


def test_a_lone_child_continues_its_parent(rng):
    x = rng.normal(size=(30, 2))
    whole = RallDendrite(2, 6)
    halves = RallDendrite(4, 3, topology=[-1, -1, 0, 1])
    halved = halves.record(np.concatenate([np.zeros_like(x), x], axis=1))
    np.testing.assert_allclose(
        whole.record(x), np.concatenate([halved[:, :2], halved[:, 2:]], axis=2), rtol=1e-9, atol=1e-14
    )


def test_numbers_of_branches_are_names_only(rng):
    topology = np.array([-1, 0, 0, -1, 3, 1])
    order = rng.permutation(6)
    place = np.argsort(order)
    renamed = np.where(topology[order] < 0, -1, place[topology[order]])
    x, d = rng.normal(size=(30, 6)), rng.uniform(0.5, 2, 6)
    a = RallDendrite(6, 2, topology=topology, diameters=d)
    b = RallDendrite(6, 2, topology=renamed, diameters=d[order])
    np.testing.assert_allclose(a.record(x)[:, order], b.record(x[:, order]), rtol=1e-9, atol=1e-14)


def test_without_coupling_nothing_arrives():
    for soma_size in (0, 1):
        dendrite = RallDendrite(3, 2, topology=[-1, 0, 0], coupling=0, soma_size=soma_size)
        assert not dendrite.run(np.ones((5, 3))).any()
        assert not dendrite.expected(np.ones(3))
        assert not dendrite.branch_voltages[:, 0].any()
        assert dendrite.branch_voltages[:, 1].all()


def test_a_large_soma_is_slow():
    small, large = (RallDendrite(soma_size=size).run(np.ones((20, 4))) for size in (1, 100))
    assert np.all(large < 0.2 * small)


def test_step_run_and_record_are_one(rng):
    x, soma = rng.normal(size=(2, 25, 4)), rng.normal(size=(2, 25))
    for reversal in (None, [1.0, -1.0, 0.5, 0.0]):
        x = x if reversal is None else np.abs(x)
        one, other, third = (RallDendrite(reversal=reversal) for _ in range(3))
        for part, drive in zip(x, soma, strict=True):
            steps = [one.step(inputs, soma_current=current) for inputs, current in zip(part, drive, strict=True)]
            assert isinstance(steps[0], float)
            np.testing.assert_array_equal(other.run(part, soma_current=drive), steps)
            np.testing.assert_array_equal(third.record(part, soma_current=drive)[-1], one.branch_voltages)
        assert one.soma_v == other.soma_v == third.soma_v
    assert RallDendrite().run(np.zeros((0, 4))).shape == (0,)


@pytest.mark.parametrize("reversal", [None, 2.0])
def test_a_response_is_a_run_from_rest_for_each_of_a_batch(reversal, rng):
    dendrite = RallDendrite(4, reversal=reversal, topology=[-1, -1, 0, 0])
    dendrite.run(np.ones((3, 4)))
    before = dendrite.state_dict()
    x = rng.uniform(0, 1, (2, 3, 15, 4))
    out = dendrite.response(x)
    held = dendrite.response(x[:, :, :4], hold=5)
    assert dendrite.state_dict()["soma_v"] == before["soma_v"]
    np.testing.assert_array_equal(dendrite.state_dict()["branch_voltages"], before["branch_voltages"])
    for s in np.ndindex(2, 3):
        dendrite.reset()
        assert out[s] == pytest.approx(dendrite.run(x[s])[-1], rel=1e-13)
        dendrite.reset()
        assert held[s] == pytest.approx(dendrite.run(np.repeat(x[s][:4], 5, axis=0))[-1], rel=1e-13)
    streams = Bitstream.from_bits(rng.integers(0, 2, (3, 4, 70)))
    np.testing.assert_array_equal(dendrite.response(streams), dendrite.response(np.swapaxes(streams.bits(), -1, -2)))
    assert dendrite.response(x[:0]).shape == (0, 3)
    assert not dendrite.response(x[:, :, :0]).any()
    for bad, message in (
        (x[..., :3], r"branch_inputs must have shape \(..., 4\), got \(2, 3, 15, 3\)"),
        (x[0, 0, 0], r"branch_inputs must have shape \(..., any, 4\), got \(4,\)"),
        (np.full((2, 4), np.nan), "branch_inputs must be finite, got nan"),
    ):
        with pytest.raises(ValueError, match=message):
            dendrite.response(bad)
    with pytest.raises(ValueError, match="hold must be an integer of at least 1, got 0"):
        dendrite.response(x, hold=0)


# ---------------------------------------------------------------- streams


def test_cycles_of_streams_are_steps(rng):
    bits = rng.integers(0, 2, (2, 4, 77), dtype=np.uint8)
    plus, minus = bits.astype(float)
    for stream, numbers in (
        (Bitstream.from_bits(bits[0]), plus),
        (Bitstream.from_bits(bits[0], "bipolar"), 2 * plus - 1),
        (Bitstream.from_bits(bits, "split"), plus - minus),
    ):
        trace = RallDendrite().run(numbers.T)
        np.testing.assert_array_equal(RallDendrite().run(stream), trace)
        assert RallDendrite().step(stream) == trace[-1]
    np.testing.assert_array_equal(RallDendrite().run(bits[0].T), RallDendrite().run(plus.T))
    np.testing.assert_array_equal(
        RallDendrite(reversal=1).run(Bitstream.from_bits(bits[0])), RallDendrite(reversal=1).run(plus.T)
    )


def mean_is_right(bits, rates):
    """Hoeffding: a bit moves the mean of the trace by no more than its input's steady effect / T."""
    dendrite = RallDendrite(4)
    effects = dendrite.expected(np.eye(4))
    within = np.sqrt(np.log(2 / FALSE_ALARM) / 2 * np.sum(effects**2) / bits.shape[1])
    constant = np.tile(rates, (bits.shape[1], 1))
    want = dendrite.run(constant).mean()
    assert want == pytest.approx(float(dendrite.expected(rates)), rel=0.01)
    dendrite.reset()
    return abs(dendrite.run(Bitstream.from_bits(bits)).mean() - want) < within


def test_streams_drive_the_soma_at_their_rates(rng):
    rates = np.array([0.1, 0.4, 0.6, 0.9])
    random = rng.random((4, 20_000))
    assert mean_is_right(random < rates[:, None], rates)
    assert not mean_is_right(random < rates[:, None] + 0.05, rates)


# ---------------------------------------------------------------- saturating synapses


def resistances(**options):
    """Steady voltages at the input sites, and at the soma, for a unit current at each site."""
    n = options["n_branches"]
    states = [settled(0.0, unit, **options) for unit in np.eye(n)]
    return np.array([state.branch_voltages[:, -1] for state in states]).T, np.array([state.soma_v for state in states])


@pytest.mark.parametrize("name", TREES)
def test_conductances_against_the_linear_tree(name, rng):
    # v = R g (E - v) at the sites: an n x n system
    options = {"n_branches": 6, "tau": 10.0, "topology": TREES[name]}
    r, to_soma = resistances(**options)
    g, reversal = rng.uniform(0, 3, 6), rng.normal(size=6)
    v = np.linalg.solve(np.eye(6) + r * g, r @ (g * reversal))
    want = to_soma @ (g * (reversal - v))
    assert RallDendrite(**options, reversal=reversal).expected(g) == pytest.approx(want, rel=1e-6)


def test_inputs_on_one_branch_saturate_and_on_two_they_add():
    # Stems 0 and 1, each of two halves: synapses at their middles (0, 1) and tips (2, 3), and a large soma.
    options = {"n_branches": 4, "topology": [-1, -1, 0, 1], "soma_size": 30}

    def missing(a, b, reversal=1.0):
        """Share of the peak at the soma that is missing when a and b are active together for 10 ms."""
        traces = []
        for active in ([a], [b], [a, b]):
            g = 0.5 * np.isin(np.arange(4), active)
            dendrite = RallDendrite(**options, reversal=reversal)
            traces.append(dendrite.run(np.repeat([g, 0 * g], [10, 50], axis=0)))
        return 1 - traces[2].max() / (traces[0] + traces[1]).max()

    same = missing(0, 2)
    assert same > 0.05
    for other in (missing(0, 3), missing(0, 1), missing(2, 3)):
        assert 0 < other < same / 15
    assert missing(0, 2, reversal=None) == pytest.approx(0, abs=1e-12)

    steady = RallDendrite(**options, reversal=1.0).expected
    one, two, both = np.eye(4)[0], np.eye(4)[2], np.array([1, 0, 1, 0])
    assert steady(both) < 0.85 * (steady(one) + steady(two))
    assert steady(2 * two) < 1.7 * steady(two)
    apart = np.array([1, 0, 0, 1])
    assert steady(apart) > 0.99 * (steady(one) + steady(two))


def test_reversal_bounds_the_voltage(rng):
    # on the way by the .21 that a step may overshoot; never in steps that are short for g, nor where it settles
    conductances = rng.exponential(20, (500, 7))
    for dt, bound in ((0.002, 3.0), (1.0, 3.0 * (1 + (np.sqrt(2) - 1) / 2))):
        dendrite = RallDendrite(7, 4, topology=FAMILY, reversal=3.0, dt=dt)
        assert 1 < dendrite.record(conductances).max() < bound
    assert 0.5 < dendrite.expected(1e6 * conductances[0]) < 3


def test_shunting_inhibition_must_sit_on_the_path():
    # excitation at the middle of a branch; inhibition between it and the soma, beyond it, or on another branch
    topology = [-1, 0, 1, -1]
    excited = RallDendrite(4, 3, topology=topology, reversal=[0, 1, 0, 0])
    alone, on_path, beyond, aside = (
        float(excited.expected([g, 1, h, k])) for g, h, k in [(0, 0, 0), (2, 0, 0), (0, 2, 0), (0, 0, 2)]
    )
    assert on_path < 0.5 * beyond < 0.5 * alone
    assert on_path < 0.7 * aside < 0.7 * alone


# ---------------------------------------------------------------- state and errors


def test_state(rng):
    x = rng.normal(size=(20, 6))
    dendrite = RallDendrite(6, 3, topology=TREES["any order"])
    dendrite.run(x)
    state, twin = dendrite.state_dict(), RallDendrite(6, 3, topology=TREES["any order"])
    copy = pickle.loads(pickle.dumps(dendrite))
    twin.load_state_dict(state)
    rest = dendrite.run(x)
    np.testing.assert_array_equal(twin.run(x), rest)
    np.testing.assert_array_equal(copy.run(x), rest)
    dendrite.branch_voltages[:] = 7.0
    assert dendrite.soma_v == rest[-1]
    assert not np.any(dendrite.branch_voltages == 7.0)
    dendrite.reset()
    assert dendrite.soma_v == 0
    assert not dendrite.branch_voltages.any()
    for bad in (
        {},
        {**state, "more": 1},
        {**state, "soma_v": np.nan},
        {**state, "soma_v": [1.0, 2.0]},
        {**state, "branch_voltages": np.zeros((6, 4))},
    ):
        with pytest.raises(ValueError, match="must"):
            twin.load_state_dict(bad)
    assert twin.soma_v == rest[-1]


@pytest.mark.parametrize("reversal", [None, 2.0])
def test_a_batch_is_each_of_its_samples(reversal, rng):
    """Samples of a batch have voltages of their own, and go on with them."""
    options = {"n_branches": 6, "topology": TREES["family"], "reversal": reversal}
    x, soma = rng.uniform(0, 1, (2, 3, 9, 6)), rng.normal(size=(2, 3, 9))
    batch, traces, steps = (RallDendrite(**options) for _ in range(3))
    alone = {place: RallDendrite(**options) for place in np.ndindex(2, 3)}
    for _ in range(2):
        found, compartments = batch.run(x, soma_current=soma), traces.record(x, soma_current=soma[0, 0])
        assert found.shape == (2, 3, 9)
        assert compartments.shape == (2, 3, 9, 6, 3)
        for place, dendrite in alone.items():
            np.testing.assert_array_equal(found[place], dendrite.run(x[place], soma_current=soma[place]))
            np.testing.assert_array_equal(batch.branch_voltages[place], dendrite.branch_voltages)
            assert batch.soma_v[place] == dendrite.soma_v
    lone = RallDendrite(**options)
    for t in range(9):
        last = steps.step(x[:, :, t])
        assert last.shape == (2, 3)
        assert lone(branch_inputs=x[1, 2, t]) == last[1, 2]
    with pytest.raises(
        ValueError, match=r"branch_inputs must have the batch axes \(2, 3\) of the voltages until reset"
    ):
        steps.step(x[0, 0, 0])
    copy, state = RallDendrite(**options), steps.state_dict()
    copy.load_state_dict(state)
    np.testing.assert_array_equal(copy.step(x[:, :, 0]), steps.step(x[:, :, 0]))
    with pytest.raises(ValueError, match=r"soma_v must have shape \(2, 3\), got \(\)"):
        copy.load_state_dict(state | {"soma_v": 0.0})
    steps.reset()
    assert isinstance(steps.step(x[0, 0, 0]), float)
    assert RallDendrite(**options).run(x[:, :0]).shape == (2, 0, 9)
    bits = rng.integers(0, 2, (5, 6, 40))
    by_bits = RallDendrite(**options).run(Bitstream.from_bits(bits))
    np.testing.assert_array_equal(by_bits, RallDendrite(**options).run(np.swapaxes(bits, 1, 2)))


def test_repr():
    assert repr(RallDendrite()) == (
        "RallDendrite(4 x 3 compartments, tau=10, coupling=0.5, dt=1, ends='sealed', inputs='currents', "
        "backend='numba')"
    )
    assert "inputs='conductances'" in repr(RallDendrite(reversal=1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_branches": 0}, "n_branches must be an integer of at least 1, got 0"),
        ({"branch_length": 0}, "branch_length must be an integer of at least 1, got 0"),
        ({"tau": 0}, "tau must be a finite number above 0, got 0"),
        ({"tau": np.inf}, "tau must be a finite number above 0, got inf"),
        ({"dt": -1.0}, "dt must be a finite number above 0, got -1"),
        ({"dt": np.nan}, "dt must be a finite number above 0, got nan"),
        ({"coupling": 1.5}, r"coupling must be a number in \[0, 1\], got 1.5"),
        ({"coupling": -0.1}, r"coupling must be a number in \[0, 1\], got -0.1"),
        ({"diameters": [1, 1, 1, 0]}, r"diameters must lie in \[1e-06, 1e\+06\], got 0"),
        ({"diameters": [1, 1]}, r"diameters must have shape \(4\), got \(2,\)"),
        ({"topology": [-1, 0, 1]}, r"topology must have shape \(4\), got \(3,\)"),
        ({"topology": [-1, 0, 1, 4]}, r"topology must lie in \[-1, 3\], got 4"),
        ({"topology": [-1, 0, 0.5, 1]}, "topology must be integers, got 0.5"),
        (
            {"topology": [-1, 1, 0, 0]},
            r"topology must lead every branch to the soma \(-1\), branch 1 is on a loop or above one",
        ),
        ({"topology": [3, 0, 1, 2]}, "topology must lead every branch"),
        ({"ends": "killed"}, "ends must be one of sealed, open, got 'killed'"),
        ({"soma_size": -1}, "soma_size must be a number in .*, got -1"),
        ({"reversal": [1, 2]}, r"reversal must be a number or have shape \(4,\), got \(2,\)"),
        ({"reversal": np.inf}, "reversal must be finite, got inf"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        RallDendrite(**options)


@pytest.mark.parametrize("options", [{"tau": "10"}, {"dt": True}, {"n_branches": 2.0}, {"diameters": "thin"}])
def test_wrong_types(options):
    with pytest.raises(TypeError, match="must be"):
        RallDendrite(**options)


def test_bad_inputs_change_nothing():
    dendrite = RallDendrite(reversal=1.0)
    dendrite.run(np.ones((3, 4)))
    before = dendrite.state_dict()
    stream = Bitstream.from_bits(np.ones((3, 8)))
    negative = Bitstream.from_bits(np.zeros((4, 8)), "bipolar")
    for call, message in (
        (lambda: dendrite.step(np.ones(3)), r"branch_inputs must have shape \(..., 4\), got \(3,\)"),
        (lambda: dendrite.step([1, 1, 1, np.nan]), "branch_inputs must be finite, got nan"),
        (lambda: dendrite.step([1, 1, 1, -0.5]), r"branch_inputs must lie in \[0, inf\], got -0.5"),
        (lambda: dendrite.step(np.ones(4), soma_current=np.inf), "soma_current must be finite, got inf"),
        (lambda: dendrite.step(stream), r"branch_inputs must be streams of shape \(..., 4\), got \(3,\)"),
        (lambda: dendrite.run(negative), r"branch_inputs must lie in \[0, inf\], got -1"),
        (lambda: dendrite.run(np.ones(4)), r"branch_inputs must have shape \(..., any, 4\), got \(4,\)"),
        (lambda: dendrite.record(np.full((2, 4), -1)), r"branch_inputs must lie in \[0, inf\], got -1"),
        (
            lambda: dendrite.run(np.ones((2, 4)), soma_current=np.ones(3)),
            r"soma_current must be a number or have shape \(2,\), got \(3,\)",
        ),
        (lambda: dendrite.expected(np.ones((2, 3))), r"branch_inputs must have shape \(..., 4\), got \(2, 3\)"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(TypeError, match="branch_inputs must be an array of real numbers"):
        dendrite.run("spikes")
    after = dendrite.state_dict()
    assert after["soma_v"] == before["soma_v"]
    np.testing.assert_array_equal(after["branch_voltages"], before["branch_voltages"])


# ---------------------------------------------------------------- NEURON


def test_against_neuron():
    """A current pulse at one tip of an uneven tree: NEURON with compartments a third as long, adaptive steps."""
    neuron = pytest.importorskip("neuron")
    h = neuron.h
    h.load_file("stdrun.hoc")
    topology, diameters, n, per_lambda, soma_size = [-1, -1, 0, 0, 2, 2], [2.0, 1.2, 1.0, 1.5, 0.8, 0.5], 15, 30.0, 40.0
    tau_ms, resistivity, capacitance = 20.0, 150.0, 1.0  # ms, ohm cm, uF / cm2

    unit = tau_ms / per_lambda**2  # ms in a unit of time, so that coupling is 1
    leak = capacitance / tau_ms * 1e-3  # S / cm2
    metre = [np.sqrt(d * 1e-4 / (4 * resistivity * leak)) * 1e4 for d in diameters]  # length constants, um
    # a compartment of diameter 1 um
    area = np.pi * np.sqrt(1e-4 / (4 * resistivity * leak)) * 1e4 / per_lambda
    sections = [h.Section(name=f"branch{i}") for i in range(6)]
    soma = h.Section(name="soma")
    soma.L = soma.diam = np.sqrt(soma_size * area / np.pi)
    for i, section in enumerate(sections):
        section.L, section.diam, section.nseg = metre[i] * n / per_lambda, diameters[i], 3 * n
        section.connect(soma(0.5) if topology[i] < 0 else sections[topology[i]](1))
    for section in (soma, *sections):
        section.Ra, section.cm = resistivity, capacitance
        section.insert("pas")
        section.g_pas, section.e_pas = leak, 0.0
    clamp = h.IClamp(sections[4]((n - 0.5) / n))
    clamp.delay, clamp.dur, clamp.amp = 0.0, 4.0, area * 1e-5 / unit  # nF x mV / ms = nA
    dt = 0.05
    at_soma, at_tip = (h.Vector().record(place._ref_v, dt) for place in (soma(0.5), sections[1]((n - 0.5) / n)))
    h.CVode().active(True)
    h.CVode().atol(1e-9)
    h.finitialize(0.0)
    h.continuerun(60.0 + dt)

    dendrite = RallDendrite(
        6,
        n,
        tau_ms / unit,
        1.0,
        dt / unit,
        topology=topology,
        diameters=diameters,
        soma_size=soma_size,
    )
    inputs = np.zeros((1200, 6))
    inputs[:80, 4] = 1.0
    x = dendrite.record(inputs)[:, 1, -1]
    dendrite.reset()
    worst = []
    for mine, theirs in ((dendrite.run(inputs), at_soma), (x, at_tip)):
        other = np.array(theirs.to_python())[1:1201]
        worst.append(np.abs(mine - other).max() / other.max())
    print("largest difference over the peak, soma and another tip:", worst)
    assert max(worst) < 1e-3
