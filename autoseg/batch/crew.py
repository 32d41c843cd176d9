"""Who works on chunks, and what becomes of them: chunks whose worker dies are halved until the culprit is alone."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from autoseg.batch.outcome import Failed
from autoseg.batch.plan import Chunk
from autoseg.batch.processing import TRIES, Tell
from autoseg.batch.store import Store
from autoseg.errors import AutosegError
from autoseg.images.pages import page_of
from autoseg.measurement.intake import writing_to

_log = logging.getLogger("autoseg")


class Finished(NamedTuple):
    """A chunk is committed."""

    chunk: Chunk


class Died(NamedTuple):
    """The worker on a chunk ended."""

    chunk: Chunk
    how: str


class Returned(NamedTuple):
    """A chunk was not begun, and somebody else has to do it."""

    chunk: Chunk


Event = Finished | Died | Returned


class Crew(ABC):
    """Workers, wherever they are."""

    @property
    @abstractmethod
    def has_room(self) -> bool:
        """Whether another chunk may be handed out: not all at once, for there may be very many."""

    @property
    @abstractmethod
    def is_busy(self) -> bool:
        """Whether any chunk is handed out."""

    @abstractmethod
    def submit(self, chunk: Chunk) -> None:
        """Hand out a chunk."""

    @abstractmethod
    def wait(self) -> Iterable[Event]:
        """Wait until something happens."""


def lead(crew: Crew, chunks: Iterable[Chunk], store: Store, tell: Tell) -> None:
    """Let a crew work on all chunks; an image that ends its worker again and again, alone, has failed.

    Of what a worker had when it ended, anything may have been the reason. So suspects are handed out at the end, one at
    a time, while nobody does anything else.
    """
    for suspect in _work(crew, deque(chunks), tell):
        died = [suspect]
        for _ in range(TRIES):
            died = died and _work(crew, deque([suspect.chunk]), tell)
        if died:
            _give_up(suspect.chunk, died[0].how, store)
            tell(1)


def _work(crew: Crew, waiting: deque[Chunk], tell: Tell) -> list[Died]:
    """Let a crew work on chunks, those whose workers end being halved; single images at which a worker ended."""
    suspects = []
    while waiting or crew.is_busy:
        while waiting and crew.has_room:
            crew.submit(waiting.popleft())
        for event in crew.wait():
            match event:
                case Finished(chunk):
                    tell(len(chunk))
                case Returned(chunk):
                    waiting.appendleft(chunk)
                case Died(chunk, how) if len(chunk) > 1:
                    _log.info("a worker %s; its %d images are divided", how, len(chunk))
                    waiting.extendleft((chunk[len(chunk) // 2 :], chunk[: len(chunk) // 2]))
                case Died():
                    suspects.append(event)
    return suspects


def _give_up(chunk: Chunk, how: str, store: Store) -> None:
    """Note the image, or the page, that ends whoever works on it."""
    number = page_of(chunk[0].file)
    place = "" if number is None else f"page {number}: "
    problem = f"{place}the process that worked on it {how}, {TRIES} times"
    advice = "It may need more memory than there is."
    with writing_to(store.folder):
        store.commit(chunk, [Failed(AutosegError(problem, file=chunk[0].path, advice=advice))])
