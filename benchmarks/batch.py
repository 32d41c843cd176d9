"""How fast many images are worked through, and what it takes to plan and to go on with very many.

    python benchmarks/batch.py --images 40           one process on one core, two workers, one process on two cores
    python benchmarks/batch.py --tiny 100000         plan and resume of so many files of a few pixels

Images are made up: 1024 x 712 pixels with some hundred bright discs on a noisy ground. Each way of working is timed as
a user would start it, once for all images and once for a tenth of them: the difference leaves out the start and the
report. Where others work on the same machine, compare within one run only.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import tifffile

from autoseg.batch.committed import Committed
from autoseg.batch.outcome import Done
from autoseg.batch.plan import Planned, divide, plan_images
from autoseg.batch.store import Store
from autoseg.images.micrograph import Micrograph
from autoseg.images.names import refuse_inputs
from autoseg.images.segmentation import Segmentation, numbered
from autoseg.measurement.image_result import Recording, record_image
from autoseg.measurement.report import ReportOptions, recording_of, result_paths, write_results

PIPELINE = (
    "import sys, autoseg; from pathlib import Path; from autoseg.segmentation.pipeline import segment_all\n"
    "files = sorted(Path(sys.argv[1]).iterdir())\n"
    "autoseg.report(segment_all(files, 'particles'), sys.argv[2], inputs=files)"
)


def make_images(folder: Path, count: int) -> None:
    """Write micrographs of bright discs."""
    folder.mkdir()
    rows, columns = np.indices((712, 1024))
    for number in range(count):
        rng = np.random.default_rng(number)
        image = rng.normal(70, 8, rows.shape)
        for _ in range(120):
            row, column, radius = rng.uniform(0, 712), rng.uniform(0, 1024), rng.uniform(8, 22)
            image[np.hypot(rows - row, columns - column) < radius] += 70
        tifffile.imwrite(folder / f"{number:04d}.tif", np.clip(image, 0, 255).astype(np.uint8))


def time_ways(count: int, folder: Path) -> Iterator[tuple[str, float, float]]:
    """Each way of working, how many images it does in a second, and core-seconds for each."""
    few = max(2, count // 10)
    make_images(folder / "all", count)
    (folder / "few").mkdir()
    for path in sorted((folder / "all").iterdir())[:few]:
        (folder / "few" / path.name).symlink_to(path)
    segment = [sys.executable, "-m", "autoseg", "segment"]
    one_core = {min(os.sched_getaffinity(0))}
    ways = {
        "one process on one core": ([*segment], one_core),
        "two workers": ([*segment, "--workers", "2"], None),
        "one process, all cores": ([*segment], None),
        "report of segment_all, all cores": ([sys.executable, "-c", PIPELINE], None),
    }
    for name, (command, pinned) in ways.items():
        times = []
        for images in ("few", "all"):
            output = ["--output"] if command[1] == "-m" else []
            given = [*command, str(folder / images), *output, str(folder / f"{name} {images}")]
            before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
            pin = (lambda cores=pinned: os.sched_setaffinity(0, cores)) if pinned else None
            subprocess.run(given, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=pin)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            times.append((time.monotonic() - start, used))
        (wall, used), (wall_all, used_all) = times
        yield name, (count - few) / (wall_all - wall), (used_all - used) / (count - few)


def time_tiny(count: int, folder: Path) -> Iterator[tuple[str, float]]:
    """Seconds to plan so many files, to find what is done, and to make tables and report of it."""
    for number in range(count):
        path = folder / "images" / f"{number // 1000:04d}" / f"{number:07d}.tif"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"tiny")
    files = sorted((folder / "images").rglob("*.tif"))
    recording = recording_of(ReportOptions(save="none"), folder / "out")
    (folder / "out").mkdir()
    start = time.monotonic()
    planned = plan_images([[path] for path in files])
    refuse_inputs(result_paths(folder / "out", files), files)
    yield "plan", time.monotonic() - start
    commit_all(planned, recording)
    start = time.monotonic()
    planned = plan_images([[path] for path in files])
    refuse_inputs(result_paths(folder / "out", files), files)
    batch = Committed(planned, recording)
    assert not batch.missing
    yield "plan and resume", time.monotonic() - start
    start = time.monotonic()
    write_results(batch, ReportOptions(save="none"), datetime.now().astimezone())
    yield "tables and report", time.monotonic() - start


def commit_all(planned: Sequence[Planned], recording: Recording) -> None:
    """Commit the same small result for all of them: what is timed is what is made of it."""
    labels = np.zeros((32, 32), np.uint8)
    labels[4:14, 4:14] = labels[18:26, 18:26] = 1
    found = Segmentation(numbered(labels), None, Micrograph(labels, 2.0))
    recorded = record_image(found, recording, "tiny", 0, 0.0, pictured=False)
    store = Store(recording.folder)
    for chunk in divide(planned, 64):
        store.commit(chunk, [Done(recorded, 0.0)] * len(chunk))


def main() -> None:
    """Time what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=0)
    parser.add_argument("--tiny", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if asked.images:
            for name, speed, used in time_ways(asked.images, Path(folder)):
                print(f"{name:34} {speed:6.3f} images/s  {used:5.2f} core-seconds an image", flush=True)
        if asked.tiny:
            for name, seconds in time_tiny(asked.tiny, Path(folder)):
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
                print(f"{name:34} {seconds:6.1f} s  {peak:.2f} GiB at most until here", flush=True)


if __name__ == "__main__":
    main()
