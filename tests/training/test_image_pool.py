"""The pool of past fakes: what comes back, what is kept, and that it lives in compiled training steps."""

import numpy as np
import pytest

from autoseg._backend import StepModel, keras, ops, to_numpy
from autoseg.training.image_pool import ImagePool

from .contract import brief_compilation, trains  # noqa: F401

SHAPE = (2, 3, 1)


def make_images(first, count):
    """Images that are all of one value each: `first`, `first` + 1 and so on."""
    return np.broadcast_to(np.arange(first, first + count, dtype="float32")[:, None, None, None], (count, *SHAPE))


def numbers(images):
    images = to_numpy(images)
    assert (images == images[:, :1, :1]).all()  # they stay whole
    return images[:, 0, 0, 0].astype(int).tolist()


def put(pool, first, count):
    return numbers(pool(ops.convert_to_tensor(make_images(first, count))))


def content(pool):
    return numbers(pool.images.value)


def filled(size, seed=0):
    pool = ImagePool(size, SHAPE, seed=seed)
    put(pool, 1, size)
    return pool


@trains
def test_images_come_back_as_they_are_until_the_pool_is_full():
    pool = ImagePool(5, SHAPE)
    assert put(pool, 1, 2) == [1, 2]
    assert sorted(content(pool)) == [0, 0, 0, 1, 2] and int(pool.count) == 2
    assert put(pool, 3, 2) == [3, 4]
    assert put(pool, 5, 1) == [5]
    assert sorted(content(pool)) == [1, 2, 3, 4, 5] and int(pool.count) == 5


@trains
def test_a_batch_larger_than_what_is_left_fills_it_and_swaps_the_rest():
    outcomes = set()
    for seed in range(24):
        pool = ImagePool(5, SHAPE, seed=seed)
        put(pool, 1, 3)
        returned = put(pool, 4, 4)
        assert returned[:2] == [4, 5] and int(pool.count) == 5
        # Only what was there before the batch is swapped, never what the same batch has just filled in.
        assert all(image in (new, 1, 2, 3) for image, new in zip(returned[2:], (6, 7), strict=True))
        assert sorted(content(pool) + returned) == sorted([1, 2, 3, 4, 5, 6, 7, 4, 5])
        outcomes.add(tuple(image < 4 for image in returned[2:]))
    assert len(outcomes) == 4


@trains
def test_an_image_is_either_kept_or_returned_and_never_lost():
    pool, number = filled(6), 7
    for count in (1, 6, 4, 4, 6, 1):
        before, new = content(pool), list(range(number, number + count))
        returned = put(pool, number, count)
        assert sorted(content(pool) + returned) == sorted(before + new)
        number += count


@trains
def test_half_of_the_images_are_swapped_with_any_of_the_stored():
    pool, places, swaps, rounds = filled(8), np.zeros(8), 0, 100
    for number in range(rounds):
        before, first = content(pool), 100 + 4 * number
        returned = put(pool, first, 4)
        old = [image for image in returned if image < first]
        swaps += len(old)
        places[[before.index(image) for image in old]] += 1
    assert abs(swaps - 2 * rounds) < 4 * np.sqrt(rounds)  # 4 standard deviations of 4 * rounds tosses of a coin
    assert (np.abs(places - swaps / 8) < 4 * np.sqrt(swaps / 8)).all()


@trains
def test_images_beyond_the_size_of_the_pool_pass_through():
    pool = filled(3)
    returned = put(pool, 10, 5)
    assert returned[3:] == [13, 14]
    assert not {13, 14} & set(content(pool))


@trains
def test_a_pool_of_size_zero_is_none():
    pool = ImagePool(0, SHAPE)
    assert put(pool, 1, 3) == [1, 2, 3] and put(pool, 4, 3) == [4, 5, 6]


@trains
def test_swaps_follow_from_the_seed():
    first, again, other = ([put(pool, 100, 12) for pool in [filled(12, seed)]] for seed in (1, 1, 2))
    assert first == again != other


@trains
def test_images_stay_exact_in_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        pool = ImagePool(2, SHAPE)
        assert put(pool, 1001, 2) == [1001, 1002]  # bfloat16 has 8 bits
    finally:
        keras.config.set_dtype_policy("float32")
    assert sorted(content(pool)) == [1001, 1002]


class Recorder(StepModel):
    """Sends its batches through a pool, and remembers what came back."""

    reports = ("mean",)

    def __init__(self, size, images):
        super().__init__()
        self.pool, self.dense = ImagePool(size, SHAPE), keras.layers.Dense(1)
        self.dense.build((None, 1))
        self.returned = self.add_weight(name="returned", shape=(images, *SHAPE), initializer="zeros", trainable=False)
        self.compile({"dense": keras.optimizers.SGD()})

    def trains(self):
        return {"dense": [self.dense]}

    def step(self, batch):
        returned = self.pool(batch)
        self.returned.assign(ops.concatenate([self.returned[ops.shape(batch)[0] :], returned]))
        return {"mean": ops.mean(returned)}


@trains
@pytest.mark.parametrize("images", [40, 39])
def test_old_images_come_back_in_compiled_training(images):
    size, recorder = 6, Recorder(6, images)
    recorder.fit(make_images(1, images), batch_size=4, shuffle=False, verbose=0)
    returned = np.array(numbers(recorder.returned.value))
    new = np.arange(1, images + 1)
    age = new - returned
    assert (age[:size] == 0).all() and (age >= 0).all()
    assert 8 < (age[size:] > 0).sum() < images - size - 8
    assert age.max() > 8  # from several steps ago
    assert sorted([*content(recorder.pool), *returned]) == sorted([*new, *new[:size]])
