import numpy as np
import pytest

from autoseg._backend import BACKEND, keras
from autoseg.backends import TRAINABLE
from autoseg.errors import OptionsError
from autoseg.training import monitoring
from autoseg.training.batches import Batches, fit
from autoseg.training.callbacks import CHECKPOINT
from autoseg.training.monitoring import MonitoringOptions, watch

pytestmark = pytest.mark.skipif(BACKEND not in TRAINABLE, reason="this backend only predicts")


def train(folder, epochs, **options):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    batches = Batches(np.ones((4, 1), "float32"), lambda item, rng: (item, item), size=2)
    callbacks = watch(folder, MonitoringOptions(**options), lambda: np.zeros((4, 4), np.uint8))
    fit(model, batches, epochs=epochs, callbacks=callbacks)
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_all_that_is_written_is_in_its_place(tmp_path):
    files = train(tmp_path, 4, pictures_every=2)
    assert files == [CHECKPOINT, "log.csv", "pictures/epoch_0002.png", "pictures/epoch_0004.png"]
    assert (tmp_path / "log.csv").read_text(encoding="utf-8").count("\n") == 5


def test_pictures_can_be_left_out(tmp_path):
    assert train(tmp_path, 1, pictures_every=0) == [CHECKPOINT, "log.csv"]


def test_tensorboard_is_asked_for_only_where_it_is_installed(tmp_path, monkeypatch):
    monkeypatch.setattr(monitoring, "find_spec", lambda name: None)
    with pytest.raises(OptionsError, match="tensorboard and tensorflow must be installed"):
        train(tmp_path, 1, tensorboard=True)
