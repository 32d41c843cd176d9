import json
import os
import subprocess
import sys

import pytest

from autoseg.backends import BACKENDS, choose_backend, installed_backends
from autoseg.errors import BackendError


def test_the_environment_decides():
    assert choose_backend({"KERAS_BACKEND": "jax"}, BACKENDS) == "jax"


@pytest.mark.parametrize(
    ("installed", "expected"),
    [(BACKENDS, "tensorflow"), (("torch", "jax"), "torch"), (("jax", "openvino"), "jax"), (("openvino",), "openvino")],
)
@pytest.mark.parametrize("environment", [{}, {"KERAS_BACKEND": ""}])
def test_without_it_the_first_installed_is_taken(environment, installed, expected):
    assert choose_backend(environment, installed) == expected


def test_none_installed_says_what_to_install():
    with pytest.raises(BackendError, match=r"pip install 'autoseg\[tensorflow\]' or pip install 'autoseg\[torch\]'"):
        choose_backend({}, ())


def test_a_missing_one_says_how_to_get_it_or_what_else_is_there():
    with pytest.raises(BackendError, match=r"'autoseg\[torch\]', or set KERAS_BACKEND to jax or openvino\."):
        choose_backend({"KERAS_BACKEND": "torch"}, ("jax", "openvino"))


def test_an_unknown_one_is_refused():
    with pytest.raises(BackendError, match=r"KERAS_BACKEND=pytorch is unknown\. Known are tensorflow, torch, jax"):
        choose_backend({"KERAS_BACKEND": "pytorch"}, BACKENDS)


def test_the_development_set_has_every_backend():
    assert installed_backends() == list(BACKENDS)


def test_a_keras_that_is_already_imported_is_respected():
    """OpenVINO, because it starts fastest."""
    code = "import keras, os; del os.environ['KERAS_BACKEND']; from autoseg import _backend; print(_backend.BACKEND)"
    environment = {**os.environ, "KERAS_BACKEND": "openvino"}
    output = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "openvino"


def test_tensorflow_is_loaded_without_a_word():
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    environment.pop("TF_CPP_MIN_LOG_LEVEL", None)
    code = "from autoseg import _backend; import os; os.write(2, b'W0000 later')"
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ("", "W0000 later")


def test_doctor_works_without_a_usable_backend():
    command = [sys.executable, "-m", "autoseg", "doctor", "--json"]
    environment = {**os.environ, "KERAS_BACKEND": "theano"}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    findings = json.loads(result.stdout)
    assert result.returncode == 1 and findings["backend"] is None
    assert "KERAS_BACKEND=theano is unknown" in findings["advice"][0]
