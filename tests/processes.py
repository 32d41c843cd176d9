"""Python on every backend, each in a process of its own."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from autoseg.backends import BACKENDS

ROOT = Path(__file__).parents[1]
SLOWEST_FIRST = sorted(BACKENDS, key=("tensorflow", "jax", "torch", "openvino").index)  # so that cores end together


def run_on(backend, *arguments):
    # One thread each: two processes share the cores, and sums come out in the same order every time.
    single = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
    environment = {**os.environ, **single, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "2"}
    command = [sys.executable, "-m", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def start_on_all(pool, *arguments):
    return {backend: pool.submit(run_on, backend, *arguments) for backend in SLOWEST_FIRST}


def run_on_all(*arguments):
    with ThreadPoolExecutor(2) as pool:
        return {backend: run.result() for backend, run in start_on_all(pool, *arguments).items()}
