"""Two devices learn what one does, on whichever backend this process has; here, both are processors."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from autoseg._backend import BACKEND
from autoseg._backend.parallel import device_count, is_first, own_share, train_on, usable_devices
from autoseg.backends import TRAINABLE
from autoseg.errors import BackendError

trains = pytest.mark.skipif(BACKEND not in TRAINABLE, reason="this backend only predicts")
PROCESSES = 2 if BACKEND == "torch" else 1
TOTAL = 3  # epochs


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """What `two_devices` computed: by training, devices ("1", "2" or "resumed") and process."""
    if BACKEND == "torch" and len(usable_devices()) < 2:
        pytest.skip("this computer has one core")
    folder = tmp_path_factory.mktemp("parallel")
    command = [sys.executable, "-m", "tests.backend.two_devices", str(folder)]
    environment = {**os.environ, "KERAS_BACKEND": BACKEND}
    run = subprocess.run(
        command, cwd=Path(__file__).parents[2], env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    *uneven, late = run.stdout.splitlines()
    assert late == "late.tif: is empty"  # an error in the last process is that of the training
    # Processes of PyTorch validate all by themselves: nothing has to be shared.
    told = "2 devices cannot share batches of 3 and 4 in the validation of a UnmixedGan. Validate a multiple of 2 items"
    assert [line.startswith(told) for line in uneven] == ([] if BACKEND == "torch" else [True])
    return {tuple(path.stem.split()): dict(np.load(path)) for path in folder.glob("*.npz")}


def assert_alike(found, expected, rtol=0.0, atol=0.0):
    assert found.keys() == expected.keys()
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=rtol, atol=atol, err_msg=name)


@trains
@pytest.mark.parametrize("training", ["train_gan", "train_regression", "train_on_pairs"])
def test_two_devices_learn_as_one_with_batches_twice_as_large(trained, training):
    one, two = trained[training, "1", "0"], trained[training, "2", "0"]
    assert len(one["loss" if "loss" in one else "critic"]) == TOTAL
    assert_alike(two, one, rtol=1e-5, atol=1e-6)


@trains
def test_two_devices_draw_different_random_numbers(trained):
    one, two = (trained["dream", devices, "0"]["noise"] for devices in "12")
    if BACKEND == "jax":  # which draws for the whole batch, and cuts that
        assert_alike(trained["dream", "2", "0"], trained["dream", "1", "0"], rtol=1e-5, atol=1e-6)
    else:  # each epoch reports the mean of what both have drawn: were they equal, of what one had
        assert np.abs(one - two).min() > 1e-3


@trains
@pytest.mark.parametrize("training", ["train_on_pairs", "dream"])
def test_a_resumed_training_equals_an_undisturbed_one(trained, training):
    undisturbed, resumed = trained[training, "2", "0"], trained[training, "resumed", "0"]
    logs = {name: values[-1:] for name, values in undisturbed.items() if "weight" not in name}
    assert_alike(resumed, undisturbed | logs)


@trains
def test_all_processes_have_the_same_weights_and_logs(trained):
    firsts = [key for key in trained if key[2] == "0" and key[1] != "1"]
    assert len(firsts) == 6 and len(trained) == 4 + 6 * PROCESSES
    for training, devices, _ in firsts:
        for process in range(1, PROCESSES):
            assert_alike(trained[training, devices, str(process)], trained[training, devices, "0"])


@trains
@pytest.mark.parametrize("devices", [None, 0, 1])
def test_on_one_device_the_function_is_simply_called(devices):
    calls = []
    train_on(devices, calls.append, "once")
    assert calls == ["once"] and device_count() == 1 and own_share() == (0, 1) and is_first()


@trains
@pytest.mark.parametrize("devices", [-1, 10_000])
def test_more_devices_than_there_are_cannot_train(devices):
    with pytest.raises(BackendError, match=f"on {devices} devices: {BACKEND} has {len(usable_devices())} "):
        train_on(devices, pytest.fail, "it was called")


@pytest.mark.skipif(BACKEND in TRAINABLE, reason="this backend trains")
def test_a_backend_without_gradients_says_what_to_do():
    with pytest.raises(BackendError, match="Set KERAS_BACKEND to tensorflow"):
        train_on(2, pytest.fail, "it was called")
