"""Data sets and loaders of PyTorch."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset  # noqa: E402

from sc_neurocore import datasets  # noqa: E402

N = 2500
IMAGES = torch.from_numpy(np.random.default_rng(0).random((N, 1, 3, 2), np.float32))
LABELS = torch.arange(N) % 7
WANTED = IMAGES.double().reshape(N, 6).numpy()


class ByPlace(Dataset):
    """Gives what a function makes of a place."""

    def __init__(self, give, size=N):
        self.give, self.size, self.reads = give, size, 0

    def __len__(self):
        return self.size

    def __getitem__(self, place):
        self.reads += 1
        return self.give(place)


class Stream(IterableDataset):
    def __iter__(self):
        return ((IMAGES[k], int(LABELS[k])) for k in range(N))


TENSORS = TensorDataset(IMAGES, LABELS)


@pytest.mark.parametrize(
    "source",
    [
        TENSORS,
        Subset(TENSORS, range(N)),
        ByPlace(lambda k: (IMAGES[k], int(LABELS[k]))),
        Stream(),
        [(IMAGES[k].numpy(), LABELS[k]) for k in range(N)],
        DataLoader(TENSORS),
        DataLoader(TENSORS, batch_size=300),
        DataLoader(TENSORS, batch_size=None),
        DataLoader(Stream(), batch_size=64),
        DataLoader(TENSORS, batch_sampler=[range(1000), range(1000, N)]),
        DataLoader(ByPlace(lambda k: (IMAGES[k], torch.eye(7)[LABELS[k]])), batch_size=100),
    ],
)
def test_all_of_it_in_order(source):
    data = datasets.from_torch(source, name="mine")
    np.testing.assert_array_equal(data.x_test, WANTED)
    np.testing.assert_array_equal(data.y_test, LABELS.numpy())
    assert (data.name, data.n_classes, len(data.x_train)) == ("mine", 7, 0)


def test_both_parts_and_names():
    names = [f"class {k}" for k in LABELS.tolist()]
    test = DataLoader(ByPlace(lambda k: (IMAGES[k], names[k]), 50), batch_size=8)
    data = datasets.from_torch(test, Subset(ByPlace(lambda k: (IMAGES[k], names[k])), range(20)))
    assert data.classes == tuple(f"class {k}" for k in range(7))
    assert (data.y_test.tolist(), data.y_train.tolist()) == (LABELS[:50].tolist(), LABELS[:20].tolist())
    np.testing.assert_array_equal(data.x_train, WANTED[:20])
    assert len(datasets.from_torch(test, []).x_train) == 0


def test_several_labels():
    rows = (LABELS[:, None] >> torch.arange(3) & 1).float()
    for source in (TensorDataset(IMAGES, rows), DataLoader(TensorDataset(IMAGES, rows), batch_size=100)):
        data = datasets.from_torch(source)
        np.testing.assert_array_equal(data.y_test, rows.numpy())
        assert (data.multilabel, data.n_classes, data.y_test.dtype) == (True, 3, np.uint8)


def test_each_sample_is_read_once():
    source = ByPlace(lambda k: (IMAGES[k], 0))
    datasets.from_torch(source)
    assert source.reads == N


def test_memory_that_is_used_again():
    buffer = torch.zeros(1, 3, 2)

    def give(place):
        buffer.copy_(IMAGES[place])
        return buffer, LABELS[place]

    np.testing.assert_array_equal(datasets.from_torch(ByPlace(give)).x_test, WANTED)


def test_a_shuffled_loader_is_read_as_it_comes():
    loader = DataLoader(TENSORS, batch_size=100, shuffle=True, generator=torch.Generator().manual_seed(1))
    data = datasets.from_torch(loader)
    assert not np.array_equal(data.x_test, WANTED)
    assert {row.tobytes() for row in data.x_test} == {row.tobytes() for row in WANTED}


def test_bytes_and_pictures():
    from PIL import Image

    levels = np.random.default_rng(1).integers(0, 256, (4, 5, 6, 3), np.uint8)  # height, width, channels, as of Pillow
    wanted = np.moveaxis(levels, -1, 1).reshape(4, -1) / 255
    for give in (lambda k: Image.fromarray(levels[k]), lambda k: torch.from_numpy(levels[k]).permute(2, 0, 1)):
        data = datasets.from_torch(ByPlace(lambda k, give=give: (give(k), k), 4))
        np.testing.assert_array_equal(data.x_test, wanted)
    with pytest.raises(ValueError, match=r"^samples of test must be grey \(L\) or RGB with 8 bits a channel, it is P"):
        datasets.from_torch([(Image.fromarray(levels[0]).convert("P"), 0)])


PAIR = (torch.zeros(3), 0)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (5, "test must be a data set or loader of PyTorch, got 5"),
        ([], "test must have at least one sample, got none"),
        ([PAIR, (1, 2, 3)], "test must give pairs of a sample and its label, got 3 things at place 1"),
        ([PAIR, {"image": 1, "label": 2}], "test must give pairs of a sample and its label, got dict at place 1"),
        (DataLoader(TensorDataset(IMAGES)), "test must give pairs of a sample and its label, got 1 things at place 0"),
        (
            [PAIR, (torch.zeros(4), 0)],
            r"samples of test must all be as the first one, of shape \(3,\) and float32",
        ),
        ([PAIR, (torch.zeros(3, dtype=torch.uint8), 0)], "samples of test must all be .* got .* uint8 at place 1"),
        ([PAIR, (torch.zeros(3), "a")], "labels of test must all be .* at place 1"),
        ([PAIR, (torch.zeros(3), [0, 1])], "labels of test must all be .* at place 1"),
        ([(torch.zeros(()), 0)], r"x must have shape .*, got \(1,\)"),
        ([(torch.zeros(3), 0.5)], "y must be whole numbers, got 0.5"),
        ([(torch.full((3,), torch.nan), 0)], "x must be finite, got nan"),
        ([(object(), 0)], "x must"),
    ],
)
def test_refused(source, message):
    with pytest.raises((TypeError, ValueError), match=message):
        datasets.from_torch(source)


def test_an_error_in_the_training_part_names_it():
    with pytest.raises(TypeError, match="train must give pairs of a sample and its label, got int at place 0"):
        datasets.from_torch([PAIR], [1])
