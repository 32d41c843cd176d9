"""The tests that need Keras, on every backend, each in a process of its own."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from autoseg.backends import BACKENDS

ROOT = Path(__file__).parents[1]
WORKERS = 2
COMMAND = ("pytest", "-m", "keras", "-q", "-p", "no:cacheprovider")


def command_on(backend, *arguments):
    """A Python command on a backend, as `subprocess` takes it."""
    # One thread each: processes share the cores, and sums come out in the same order every time.
    single = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
    environment = {**os.environ, **single, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "2"}
    return {"args": [sys.executable, "-m", *map(str, arguments)], "cwd": ROOT, "env": environment, "text": True}


class BackendSuites:
    """Begins with all backends at once, some at a time, while other tests run."""

    def __init__(self):
        self._pool, self._processes = ThreadPoolExecutor(WORKERS), []
        self._runs = {backend: self._pool.submit(self._run, backend) for backend in BACKENDS}

    def result(self, backend):
        """Exit status of a backend's tests and what they printed, as soon as they have ended."""
        return self._runs[backend].result()

    def summaries(self):
        """The last line of what the tests printed, of each backend where they have ended."""
        ended = {backend: run.result()[1] for backend, run in self._runs.items() if run.done() and not run.cancelled()}
        return {backend: (printed.splitlines() or ["nothing said"])[-1] for backend, printed in ended.items()}

    def stop(self):
        """End what still runs, as after an interruption."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in self._processes:
            process.kill()

    def _run(self, backend):
        pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        with subprocess.Popen(**command_on(backend, *COMMAND), **pipe) as process:
            self._processes.append(process)
            printed, _ = process.communicate()
        return process.returncode, printed
