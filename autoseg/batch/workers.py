"""Workers on this machine: processes of Python's own, each with its share of the cores."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from autoseg.batch.crew import Crew, Died, Event, Finished, Returned
from autoseg.batch.plan import Chunk
from autoseg.batch.processing import TRIES, Job, process
from autoseg.errors import AutosegError

_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
)
"Variables by which libraries are told, before they are loaded, how many threads they may have."


@dataclass
class _Worker:
    process: BaseProcess
    connection: Connection
    chunk: Chunk | None = None
    is_ready: bool = field(default=False)


class Workers(Crew):
    """So many processes, each of which has one chunk; one that ends is replaced."""

    def __init__(self, job: Job, count: int):
        self._job, self._count = job, count
        self._workers: list[_Worker] = []
        self._failed_starts = 0

    def __enter__(self) -> Workers:
        """Begin without any: they start when there is work."""
        return self

    def __exit__(self, *ended: object) -> None:
        """Whatever happens, none stays behind."""
        for worker in self._workers:
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join()
            worker.connection.close()

    @property
    def has_room(self) -> bool:
        """Whether one is idle, or can be started."""
        return len(self._workers) < self._count or any(worker.chunk is None for worker in self._workers)

    @property
    def is_busy(self) -> bool:
        """Whether one has a chunk."""
        return any(worker.chunk is not None for worker in self._workers)

    def submit(self, chunk: Chunk) -> None:
        """Give a chunk to an idle worker, or to a new one."""
        worker = next((worker for worker in self._workers if worker.chunk is None), None) or self._start()
        worker.chunk = chunk
        with suppress(OSError):  # where it has ended, `wait` will notice
            worker.connection.send(chunk)

    def wait(self) -> Iterator[Event]:
        """What workers tell, and which of them have ended."""
        by_source = {worker.connection: worker for worker in self._workers}
        for source in wait(list(by_source)):
            worker = by_source[source]  # type: ignore[index]
            try:
                told = worker.connection.recv()
            except (EOFError, OSError):
                yield from self._bury(worker)
                continue
            yield from self._hear(worker, told)

    def _hear(self, worker: _Worker, told: tuple[str, ...]) -> Iterator[Event]:
        match told:
            case ("ready",):
                worker.is_ready, self._failed_starts = True, 0
            case ("finished",):
                assert worker.chunk is not None
                chunk, worker.chunk = worker.chunk, None
                yield Finished(chunk)
            case ("stopped", problem, file, advice):
                raise AutosegError(problem, file=file, advice=advice)

    def _bury(self, worker: _Worker) -> Iterator[Event]:
        self._workers.remove(worker)
        worker.process.join()
        worker.connection.close()
        code = worker.process.exitcode or 0
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        if not worker.is_ready:
            self._failed_starts += 1
            if self._failed_starts >= TRIES:
                raise AutosegError(f"no worker can be started: the last one {how}", advice="Try fewer of them.")
        if worker.chunk is not None:
            yield Died(worker.chunk, how) if worker.is_ready else Returned(worker.chunk)

    def _start(self) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        threads = max(1, cores() // self._count)
        made = context.Process(target=_serve, args=(theirs, self._job, threads), daemon=True)
        with _limited(threads):
            made.start()
        theirs.close()  # so that it is closed when the worker ends
        self._workers.append(_Worker(made, ours))
        return self._workers[-1]


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _limited(threads: int) -> Iterator[None]:
    """Processes that are started in this block have no more threads than these, unless the user says otherwise."""
    added = {name: str(threads) for name in _THREADS if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


def _serve(connection: Connection, job: Job, threads: int) -> None:
    """The life of a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever started it
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import cv2

    cv2.setNumThreads(threads)
    try:
        find = job.work.open()
        connection.send(("ready",))
        while True:
            process(job, find, [connection.recv()])
            connection.send(("finished",))
    except AutosegError as error:
        file = None if error.file is None else os.fspath(error.file)
        connection.send(("stopped", error.problem, file, error.advice))


def _end_with_parent() -> None:
    """Whoever kills the batch ends its workers, too, and may start it again."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
