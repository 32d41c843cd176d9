"""One command tests everything: what needs Keras runs on every backend, each backend in a process of its own.

Without KERAS_BACKEND, modules that need Keras are left to `tests/test_backends.py`, which starts these processes.
Where it is set, everything runs here, on that backend alone; `-m keras` chooses only what needs one.
"""

import gc
import os
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.processes import exchange_on_all, run_on_all

gc.set_threshold(50_000, 20, 100)  # else Python looks through all the objects of Keras again and again

ONE_BACKEND = bool(os.environ.get("KERAS_BACKEND"))
if os.environ.get("KERAS_BACKEND") == "jax":  # it spends minutes on optimizing networks that run for milliseconds here
    os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_use_fusion_emitters=false")
ROOT = Path(__file__).parent
KNOWN = "AUTOSEG_TESTS_NEED_KERAS"  # hands on to the backends' processes what the first process has found out
SUMMARIES = pytest.StashKey[dict[str, str]]()  # the last line of each backend's own test run


def pytest_configure():
    """Let TensorFlow, too, not optimize what runs for milliseconds; it knows no variable for that."""
    if os.environ.get("KERAS_BACKEND") == "tensorflow":
        import tensorflow

        tensorflow.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


@cache
def files_that_need_keras():
    if KNOWN not in os.environ:
        command = [sys.executable, "-m", "tests.without_keras"]
        os.environ[KNOWN] = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {ROOT / name for name in os.environ[KNOWN].splitlines()}


def needs_keras(path):
    return path in files_that_need_keras()


def is_lazy(path):
    return path.name == "__init__.py" and "import lazily" in path.read_text(encoding="utf-8")


def pytest_ignore_collect(collection_path, config):
    """Modules of which no test would be chosen are not even imported.

    Nor are packages whose names are imported at first use: pytest would look at each of them, and so import Keras.
    """
    if not ONE_BACKEND:
        return True if needs_keras(collection_path) or is_lazy(collection_path) else None
    left_out = config.option.markexpr == "keras" and collection_path.is_file() and not needs_keras(collection_path)
    return True if left_out else None


def pytest_collection_modifyitems(config, items):
    if not ONE_BACKEND:  # what waits for the other processes comes last
        items.sort(key=lambda item: bool(item.get_closest_marker("across_backends")))
        return
    for item in items:
        if needs_keras(item.path):
            item.add_marker("keras")
    elsewhere = [item for item in items if item.get_closest_marker("across_backends")]
    config.hook.pytest_deselected(items=elsewhere)
    items[:] = [item for item in items if item not in elsewhere]


class Started(NamedTuple):
    """What runs on every backend beside the tests of this process, which leave a core without work."""

    suites: dict[str, Future]
    "What needs Keras."
    exchange: Future | None
    "What the backends write there for each other, and read."
    folder: Path


@pytest.fixture(scope="session", autouse=True)
def started(request, tmp_path_factory):
    needed = {name for item in request.session.items for name in getattr(item, "fixturenames", ())}
    folder = tmp_path_factory.mktemp("exchange")
    with ThreadPoolExecutor(2) as pool:
        command = "pytest", "-m", "keras", "-q", "-p", "no:cacheprovider"
        suites = run_on_all(pool, *command) if "suites" in needed else {}
        exchange = pool.submit(exchange_on_all, folder) if "exchanged" in needed else None
        yield Started(suites, exchange, folder)
        pool.shutdown(cancel_futures=True)


def pytest_terminal_summary(terminalreporter, config):
    for backend, summary in config.stash.get(SUMMARIES, {}).items():
        terminalreporter.write_line(f"{backend}: {summary}")


def pytest_sessionfinish(session):
    """Somebody who asks for a module that needs Keras gets told how, not just "no tests ran"."""
    asked = [Path(argument.split("::")[0]) for argument in session.config.args]
    if not ONE_BACKEND and any(path.is_file() and needs_keras(path.resolve()) for path in asked):
        pytest.exit("This needs a backend: set KERAS_BACKEND to tensorflow, torch, jax or openvino.", returncode=4)
