import csv
import os
import subprocess
import sys
import time
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest

from autoseg._backend import BACKEND, keras, to_numpy
from autoseg.errors import ImageError, ModelError
from autoseg.training import callbacks as module
from autoseg.training.batches import Batches, fit
from autoseg.training.callbacks import BestWeights, Checkpoint, Log, Patience, Progress, SamplePictures
from tests.backend.compiled_once import new, state
from tests.backend.toy_gan import ToyGan, compiled, make_batches
from tests.marks import trains, trains_once

pytestmark = trains

EPOCHS = 5


def make_model(averaging=True):
    """Everything that has a state: averaged weights, batch statistics, seeds, a schedule."""
    layers, rng = keras.layers, np.random.default_rng(0)
    hidden = [layers.Dense(4), layers.BatchNormalization(), layers.Dropout(0.3, seed=1), layers.Dense(1)]
    model = keras.Sequential([keras.Input((3,)), *hidden])
    model.set_weights([np.abs(rng.normal(size=weight.shape)) for weight in model.get_weights()])
    rate = keras.optimizers.schedules.ExponentialDecay(0.05, decay_steps=4, decay_rate=0.5)
    model.compile(keras.optimizers.Adam(rate, use_ema=averaging, ema_momentum=0.8), loss="mse")
    return model


def sample(item, rng):
    x = rng.normal(size=3).astype("float32")
    return x, np.array([x.sum() + item], "float32")


def make_gan():
    return compiled(ToyGan(dropout=0.3, own_noise=True))


def train(folder, extra=(), every_epochs=1, epochs=EPOCHS, model=None):
    """All variables after a training that goes on from what is in the folder, its best validation and its history."""
    model = model or new(make_model)
    training, validation = Batches(range(8), sample, size=2), Batches(range(5), sample, size=2, shuffle=False)
    best = BestWeights()
    kit = [best, Log(folder / "log.csv"), Checkpoint(folder, every_epochs, parts=[best])]
    history = fit(model, training, epochs=epochs, validation=validation, callbacks=[*extra, *kit])
    return state(model), best.value, history.history


def assert_same_end(found, expected, folder, expected_folder):
    for a, b in zip(found[0], expected[0], strict=True):
        np.testing.assert_array_equal(a, b)
    assert found[1] == expected[1]
    assert (folder / "log.csv").read_bytes() == (expected_folder / "log.csv").read_bytes()
    assert not list(folder.glob(".partial-*"))
    for a, b in zip(checkpointed(folder), checkpointed(expected_folder), strict=True):
        np.testing.assert_array_equal(a, b)


def checkpointed(folder):
    with np.load(folder / "checkpoint.npz") as file:
        return [file[name] for name in sorted(file)]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    return train(folder), folder


class Interruption(keras.callbacks.Callback):
    """Ends the process, as it were, in one of Keras' hooks once the third epoch has begun."""

    def __init__(self, hook):
        super().__init__()
        self.epoch = -1
        setattr(self, hook, lambda *arguments, **settings: self.interrupt(*arguments))

    def on_train_batch_begin(self, batch, logs=None):
        self.epoch += batch == 0

    def interrupt(self, *arguments):
        if self.epoch == 2:
            raise KeyboardInterrupt


@pytest.mark.parametrize("hook", ["on_epoch_begin", "on_train_batch_end", "on_test_batch_end", "on_epoch_end"])
def test_a_resumed_training_equals_an_undisturbed_one(tmp_path, undisturbed, hook):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, extra=[Interruption(hook)])
    resumed = train(tmp_path)
    assert len(resumed[2]["loss"]) == 3 - (hook == "on_epoch_begin")
    assert_same_end(resumed, undisturbed[0], tmp_path, undisturbed[1])


@pytest.mark.parametrize("writer", ["savez", "log"])
def test_nor_does_it_matter_when_it_ends_within_or_between_files(tmp_path, undisturbed, monkeypatch, writer):
    """Half a checkpoint, with the epoch's row in the log already; or half a log, with no checkpoint of the epoch."""
    calls, write = [], {"savez": np.savez, "log": csv.DictWriter.writerows}[writer]

    def half(target, *arguments, **values):
        calls.append(target)
        if len(calls) == 3:
            if writer == "savez":
                Path(target).write_bytes(b"PK half a file")
            raise KeyboardInterrupt
        return write(target, *arguments, **values)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(*((module.np, "savez") if writer == "savez" else (csv.DictWriter, "writerows")), half)
        train(tmp_path)
    assert_same_end(train(tmp_path), undisturbed[0], tmp_path, undisturbed[1])


def test_fewer_checkpoints_lead_to_the_same_end(tmp_path, undisturbed):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, extra=[Interruption("on_train_batch_end")], every_epochs=2)
    resumed = train(tmp_path, every_epochs=2)
    assert len(resumed[2]["loss"]) == 3
    assert_same_end(resumed, undisturbed[0], tmp_path, undisturbed[1])


@trains_once
def test_a_killed_process_is_continued(tmp_path, undisturbed):
    script = f"from tests.training.test_callbacks import train_slowly; train_slowly({str(tmp_path)!r})"
    environment = {**os.environ, "KERAS_BACKEND": BACKEND}
    process = subprocess.Popen([sys.executable, "-c", script], cwd=Path(__file__).parents[2], env=environment)
    log, limit = tmp_path / "log.csv", time.monotonic() + 120
    while not (log.is_file() and len(log.read_text().splitlines()) > 2) and time.monotonic() < limit:
        assert process.poll() is None, "the training ended by itself"
        time.sleep(0.01)
    process.kill()
    assert process.wait() != 0
    (tmp_path / ".partial-left").mkdir()  # as of a process that was killed within a write
    resumed = train(tmp_path)
    assert 0 < len(resumed[2]["loss"]) < EPOCHS
    assert_same_end(resumed, undisturbed[0], tmp_path, undisturbed[1])


def train_slowly(folder):
    """Run in a process of its own, to be killed at any moment."""
    train(Path(folder), extra=[keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: time.sleep(0.2))])


def test_a_finished_training_stays_as_it_is(tmp_path, undisturbed):
    for name in ("checkpoint.npz", "log.csv"):
        (tmp_path / name).write_bytes((undisturbed[1] / name).read_bytes())
    again = train(tmp_path)
    assert again[2] == {}
    assert_same_end(again, undisturbed[0], tmp_path, undisturbed[1])


def test_step_models_go_on_exactly(tmp_path):
    def run(folder, extra=()):
        gan = new(make_gan)
        gan.fit(make_batches(4), batch_size=4, epochs=4, shuffle=False, verbose=0,
                callbacks=[*extra, Log(folder / "log.csv"), Checkpoint(folder)])  # fmt: skip
        return state(gan)

    first, second = tmp_path / "first", tmp_path / "second"
    expected = run(first)
    with pytest.raises(KeyboardInterrupt):
        run(second, [Interruption("on_train_batch_end")])
    for a, b in zip(run(second), expected, strict=True):
        np.testing.assert_array_equal(a, b)
    assert (first / "log.csv").read_bytes() == (second / "log.csv").read_bytes()


def test_the_best_epoch_in_validation_is_kept_with_averaged_weights(tmp_path):
    validated = []

    class Validated(keras.callbacks.Callback):
        def on_test_end(self, logs=None):  # before BestWeights goes back to what is trained
            validated.append((logs["loss"], [to_numpy(weight.value).copy() for weight in self.model.weights]))

    model = new(make_model)
    _, best, history = train(tmp_path, extra=[Validated()], epochs=8, model=model)
    losses = [loss for loss, _ in validated]
    assert losses == history["val_loss"] and best == min(losses) != losses[-1]
    kept = validated[int(np.argmin(losses))][1]
    for found, expected in zip(model.get_weights(), kept, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_validation_of_averages_leaves_the_training_alone(tmp_path):
    def last(name, callbacks):
        model, training = new(make_model), Batches(range(8), sample, size=2)
        validation = Batches(range(5), sample, size=2, shuffle=False)
        log = Log(tmp_path / name)
        fit(model, training, epochs=3, validation=validation, callbacks=[*callbacks, log])
        return rows(tmp_path / name)

    with_best, without = last("with.csv", [BestWeights()]), last("without.csv", [])
    assert [row["loss"] for row in with_best] == [row["loss"] for row in without]
    assert [row["val_loss"] for row in with_best] != [row["val_loss"] for row in without]


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_log_has_a_row_an_epoch_with_the_learning_rate(undisturbed):
    (_, best, history), folder = undisturbed
    found = rows(folder / "log.csv")
    assert [row["epoch"] for row in found] == [str(epoch) for epoch in range(EPOCHS)]
    assert [float(row["loss"]) for row in found] == history["loss"]
    rates = [0.05 * 0.5 ** (epoch + 1) for epoch in range(EPOCHS)]  # four steps an epoch
    np.testing.assert_allclose([float(row["learning_rate"]) for row in found], rates, rtol=1e-6)
    assert min(float(row["val_loss"]) for row in found) == best


def test_a_checkpoint_of_something_else_is_refused(tmp_path, undisturbed):
    path = tmp_path / "checkpoint.npz"
    path.write_bytes((undisturbed[1] / "checkpoint.npz").read_bytes())
    with pytest.raises(ModelError, match="Delete it to begin anew"):
        train(tmp_path, model=make_model(averaging=False))
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ModelError, match=r"checkpoint\.npz: cannot be used"):
        train(tmp_path)


def test_sample_pictures_are_written_every_few_epochs(tmp_path):
    shades = iter([10, 20])
    extra = [SamplePictures(tmp_path / "pictures", lambda: np.full((4, 6), next(shades), np.uint8), every=2)]
    train(tmp_path, extra)
    names = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert names == ["epoch_0002.png", "epoch_0004.png"]
    np.testing.assert_array_equal(imageio.imread(tmp_path / "pictures" / names[1]), np.full((4, 6), 20))


def test_a_sample_picture_must_be_one(tmp_path):
    with pytest.raises(ImageError, match="not float64"):
        train(tmp_path, [SamplePictures(tmp_path, lambda: np.zeros((4, 4)))])


def test_progress_counts_the_steps_of_the_whole_training(tmp_path, monkeypatch, capsys):
    bars = []

    class Bar(module.tqdm):
        def __init__(self, **settings):
            super().__init__(**{**settings, "disable": False})
            bars.append(self)

    monkeypatch.setattr(module, "tqdm", Bar)
    train(tmp_path, [Progress()], epochs=2)
    train(tmp_path, [Progress()], epochs=3)
    assert [(bar.initial, bar.n, bar.total) for bar in bars] == [(0, 8, 8), (8, 12, 12)]
    shown = capsys.readouterr().err
    assert "epoch 3/3" in shown and "val_loss=" in shown


def never_better(patience, epochs):
    """The learning rate of each epoch of a training in which no validation is better than the first one."""
    model, rates = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)]), []
    model.compile(keras.optimizers.Adam(1.0), loss="mse")

    def begin(epoch, logs=None):
        rates.append(round(float(to_numpy(model.optimizer.learning_rate)), 4))

    begins = keras.callbacks.LambdaCallback(on_epoch_begin=begin)
    constant = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(val_loss=1.0))
    training, validation = Batches(range(8), sample, size=4), Batches(range(5), sample, size=5, shuffle=False)
    fit(model, training, epochs=epochs, validation=validation, callbacks=[begins, constant, patience])
    return rates


@trains_once
def test_a_plateau_lowers_the_rate_and_ends_the_training():
    assert never_better(Patience("loss", "min", factor=0.1, lower_after=2, stop_after=5), 9) == [
        1,
        1,
        1,
        0.1,
        0.1,
        0.01,
    ]
    resumed = Patience("loss", "min", factor=0.5, lower_after=2)
    resumed.restore(Patience("loss", "min").state() | {"value": np.array(1.0), "waited": np.array(1)})
    assert never_better(resumed, 3) == [1, 0.5, 0.5]
