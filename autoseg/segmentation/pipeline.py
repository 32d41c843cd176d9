"""Many micrographs, one after the other: while one is predicted, the next is read and the last one finished."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from autoseg.errors import AutosegError
from autoseg.images.micrograph import Micrograph
from autoseg.images.pages import in_pages
from autoseg.images.segmentation import Segmentation
from autoseg.segmentation.adaptation import Adaptation
from autoseg.segmentation.options import SegmentOptions
from autoseg.segmentation.pyramid import Level
from autoseg.segmentation.segment import AnyModel, Result, Segmenter

Predicted = tuple[tuple[Level, ...], Adaptation] | Segmentation
AHEAD = 3
"Images in work at a time: one that is read, one that is predicted and one that is finished."


def segment_all(
    paths: Iterable[str | os.PathLike[str]],
    model: AnyModel | Segmenter,
    options: SegmentOptions | None = None,
    **changes: Any,
) -> Iterator[Result | AutosegError]:
    """For each path, in order, what is in its image, or the error that says why there are none; the rest goes on.

    A `Segmenter` has its options already.

    Results come as they are ready, and no more than a few images are in memory at a time. Where several pages of files
    are asked for, each is an image.
    """
    segmenter = model if isinstance(model, Segmenter) else Segmenter(model, options, **changes)
    reading = segmenter.options.read
    return _work(in_pages(paths, reading.page, reading.max_pixels), segmenter)


def _work(paths: Iterable[str | os.PathLike[str]], segmenter: Segmenter) -> Iterator[Result | AutosegError]:
    pools = reading, predicting, finishing = [ThreadPoolExecutor(1) for _ in range(AHEAD)]
    started: deque[Future[Result]] = deque()
    try:
        for path in paths:
            micrograph = reading.submit(segmenter.read, path)
            predicted = predicting.submit(_predict, segmenter, micrograph)
            started.append(finishing.submit(_finish, segmenter, micrograph, predicted))
            if len(started) == AHEAD:
                yield _result(started.popleft())
        while started:
            yield _result(started.popleft())
    finally:
        for pool in reversed(pools):  # what runs may still wait for the pools before
            pool.shutdown(cancel_futures=True)


def _predict(segmenter: Segmenter, micrograph: Future[Micrograph]) -> Predicted:
    if (edge := segmenter.block_edge(micrograph.result())) is not None:
        return segmenter.segment_in_blocks(micrograph.result(), edge)  # here, lest two large images be in work
    adaptation = segmenter.choose(micrograph.result())
    return segmenter.predict_levels(micrograph.result(), adaptation), adaptation


def _finish(segmenter: Segmenter, micrograph: Future[Micrograph], predicted: Future[Predicted]) -> Result:
    found = predicted.result()
    return found if isinstance(found, Segmentation) else segmenter.finish(micrograph.result(), *found)


def _result(finished: Future[Result]) -> Result | AutosegError:
    try:
        return finished.result()
    except AutosegError as error:
        return error
