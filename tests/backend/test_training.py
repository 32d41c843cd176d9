"""The contract of the seam, on whichever backend this process has."""

import os

import numpy as np
import pytest

import autoseg._backend as seam
from autoseg._backend import keras, ops
from autoseg._backend.loading import without_greeting
from autoseg.backends import TRAINABLE
from autoseg.errors import BackendError
from autoseg.training.callbacks import Checkpoint

from .compiled_once import new
from .toy_gan import FEATURES, ToyGan, compiled, fit, make_batches

trains = pytest.mark.skipif(seam.BACKEND not in TRAINABLE, reason="this backend only predicts")


def values(variables):
    return [seam.to_numpy(variable.value).copy() for variable in variables]


def moved(before, after):
    return [not np.array_equal(a, b) for a, b in zip(before, after, strict=True)]


@trains
def test_input_gradient_is_the_slope():
    gan, points = ToyGan(), np.random.default_rng(1).normal(size=(5, FEATURES)).astype("float32")
    slope = seam.to_numpy(seam.input_gradient(lambda x: gan.critic(x), ops.convert_to_tensor(points)))
    step = 1e-2
    for i in range(FEATURES):
        offset = step * np.eye(FEATURES, dtype="float32")[i]
        rise = seam.to_numpy(gan.critic(points + offset)) - seam.to_numpy(gan.critic(points - offset))
        np.testing.assert_allclose(slope[:, i], rise[:, 0] / (2 * step), rtol=2e-3, atol=2e-4)


@trains
def test_gradient_of_the_penalty_agrees_with_finite_differences():
    gan, points = ToyGan(), np.random.default_rng(1).normal(size=(5, FEATURES)).astype("float32")
    points = ops.convert_to_tensor(points)
    kernel = gan.critic.trainable_variables[0]
    _, _, (gradient, *_) = seam.value_and_gradients(lambda: (gan.penalty(points), None), gan.critic.trainable_variables)
    start, step = values([kernel])[0], 1e-2

    def penalty(i, j, offset):
        changed = start.copy()
        changed[i, j] += offset
        kernel.assign(changed)
        return float(seam.to_numpy(gan.penalty(points)))

    numeric = [[(penalty(i, j, step) - penalty(i, j, -step)) / (2 * step) for j in range(8)] for i in range(FEATURES)]
    np.testing.assert_allclose(seam.to_numpy(gradient), numeric, rtol=5e-3, atol=1e-3)


@trains
def test_a_variable_without_a_part_in_the_loss_has_a_zero_gradient():
    gan = ToyGan()
    kernel, other = gan.critic.trainable_variables[0], gan.generator.trainable_variables[0]
    _, aux, (own, foreign) = seam.value_and_gradients(lambda: (ops.sum(kernel**2), 7), [kernel, other])
    np.testing.assert_allclose(seam.to_numpy(own), 2 * values([kernel])[0], rtol=1e-6)
    assert not seam.to_numpy(foreign).any() and aux == 7


@trains
def test_only_the_named_sub_models_move():
    class CriticOnly(ToyGan):
        def step(self, batch):
            real, noise = batch["real"], batch["noise"]
            loss, fake = self.minimize(
                "critic",
                lambda: (ops.mean(self.critic(self.generator(noise)) - self.critic(real)), self.generator(noise)),
            )
            return {"critic": loss, "generator": ops.mean(fake), "penalty": loss}

    gan = compiled(CriticOnly())
    critic, generator = values(gan.critic.variables[:2]), values(gan.generator.weights)
    fit(gan, make_batches(2))
    assert all(moved(critic, values(gan.critic.variables[:2])))
    assert not any(moved(generator, values(gan.generator.weights)))


@trains
def test_batch_norm_statistics_and_seeds_advance():
    gan = compiled(ToyGan(dropout=0.3, own_noise=True))
    batch_norm = next(layer for layer in gan.generator.layers if "batch_norm" in layer.name)
    state = [
        batch_norm.moving_mean,
        batch_norm.moving_variance,
        gan.seeds.state,
        gan.critic.layers[1].seed_generator.state,
    ]
    before = values(state)
    fit(gan, make_batches(2))
    after = values(state)
    assert all(moved(before, after))
    # One draw of noise a step; dropout is drawn at the penalty's points, the fakes and the reals, then at the fakes.
    assert after[2][1] - before[2][1] == 2 and after[3][1] - before[3][1] == 8


@trains
def test_compiled_and_eager_steps_give_the_same_losses():
    batches = make_batches(3)
    compiled_losses = fit(compiled(ToyGan(), jit_compile=seam.BACKEND != "torch"), batches)
    np.testing.assert_allclose(compiled_losses, fit(compiled(ToyGan(), run_eagerly=True), batches), rtol=2e-5)


@trains
def test_resumed_training_equals_an_uninterrupted_one(tmp_path):
    class Interruption(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    def make():
        return compiled(ToyGan(dropout=0.3, own_noise=True))

    batches = make_batches(4)
    with pytest.raises(KeyboardInterrupt):
        fit(new(make), batches, epochs=4, callbacks=[Checkpoint(tmp_path), Interruption()])
    undisturbed, resumed = new(make), make()
    losses = fit(undisturbed, batches, epochs=4)
    np.testing.assert_array_equal(losses[2:], fit(resumed, batches, epochs=4, callbacks=[Checkpoint(tmp_path)]))
    assert not any(moved(values(undisturbed.variables), values(resumed.variables)))
    assert not any(moved(values(undisturbed.optimizer.variables), values(resumed.optimizer.variables)))


@trains
def test_the_optimizer_group_schedules_all_members():
    adam, seen = keras.optimizers.Adam, []

    class Watch(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append([float(member.learning_rate) for member in self.model.optimizer.members.values()])

    gan = ToyGan()
    gan.compile({"critic": adam(2e-3), "generator": adam(1e-3)})
    halve = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate if epoch == 0 else rate / 2)
    fit(gan, make_batches(1), epochs=3, callbacks=[halve, Watch()])
    np.testing.assert_allclose(seen, [[2e-3, 1e-3], [1e-3, 5e-4], [5e-4, 2.5e-4]], rtol=1e-6)


@trains
def test_optimizers_must_fit_what_is_trained():
    with pytest.raises(BackendError, match="critic, generator"):
        ToyGan().compile({"critic": keras.optimizers.Adam()})


@trains
def test_mixed_precision_keeps_losses_in_float32_and_learns():
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        gan = compiled(ToyGan())
        losses = fit(gan, make_batches(3))
    finally:
        keras.config.set_dtype_policy(policy)
    assert gan.critic.layers[0].compute_dtype == "bfloat16"
    np.testing.assert_allclose(losses, fit(compiled(ToyGan()), make_batches(3)), rtol=0.05, atol=0.02)


@trains
def test_no_graph_is_kept_in_inference():
    critic, points = ToyGan().critic, np.ones((2, FEATURES), "float32")
    with seam.inference(device="cpu:0"):
        output = critic(points)
    assert not getattr(output, "requires_grad", False)
    np.testing.assert_allclose(seam.to_numpy(output), seam.to_numpy(critic(points)), rtol=1e-6)


def test_to_numpy_gives_float32_for_bfloat16():
    array = seam.to_numpy(ops.cast(ops.convert_to_tensor(np.array([1.5, -2.0], "float32")), "bfloat16"))
    assert array.dtype == np.float32 and array.tolist() == [1.5, -2.0]


def test_devices_are_named():
    assert any("cpu" in device.lower() for device in seam.devices())


def test_what_goes_wrong_while_libraries_are_loaded_is_told(capfd, monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "2")
    with pytest.raises(ImportError), without_greeting():
        os.write(2, b"I0000 hello\nE0000 a library is broken\n")
        raise ImportError
    assert capfd.readouterr().err == "E0000 a library is broken\n"


@pytest.mark.skipif(seam.BACKEND in TRAINABLE, reason="this backend trains")
def test_a_backend_without_gradients_says_what_to_do():
    with pytest.raises(BackendError, match="Set KERAS_BACKEND to tensorflow"):
        seam.value_and_gradients(lambda: (0.0, None), [])
