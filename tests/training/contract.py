"""What every trainer keeps to: shared by their tests."""

import shutil

import numpy as np
import pytest

from autoseg._backend import BACKEND, keras, to_numpy
from autoseg.training.callbacks import Checkpoint
from tests.marks import trains  # noqa: F401


@pytest.fixture(autouse=True, scope="module")
def brief_compilation(tmp_path_factory):
    """JAX spends minutes on optimizing what runs for milliseconds here, and again for every trainer of one kind."""
    if BACKEND != "jax":
        yield
        return
    import jax
    from jax.experimental.compilation_cache.compilation_cache import reset_cache

    def use(brief, folder):
        jax.config.update("jax_disable_most_optimizations", brief)
        jax.config.update("jax_compilation_cache_dir", folder)
        reset_cache()

    use(True, str(tmp_path_factory.mktemp("compiled")))
    yield
    use(False, None)


def count_calls(network):
    """A list that grows by one with every call of the network."""
    calls, call = [], network.call
    network.call = lambda *arguments, **settings: calls.append(network) or call(*arguments, **settings)
    return calls


def values(variables):
    return [to_numpy(variable.value).copy() for variable in variables]


def moved(before, after):
    return [not np.array_equal(a, b) for a, b in zip(before, after, strict=True)]


def trained_weights(trainer, part):
    return values(variable for network in trainer.trains()[part] for variable in network.trainable_variables)


def fit(trainer, batches, batch_size, **settings):
    """Losses of every epoch, in the order of `reports`: (epochs, reports)."""
    history = trainer.fit(batches, batch_size=batch_size, shuffle=False, verbose=0, **settings).history
    return np.array([history[name] for name in trainer.reports]).T


class Snapshot(keras.callbacks.Callback):
    """A copy of the folder as it was when this epoch began, for a training that was killed therein."""

    def __init__(self, folder, copy, epoch):
        super().__init__()
        self.folder, self.copy, self.epoch = folder, copy, epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            shutil.copytree(self.folder, self.copy)


def train_undisturbed(make, train, epochs, folder):
    """A trainer, its losses, and the folder of one that was killed after half of the epochs."""
    trainer, own, killed = make(), folder / "undisturbed", folder / "killed"
    own.mkdir()
    losses = train(trainer, epochs=epochs, callbacks=[Snapshot(own, killed, epochs // 2), Checkpoint(own)])
    return trainer, losses, killed


def check_resumed_training_equals_an_uninterrupted_one(make, train, undisturbed, losses, killed):
    """`make()` a trainer, `train(trainer, callbacks=...)` it to its losses; the rest is of `train_undisturbed`."""
    resumed = make()
    np.testing.assert_array_equal(train(resumed, callbacks=[Checkpoint(killed)]), losses[len(losses) // 2 :])
    assert not any(moved(values(undisturbed.variables), values(resumed.variables)))
    assert not any(moved(values(undisturbed.optimizer.variables), values(resumed.optimizer.variables)))


def check_each_optimizer_moves_its_own_networks(trainer, batch):
    """In a step in which it alone has a learning rate."""
    for active in trainer.trains():
        trainer.compile({name: keras.optimizers.SGD(0.1 * (name == active)) for name in trainer.trains()})
        before = {name: trained_weights(trainer, name) for name in trainer.trains()}
        trainer.step(batch)
        changed = [name for name in before if any(moved(before[name], trained_weights(trainer, name)))]
        assert changed == [active]


def check_compiled_and_eager_training_are_alike(make, train):
    eager = make()
    eager.run_eagerly = True
    np.testing.assert_allclose(train(make()), train(eager), rtol=1e-4, atol=1e-6)


def check_mixed_precision_learns_alike(trainer, train, expected, rtol):
    """`trainer` is one whose networks were built for bfloat16; `expected` are the losses without."""
    networks = [network for part in trainer.trains().values() for network in part]
    assert all("bfloat16" in {layer.compute_dtype for layer in network.layers} for network in networks)
    assert keras.config.dtype_policy().name == "float32"
    step, types = trainer.step, set()

    def watched(batch):
        losses = step(batch)
        types.update(keras.backend.standardize_dtype(loss.dtype) for loss in losses.values())
        return losses

    trainer.step = watched
    np.testing.assert_allclose(train(trainer), expected, rtol=rtol, atol=rtol)
    assert types == {"float32"}
