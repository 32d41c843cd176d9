"""Python on every backend, each in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from autoseg.backends import BACKENDS

ROOT = Path(__file__).parents[1]
SLOWEST_FIRST = sorted(BACKENDS, key=("tensorflow", "jax", "torch", "openvino").index)  # so that cores end together


def start_on(backend, *arguments, **streams):
    # One thread each: two processes share the cores, and sums come out in the same order every time.
    single = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
    environment = {**os.environ, **single, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "2"}
    command = [sys.executable, "-m", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **streams)


def run_on(backend, *arguments):
    """Its exit status, and all that it said."""
    process = start_on(backend, *arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said, _ = process.communicate()
    return process.returncode, said


def run_on_all(pool, *arguments):
    return {backend: pool.submit(run_on, backend, *arguments) for backend in SLOWEST_FIRST}


def exchange_on_all(folder):
    """Let all of them at once write what is compared, and then read what the others wrote.

    Each compiles its networks only once, and waits in between until all have written. Returns who failed, and what it
    said.
    """
    said = {backend: (folder / f"{backend}.txt").open("w+", encoding="utf-8") for backend in SLOWEST_FIRST}
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    processes = {
        backend: start_on(backend, "tests.exchange", folder, stderr=said[backend], **streams) for backend in said
    }
    for process in processes.values():
        process.stdout.readline()
    for process in processes.values():
        process.stdin.close()
    failed = {backend for backend, process in processes.items() if process.wait() != 0}
    return {backend: Path(said[backend].name).read_text(encoding="utf-8") for backend in failed}
