"""Runs the tests marked `keras` on every backend, each in a process of its own, and compares what they computed."""

import numpy as np
import pytest

from autoseg.backends import BACKENDS, TRAINABLE
from conftest import SUMMARIES

pytestmark = pytest.mark.across_backends

REFERENCE = BACKENDS[0]


@pytest.fixture(scope="module")
def suites(request, started):
    runs = {backend: run.result() for backend, run in started.suites.items()}
    last_lines = {backend: (said.splitlines() or ["nothing said"])[-1] for backend, (_, said) in runs.items()}
    request.config.stash[SUMMARIES] = last_lines
    return runs


@pytest.fixture(scope="module")
def exchanged(started):
    assert started.exchange.result() == {}
    return started.folder


@pytest.mark.parametrize("backend", BACKENDS)
def test_suite_passes(suites, backend):
    status, said = suites[backend]
    assert status == 0, said


@pytest.mark.parametrize("backend", BACKENDS[1:])
def test_initial_weights_follow_from_the_seed_alone(exchanged, backend):
    expected, found = (np.load(exchanged / name / "initial.npz") for name in (REFERENCE, backend))
    assert set(found) == set(expected)
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


@pytest.mark.parametrize("backend", BACKENDS[1:])
def test_predictions_are_equal_from_equal_weights(exchanged, backend):
    expected, found = (np.load(exchanged / name / "predictions.npz") for name in (REFERENCE, backend))
    assert set(found) == set(expected)
    for output in expected:
        np.testing.assert_allclose(found[output], expected[output], atol=1e-4, err_msg=output)


@pytest.mark.parametrize("backend", BACKENDS)
def test_weights_files_of_every_backend_predict_the_same_on_this_one(exchanged, backend):
    expected, found = np.load(exchanged / REFERENCE / "predictions.npz"), np.load(exchanged / backend / "exchanged.npz")
    assert set(found) == {f"{writer}/{output}" for writer in BACKENDS for output in expected}
    for name in found:
        output = name.partition("/")[2]
        np.testing.assert_allclose(found[name], expected[output], atol=1e-4, err_msg=name)


@pytest.mark.parametrize("backend", TRAINABLE[1:])
def test_losses_are_equal_from_equal_weights_and_data(exchanged, backend):
    expected, found = (np.load(exchanged / name / "losses.npz")["first"] for name in (REFERENCE, backend))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("backend", TRAINABLE)
def test_a_checkpoint_of_every_backend_goes_on_alike_on_this_one(exchanged, backend):
    expected = np.load(exchanged / REFERENCE / "resumed.npz")[REFERENCE]
    found = np.load(exchanged / backend / "resumed.npz")
    assert set(found) == set(TRAINABLE)
    for writer in TRAINABLE:
        np.testing.assert_allclose(found[writer], expected, rtol=1e-4, err_msg=writer)
