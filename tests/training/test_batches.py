import threading
from collections import Counter
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoseg._backend import BACKEND, keras, ops
from autoseg._backend.fitting import begin_with_epoch
from autoseg.backends import TRAINABLE
from autoseg.errors import ImageError, OptionsError
from autoseg.heads import Head
from autoseg.images.normalization import normalize
from autoseg.images.views import STRONG, GeometryOptions
from autoseg.training.batches import Batches, fit, split
from autoseg.training.labelled_views import LabelledViews

trains = pytest.mark.skipif(BACKEND not in TRAINABLE, reason="this backend only predicts")
MASK, INSTANCES = Head(kind="mask"), Head(kind="instances")
VIEWS = LabelledViews(INSTANCES, crop=16, geometry=GeometryOptions(rotation=90), intensity=STRONG)


def pairs(count=5, sizes=((24, 32), (20, 18))):
    rng = np.random.default_rng(1)
    shapes = [sizes[i % len(sizes)] for i in range(count)]
    return [(rng.integers(0, 2**16, shape).astype(np.uint16), rng.integers(0, 3, shape)) for shape in shapes]


def tagged(item, rng):
    return np.array([item], np.float32), np.array([rng.random()], np.float32)


def drawn(batches, epoch):
    batches.epoch = epoch
    return [np.concatenate(batch, axis=-1) for batch in batches]


def assert_same(found, expected):
    keras.tree.map_structure(np.testing.assert_array_equal, list(found), list(expected))


class Sum(keras.metrics.Metric):
    """The sum of all truths of an epoch, each times its place in it, so that neither may change."""

    def __init__(self, size):
        super().__init__(name="sum")
        self.places = ops.arange(1, size + 1, dtype="float32")
        self.total = self.add_weight(shape=(), initializer="zeros")
        self.batch = self.add_weight(shape=(), initializer="zeros")

    def update_state(self, truth, predicted, sample_weight=None):
        within = ops.sum(ops.reshape(truth, (-1,)) * self.places)
        self.total.assign(self.total + within + 100 * self.batch * truth[0, 0])
        self.batch.assign(self.batch + 1)

    def result(self):
        return self.total * 1.0


def trained_on(batches, epochs, initial_epoch=0):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse", metrics=[Sum(batches.size)])
    begin = keras.callbacks.LambdaCallback(on_train_begin=lambda logs: begin_with_epoch(model, initial_epoch))
    return fit(model, batches, epochs=epochs, callbacks=[begin]).history["sum"]


def expected_sum(batches, epoch):
    draws = np.array([batches.batch(epoch, i)[1][:, 0] for i in range(len(batches))])
    return float((draws * np.arange(1, batches.size + 1)).sum() + (100 * np.arange(len(draws)) * draws[:, 0]).sum())


def test_batches_follow_from_seed_epoch_and_index_alone():
    first, second = (Batches(pairs(), VIEWS, size=2, seed=3, ahead=ahead) for ahead in (0, 3))
    later = drawn(first, 7)
    assert_same(drawn(second, 0), drawn(first, 0))
    assert_same(drawn(second, 7), later)
    assert_same([np.concatenate(second.batch(7, 1), axis=-1)], later[1:2])
    assert_same(drawn(second, 7)[::-1], [np.concatenate(second[i], axis=-1) for i in (2, 1, 0)])
    other = Batches(pairs(), VIEWS, size=2, seed=4)
    for different in (drawn(first, 0), drawn(other, 7)):
        assert not any(np.array_equal(a, b) for a, b in zip(different, later, strict=True))


def test_disk_and_memory_give_the_same_batches(tmp_path):
    paths = [tmp_path / f"{i}.npz" for i in range(5)]
    for path, (image, labels) in zip(paths, pairs(), strict=True):
        np.savez(path, image=image, labels=labels)

    def load(path):
        with np.load(path) as file:
            return file["image"], file["labels"]

    memory, disk = Batches(pairs(), VIEWS, size=2), Batches(paths, VIEWS, size=2, load=load)
    for epoch in range(2):
        assert_same(drawn(disk, epoch), drawn(memory, epoch))


@settings(max_examples=20, deadline=None, derandomize=True)
@given(count=st.integers(1, 20), size=st.integers(1, 7), seed=st.integers(0, 2**40))
def test_an_epoch_holds_every_item(count, size, seed):
    shuffled = Batches(range(count), tagged, size=size, seed=seed, ahead=0)
    items = np.concatenate([items for items, _ in shuffled])[:, 0]
    assert {len(items) for items, _ in shuffled} == {size}
    most, least = max(Counter(items).values()), min(Counter(items).values())
    assert set(items) == set(range(count)) and most <= least + 1
    plain = Batches(range(count), tagged, size=size, seed=seed, shuffle=False, ahead=0)
    assert np.concatenate([items for items, _ in plain])[:, 0].tolist() == list(range(count))


def test_every_sample_has_its_own_randomness():
    batches = Batches([0] * 9, tagged, size=4)
    draws = [draw for epoch in range(3) for batch in drawn(batches, epoch) for draw in batch[:, 1]]
    assert len(set(draws)) == len(draws) == 36


def test_batches_may_be_dictionaries():
    batches = Batches(range(4), lambda item, rng: {"real": np.array([item]), "noise": rng.random(2)}, size=2)
    assert {name: values.shape for name, values in batches[0].items()} == {"real": (2, 1), "noise": (2, 2)}


def test_the_next_batches_are_prepared_while_one_is_in_use():
    prepared = threading.Event()

    def make(item, rng):
        if item == 2:
            prepared.set()
        return (np.array([item]),)

    batches = Batches(range(3), make, size=1, shuffle=False, ahead=2)
    assert batches[0][0].item() == 0
    assert prepared.wait(timeout=10)  # though nobody asked for item 2


@trains
@pytest.mark.parametrize("ahead", [0, 2])
def test_fit_gets_the_batches_of_its_epochs_in_order_also_when_it_resumes(ahead):
    batches = Batches(range(7), tagged, size=2, ahead=ahead)
    expected = [expected_sum(batches, epoch) for epoch in range(4)]
    assert len({round(value, 3) for value in expected}) == 4
    np.testing.assert_allclose(trained_on(batches, epochs=4), expected, rtol=1e-5)
    again = Batches(range(7), tagged, size=2, ahead=ahead)
    np.testing.assert_allclose(trained_on(again, epochs=4, initial_epoch=2), expected[2:], rtol=1e-5)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="only TensorFlow tunes by a thread that sleeps up to a minute")
def test_a_training_that_is_over_waits_for_no_tuning():
    class Model:
        def fit(self, training, validation_data, **settings):
            return training, validation_data

    batches = Batches(range(5), lambda item, rng: np.array([item]), size=2, shuffle=False)
    for streamed in fit(Model(), batches, epochs=1, validation=batches):
        assert [batch.numpy()[:, 0].tolist() for batch in streamed] == [[0, 1], [2, 3], [4]] and len(streamed) == 3
        assert streamed.options().autotune.enabled is False


@trains
def test_what_is_wrong_with_a_file_reaches_the_user():
    def load(item):
        if item == 5:
            raise ImageError("is empty", file="five.tif")
        return item

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    with pytest.raises(ImageError, match=r"five\.tif: is empty"):
        fit(model, Batches(range(6), tagged, size=1, load=load, shuffle=False), epochs=1)


def test_views_show_image_and_labels_alike():
    labels = np.kron(np.arange(1, 13).reshape(3, 4), np.ones((8, 8), int))
    views = LabelledViews(MASK, crop=16, geometry=GeometryOptions(), shown=partial(normalize, percentiles=(0, 100)))
    image, targets = views((labels.astype(np.float32), labels), np.random.default_rng(0))
    assert image.shape == (16, 16, 1) and targets.shape == (16, 16, 1) and image.dtype == targets.dtype == np.float32
    edges = np.abs(np.diff(image[..., 0], axis=1)) > 0
    np.testing.assert_array_equal(edges & (targets[:, 1:, 0] == 1) & (targets[:, :-1, 0] == 1), False)
    assert edges.any()


def test_images_of_different_sizes_need_a_crop():
    with pytest.raises(ImageError, match="crop"):
        list(Batches(pairs(), LabelledViews(MASK), size=4))
    with pytest.raises(ImageError, match="cannot have a label image"):
        LabelledViews(MASK)((np.zeros((4, 5)), np.zeros((5, 4), int)), np.random.default_rng(0))


def test_no_batches_of_nothing():
    with pytest.raises(OptionsError, match="0 items"):
        Batches([], tagged, size=2)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(count=st.integers(1, 200), fraction=st.floats(0, 0.99), seed=st.integers(0, 2**40))
def test_a_split_is_disjoint_and_complete(count, fraction, seed):
    training, validation = split(count, fraction, seed)
    assert sorted(training + validation) == list(range(count))
    assert (training, validation) == split(count, fraction, seed)
    assert training and bool(validation) == (fraction > 0 and count > 1)
    assert abs(len(validation) - count * fraction) <= 1


def test_a_split_depends_on_its_seed():
    assert len({tuple(split(50, 0.2, seed)[1]) for seed in range(5)}) == 5
