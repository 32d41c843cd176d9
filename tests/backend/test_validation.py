"""What a model with a step of its own reports of a validation, and that it leaves the training alone."""

from functools import cache

import numpy as np
import pytest

from autoseg._backend import StepModel, keras, ops, to_numpy
from autoseg.errors import OptionsError
from autoseg.training import batches
from autoseg.training.batches import Batches
from autoseg.training.batches import fit as fit_batches
from autoseg.training.callbacks import BestWeights, Checkpoint, Log
from tests.marks import trains

from .compiled_once import new, state
from .toy_gan import BATCH, ToyGan, compiled, fit, make_batches

pytestmark = trains

EPOCHS = 6
HELD_OUT = make_batches(2, seed=9)


def values(variables):
    return [to_numpy(variable.value).copy() for variable in variables]


def assert_same(found, expected):
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def by_hand(gan):
    """What the validation of `HELD_OUT` has to report: the means over its two batches."""
    distances, penalties = [], []
    for part in (slice(0, BATCH), slice(BATCH, 2 * BATCH)):
        real, fake = HELD_OUT["real"][part], to_numpy(gan.generator(HELD_OUT["noise"][part]))
        distances.append(np.mean(to_numpy(gan.critic(real))) - np.mean(to_numpy(gan.critic(fake))))
        penalties.append(to_numpy(gan.penalty(ops.convert_to_tensor((real + fake) / 2))))
    return {"distance": np.mean(distances), "penalty": np.mean(penalties)}


class Seen(keras.callbacks.Callback):
    """What is in the model while it is validated, and what the epoch reports in the end."""

    def __init__(self):
        super().__init__()
        self.expected, self.weights, self.reports = [], [], []

    def on_test_end(self, logs=None):
        self.expected.append(by_hand(self.model))
        self.weights.append(values(self.model.weights))

    def on_epoch_end(self, epoch, logs=None):
        self.reports.append(dict(logs))


AVERAGING = 0.6


def make():
    return compiled(ToyGan(own_noise=True), AVERAGING)


@cache
def undisturbed():
    """A training with averaged weights, of which the best validated ones are kept: its end, and what was seen."""
    gan, seen, best = new(make), Seen(), BestWeights(monitor="penalty")
    losses = fit(gan, make_batches(3), EPOCHS, validation_data=HELD_OUT, callbacks=[seen, best])
    return state(gan), losses, seen, best


def test_evaluation_reports_the_means_over_batches_and_moves_nothing():
    gan = new(make)
    fit(gan, make_batches(2))
    before = values([*gan.weights, gan.seeds.state, *gan.optimizer.variables])
    found = gan.evaluate(HELD_OUT, batch_size=BATCH, verbose=0, return_dict=True)
    assert_same(values([*gan.weights, gan.seeds.state, *gan.optimizer.variables]), before)
    assert found == pytest.approx(by_hand(gan), rel=1e-5)


def test_a_training_reports_what_averaged_weights_do_in_validation():
    _, losses, seen, _ = undisturbed()
    for report, expected, row in zip(seen.reports, seen.expected, losses, strict=True):
        assert report.keys() == {"critic", "generator", "penalty", "val_distance", "val_penalty"}
        assert {name: report[f"val_{name}"] for name in expected} == pytest.approx(expected, rel=1e-5)
        assert [report[name] for name in ToyGan.reports] == row.tolist()


def test_a_training_goes_on_as_if_there_was_no_validation():
    _, losses, seen, _ = undisturbed()
    alone, trained = new(make), []
    keep = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: trained.append(values(alone.weights)))
    assert_same(fit(alone, make_batches(3), EPOCHS, callbacks=[keep]), losses)
    # What is validated is not what is trained.
    assert all(np.abs(a[0] - b[0]).max() > 1e-5 for a, b in zip(trained[1:], seen.weights[1:], strict=True))


def test_validated_weights_are_the_averages_of_each_optimizer():
    gan, averages = new(make), []
    trained = {name: [] for name in gan.trains()}

    class Keep(keras.callbacks.Callback):
        def on_test_begin(self, logs=None):
            for name, (network,) in gan.trains().items():
                trained[name].append(values(network.trainable_variables))

        def on_test_end(self, logs=None):
            averages.append({name: values(network.trainable_variables) for name, (network,) in gan.trains().items()})

    fit(gan, make_batches(1), 3, validation_data=HELD_OUT, callbacks=[Keep(), BestWeights(monitor="distance")])
    for name, steps in trained.items():
        average = steps[0]  # the average begins with the first step
        for step, found in zip(steps, averages, strict=True):
            average = [AVERAGING * a + (1 - AVERAGING) * b for a, b in zip(average, step, strict=True)]
            for a, b in zip(found[name], average, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("monitor", "mode"), [("penalty", "min"), ("distance", "max"), ("distance", "min")])
def test_the_best_weights_of_any_report_are_put_in_place(monitor, mode):
    gan, seen, best = new(make), Seen(), BestWeights(monitor=monitor, mode=mode)
    fit(gan, make_batches(3), EPOCHS, validation_data=HELD_OUT, callbacks=[seen, best])
    found = [report[f"val_{monitor}"] for report in seen.reports]
    assert best.value == (min if mode == "min" else max)(found)
    assert_same(values(gan.weights), seen.weights[found.index(best.value)])
    assert by_hand(gan)[monitor] == pytest.approx(best.value, rel=1e-5)


def test_what_is_not_validated_cannot_be_monitored():
    with pytest.raises(OptionsError, match='distance, penalty tells nothing of "loss"'):
        fit(new(make), make_batches(1), validation_data=HELD_OUT, callbacks=[BestWeights()])


def test_a_resumed_training_goes_on_alike(tmp_path):
    def train(gan, folder, extra=()):
        best = BestWeights(monitor="penalty")
        callbacks = [*extra, best, Log(folder / "log.csv"), Checkpoint(folder, parts=[best])]
        fit(gan, make_batches(3), EPOCHS, validation_data=HELD_OUT, callbacks=callbacks)
        return gan, best.value

    def interrupt(epoch, logs):
        if epoch == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(new(make), tmp_path, [keras.callbacks.LambdaCallback(on_epoch_begin=interrupt)])
    resumed, value = train(make(), tmp_path)
    expected, _, seen, best = undisturbed()
    assert value == best.value
    assert_same(state(resumed), expected)
    rows = (tmp_path / "log.csv").read_text().splitlines()
    assert rows[0] == "epoch,critic,generator,penalty,val_distance,val_penalty,learning_rate"
    assert [float(row.split(",")[5]) for row in rows[1:]] == [report["val_penalty"] for report in seen.reports]


def test_learning_rates_follow_a_validation():
    adam, rates = keras.optimizers.Adam, []

    class Worse(ToyGan):
        """Whatever it learns, its validation tells the same."""

        validates = ("error",)

        def validation_step(self, batch):
            return {"error": ops.mean(batch["real"] ** 2)}

    gan = Worse()
    gan.compile({"critic": adam(2e-3), "generator": adam(1e-3)})
    keep = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: rates.append([float(m.learning_rate) for m in gan.optimizer.members.values()])
    )
    plateau = keras.callbacks.ReduceLROnPlateau("val_error", factor=0.5, patience=1, mode="min")
    fit(gan, make_batches(1), 3, validation_data=HELD_OUT, callbacks=[plateau, keep])
    np.testing.assert_allclose(rates, [[2e-3, 1e-3], [1e-3, 5e-4], [5e-4, 2.5e-4]], rtol=1e-6)


def test_random_numbers_of_a_validation_are_not_missed_in_the_training():
    class Noisy(ToyGan):
        validates = ("noise",)

        def validation_step(self, batch):
            return {"noise": keras.random.normal((), seed=self.seeds)}

    def train(**settings):
        return fit(compiled(Noisy(own_noise=True)), make_batches(2), 2, **settings)

    assert_same(train(validation_data=HELD_OUT), train())


def test_batches_are_validated_whatever_their_sizes():
    def sample(item, rng):
        return {"real": HELD_OUT["real"][item], "noise": HELD_OUT["noise"][item]}

    gan, seen = compiled(ToyGan()), Seen()
    held_out = Batches(range(2 * BATCH), sample, size=BATCH, shuffle=False)
    fit_batches(gan, Batches(range(8), sample, size=BATCH), epochs=2, validation=held_out, callbacks=[seen])
    for report, expected in zip(seen.reports, seen.expected, strict=True):
        assert {name: report[f"val_{name}"] for name in expected} == pytest.approx(expected, rel=1e-5)
    uneven = Batches(range(BATCH + 1), sample, size=BATCH, shuffle=False)
    history = fit_batches(gan, Batches(range(8), sample, size=BATCH), epochs=1, validation=uneven).history
    assert np.isfinite(history["val_distance"]).all()


@pytest.mark.parametrize(("count", "sizes"), [(BATCH + 1, f"1 and {BATCH}"), (3, "3")])
def test_what_several_devices_cannot_share_is_refused_before_anything_is_learned(monkeypatch, count, sizes):
    def sample(item, rng):
        return {"real": HELD_OUT["real"][item], "noise": HELD_OUT["noise"][item]}

    gan, held_out = compiled(ToyGan()), Batches(range(count), sample, size=BATCH, shuffle=False)
    before = values(gan.variables)
    monkeypatch.setattr(batches, "device_count", lambda: 2)
    with pytest.raises(OptionsError, match=rf"2 devices cannot share batches of {sizes} .* ToyGan\. .*multiple of 2"):
        fit_batches(gan, Batches(range(8), sample, size=BATCH), epochs=1, validation=held_out)
    assert_same(values(gan.variables), before)


def test_a_model_without_a_validation_says_so():
    class Plain(StepModel):
        reports = ("loss",)

        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(1)
            self.dense.build((None, 1))
            self.compile({"dense": keras.optimizers.SGD()})

        def trains(self):
            return {"dense": [self.dense]}

        def step(self, batch):
            return {"loss": self.minimize("dense", lambda: (ops.mean(self.dense(batch) ** 2), None))[0]}

    ones = np.ones((4, 1), "float32")
    with pytest.raises(NotImplementedError, match="Plain has no validation step"):
        Plain().fit(ones, validation_data=ones, verbose=0)
