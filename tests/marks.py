"""Marks of tests that run on some backends only."""

import pytest

from autoseg._backend import BACKEND
from autoseg.backends import TRAINABLE

trains = pytest.mark.skipif(BACKEND not in TRAINABLE, reason="this backend only predicts")
trains_once = pytest.mark.skipif(BACKEND != "torch", reason="is alike on every backend; others take longer to compile")
predicts_once = pytest.mark.skipif(BACKEND != "openvino", reason="is the same on every backend: OpenVINO predicts")
builds_once = pytest.mark.skipif(BACKEND != "openvino", reason="is told by Keras alone, whatever computes")
