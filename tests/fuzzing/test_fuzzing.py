"""Damaged files of every kind: each is read, or there is one error that says so; `nightly.py` tries many more."""

import warnings

import numpy as np
import pytest

from tests.fuzzing.mutation import mutated
from tests.fuzzing.targets import targets

TRIES = 40


@pytest.mark.parametrize("kind", targets())
def test_damaged_files_are_read_or_refused(kind, tmp_path):
    target, rng = targets()[kind], np.random.default_rng(7)
    assert target.try_out(target.content, tmp_path), "the sound file is not read"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = [target.try_out(mutated(target.content, rng), tmp_path) for _ in range(TRIES)]
    assert not all(read)
