"""Chunks worked through in this process, one image after the other; each chunk is committed when it is done."""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from autoseg.batch.outcome import Done, Failed, Outcome
from autoseg.batch.plan import Chunk, Planned
from autoseg.batch.store import Store
from autoseg.batch.work import Find, Found, Work
from autoseg.errors import AutosegError
from autoseg.images.pages import page_of
from autoseg.measurement.image_result import Recording, record_image
from autoseg.measurement.intake import writing_to

TRIES = 3
"What may be gone the next time, such as a server that does not answer, is tried so often."
_PASSING = {
    getattr(errno, name)
    for name in ("EIO", "ESTALE", "ETIMEDOUT", "EAGAIN", "EBUSY", "ECONNRESET", "EHOSTDOWN", "EHOSTUNREACH", "ENETDOWN")
    if hasattr(errno, name)
}
_log = logging.getLogger("autoseg")

Tell = Callable[[int], None]
"Is told how many more images are done."


@dataclass(frozen=True)
class Job:
    """What is done with each image of a batch: small enough to be sent to other processes."""

    work: Work
    recording: Recording


def process(job: Job, find: Find, chunks: Sequence[Chunk], tell: Tell = lambda done: None) -> None:
    """Work through the chunks, and commit each; where that is ended, what is done until then is committed, too."""
    store = Store(job.recording.folder)
    arrivals = _arrive([image for chunk in chunks for image in chunk], find)
    for chunk in chunks:
        outcomes: list[Outcome] = []
        try:
            for image in chunk:
                outcomes.append(_record(image, *next(arrivals), job.recording))
                tell(1)
        except BaseException:
            with suppress(OSError):  # the disk may be full
                store.commit(chunk[: len(outcomes)], outcomes)
            raise
        with writing_to(store.folder):
            store.commit(chunk, outcomes)


def _arrive(images: Sequence[Planned], find: Find) -> Iterator[tuple[Found, float]]:
    """What is in each image, and how long it was waited for; whatever goes wrong, the others go on."""
    done, tries = 0, 0
    while done < len(images):
        stream = find(images[done:])
        while done < len(images):
            start = time.monotonic()
            broken = False
            try:
                found = next(stream)
            except Exception as error:
                found, broken = _unexpected(error, images[done]), True
            tries += 1
            if isinstance(found, AutosegError) and may_pass(found) and tries < TRIES:
                _log.info("%s: %s; tried again", images[done].path, found.problem)
                break
            done, tries = done + 1, 0
            yield found, time.monotonic() - start
            if broken:
                break


def may_pass(error: BaseException | None) -> bool:
    """Whether what went wrong may be gone the next time: the network or a device, not the image."""
    while error is not None:
        if isinstance(error, TimeoutError) or (isinstance(error, OSError) and error.errno in _PASSING):
            return True
        error = error.__cause__ or error.__context__
    return False


def _unexpected(error: Exception, image: Planned) -> AutosegError:
    """An error that nobody thought of ends no batch, but is told in full to those who ask for it."""
    _log.info("%s: failed unexpectedly", image.path, exc_info=error)
    failed = AutosegError(f"failed unexpectedly ({type(error).__name__}: {error})", file=image.path)
    failed.__cause__ = error
    return failed


def _of_page(error: AutosegError, image: Planned) -> AutosegError:
    """What went wrong, and on which page, where the image is one of several."""
    number = page_of(image.file)
    return (
        error
        if number is None
        else AutosegError(f"page {number} {error.problem}", file=error.file, advice=error.advice)
    )


def _record(image: Planned, found: Found, seconds: float, recording: Recording) -> Outcome:
    if isinstance(found, AutosegError):
        return Failed(_of_page(found, image), seconds)
    start = time.monotonic()
    with writing_to(recording.folder):
        try:
            recorded = record_image(found, recording, image.name, image.place, seconds, image.pictured)
        except AutosegError as error:
            failed = AutosegError(error.problem, file=image.path, advice=error.advice)
            return Failed(_of_page(failed, image), seconds)
        except OSError:
            raise  # what cannot be written is no fault of the image
        except Exception as error:
            return Failed(_of_page(_unexpected(error, image), image), seconds)
    return Done(recorded, seconds + time.monotonic() - start)
