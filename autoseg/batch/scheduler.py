"""Workers on many machines, through Dask's scheduler; its state is none of ours, as what is done is committed in files.

Dask sends pickles and asks for no password: the scheduler belongs on this machine, or behind TLS.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from autoseg.batch.agreement import identity_digest
from autoseg.batch.crew import Crew, Died, Event, Finished, Returned
from autoseg.batch.plan import Chunk
from autoseg.batch.processing import Job, process
from autoseg.batch.work import Find
from autoseg.errors import AutosegError, OptionsError

PATIENCE = 300.0
"Seconds without any worker after which the batch ends, as it would wait for ever."
_TIMEOUT = 20
_STEP = 2.0
_IN_FLIGHT = 2
"Chunks that a worker has at a time: one to work on, and the next one."
_log = logging.getLogger("autoseg")


class Scheduled(Crew):
    """The workers of a scheduler, however many there are at a time."""

    def __init__(self, job: Job, address: str):
        if find_spec("distributed") is None:
            raise OptionsError("a scheduler needs one more package", advice="Run: pip install distributed")
        absolute = dataclasses.replace(job.recording, folder=job.recording.folder.absolute())
        self._job, self.address = dataclasses.replace(job, recording=absolute), address
        self._digest = identity_digest(job.work)
        self._futures: dict[Any, Chunk] = {}
        self._alone_since: float | None = None

    def __enter__(self) -> Scheduled:
        """Connect."""
        from distributed import Client

        for name in ("distributed", "distributed.client", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters, we say
        try:
            self._client = Client(self.address, timeout=_TIMEOUT, set_as_default=False)
        except (OSError, ValueError) as error:
            raise AutosegError(f"no scheduler answers at {self.address} ({error})", advice="Start one.") from error
        return self

    def __exit__(self, *ended: object) -> None:
        """Take back what is not begun, and leave the workers to others."""
        with suppress(Exception):  # of a scheduler that is gone
            self._client.cancel(list(self._futures), force=True)
        self._client.close(timeout=5)

    @property
    def has_room(self) -> bool:
        """Whether each worker has enough to do."""
        return len(self._futures) < _IN_FLIGHT * max(1, self._count_workers())

    @property
    def is_busy(self) -> bool:
        """Whether any chunk is handed out."""
        return bool(self._futures)

    def submit(self, chunk: Chunk) -> None:
        """Send a chunk to the scheduler."""
        images = [
            dataclasses.replace(image, sources=tuple(one._replace(path=one.absolute) for one in image.sources))
            for image in chunk
        ]
        future = self._client.submit(work_on, self._job, self._digest, images, pure=False, retries=0)
        self._futures[future] = chunk

    def wait(self) -> Iterator[Event]:
        """What has become of chunks; an error where there is no worker for too long."""
        from distributed import TimeoutError as Nothing
        from distributed import wait
        from distributed.client import FuturesCancelledError

        try:
            with self._client.as_current():
                done = wait(list(self._futures), timeout=_STEP, return_when="FIRST_COMPLETED").done
        except Nothing:
            done = set()
        except (OSError, RuntimeError, FuturesCancelledError) as error:
            raise self._lost("the connection is lost") from error
        self._look_for_workers()
        for future in done:
            yield self._hear(future, self._futures.pop(future))

    def _hear(self, future: Any, chunk: Chunk) -> Event:
        from distributed.scheduler import KilledWorker

        if future.status == "finished":
            return Finished(chunk)
        if future.status in ("cancelled", "lost"):
            if self._client.status != "running":
                raise self._lost(self._client.status)
            return Returned(chunk)
        error = future.exception()
        if isinstance(error, KilledWorker):
            return Died(chunk, "ended")
        if isinstance(error, AutosegError):
            raise error
        return Died(chunk, f"failed unexpectedly ({type(error).__name__}: {error})")

    def _count_workers(self) -> int:
        if self._client.status != "running":
            raise self._lost(self._client.status)
        return len(self._client.scheduler_info(n_workers=-1)["workers"])

    def _look_for_workers(self) -> None:
        now = time.monotonic()
        if self._count_workers():
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
        elif now - self._alone_since > PATIENCE:
            problem = f"the scheduler has had no worker for {PATIENCE:.0f} s; {len(self._futures)} chunks wait for one"
            raise AutosegError(problem, file=self.address, advice="Start workers.")

    def _lost(self, reason: str) -> AutosegError:
        return AutosegError(f"the scheduler does not answer any more ({reason})", file=self.address)


_ONE_AT_A_TIME = threading.Lock()  # a worker may have threads, but libraries use all its cores already
_opened: dict[str, Find] = {}


def work_on(job: Job, digest: str, chunk: Chunk) -> None:
    """What a worker does with a chunk: what is opened for the first one stays open."""
    with _ONE_AT_A_TIME:
        if digest not in _opened:
            if identity_digest(job.work) != digest:
                problem = "a worker has another model under this name, or another version of autoseg"
                raise AutosegError(problem, advice="Install the same on all machines.")
            _opened[digest] = job.work.open()
        if not Path(job.recording.folder).is_dir():
            problem = "is not there on a worker's machine"
            raise AutosegError(problem, file=job.recording.folder, advice="All machines must see the same folders.")
        process(job, _opened[digest], [chunk])
