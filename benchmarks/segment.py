"""Where the time of `autoseg segment` goes: processor seconds of the start, and of each part of an image.

    python -m benchmarks.segment IMAGE... [--model particles] [--repeats 3] [--against CHECKOUT]

Processor time is user and system, of all threads: what other programs do counts less in it than in elapsed time. Each
image is segmented anew `repeats` times after one that does not count, and the median is printed. `--against` runs
another checkout in turn with this one, process by process, and prints both and their ratio.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PARTS = ("read", "choose", "predict", "part", "measure", "overlay", "rois", "labels", "probability", "others")
"Of an image. `choose`: polarity and scale are tried on windows; `predict`: the network on the whole image."
LEAST = ("read", "choose", "predict", "part", "measure", "labels")
"What labels and tables need."


class Clock:
    """Processor seconds of this process by part."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        start = processor_seconds()
        yield
        self.seconds[name].append(processor_seconds() - start)


def processor_seconds() -> float:
    """User and system time of all threads of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def measure_here(model: str, images: list[Path], repeats: int) -> dict[str, float]:
    """The median processor seconds of every part, in this process, from its beginning."""
    clock = Clock()
    with clock.part("start: imports"):
        import autoseg.cli.segment  # noqa: F401
        from autoseg.segmentation.segment import Segmenter
    clock.seconds["start: imports"][0] = processor_seconds()  # Python itself, too
    with clock.part("start: model"):
        segmenter = Segmenter(model)
    for repeat in range(repeats + 1):
        if repeat == 1:
            clock.seconds = defaultdict(list, {k: v for k, v in clock.seconds.items() if k.startswith("start")})
        for image in images:
            segment_timed(segmenter, image, clock)
    medians = {name: statistics.median(values) for name, values in clock.seconds.items()}
    medians["peak MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return medians


def segment_timed(segmenter, image: Path, clock: Clock) -> None:
    """Segment one image and write all its files, part by part."""
    import numpy as np

    from autoseg.images.export import ENDINGS, ON_REQUEST, export
    from autoseg.images.overlay import OverlayOptions
    from autoseg.measurement.report import report
    from autoseg.measurement.shape import measure
    from autoseg.measurement.sizes import SizeOptions, describe_sizes
    from autoseg.measurement.thumbnails import draw_small_overlay

    with clock.part("read"):
        micrograph = segmenter.read(image)
    with clock.part("choose"):
        adaptation = segmenter.choose(micrograph)
    with clock.part("predict"):
        levels = segmenter.predict_levels(micrograph, adaptation)
    with clock.part("part"):
        found = segmenter.finish(micrograph, levels, adaptation)
    with clock.part("measure"):
        table = measure(found).drop(columns="image")
        describe_sizes(table, np.random.default_rng(0), SizeOptions())
    with tempfile.TemporaryDirectory() as folder:
        usual = [kind for kind in ENDINGS if kind not in ON_REQUEST]
        for kind in usual:
            with clock.part(kind if kind in PARTS else "others"):
                export(found, Path(folder), image.stem, [kind], table)
        with clock.part("others"):
            draw_small_overlay(found, OverlayOptions())
    with tempfile.TemporaryDirectory() as folder:
        start = processor_seconds()
        report([found], folder)
        whole = processor_seconds() - start
        of_image = sum(clock.seconds[name][-1] for name in ("measure", *usual) if name in clock.seconds)
        clock.seconds["batch: tables and page"].append(max(whole - of_image, 0.0))


def run(checkout: Path, model: str, images: list[Path], repeats: int) -> dict[str, float]:
    """What `measure_here` finds in a process of its own, with the package of a checkout."""
    environment = {"KERAS_BACKEND": "openvino", **os.environ, "PYTHONPATH": str(checkout)}
    command = [sys.executable, str(Path(__file__).resolve()), "--inside", "--model", model, "--repeats", str(repeats)]
    done = subprocess.run([*command, *images], env=environment, cwd=checkout, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def totals(seconds: dict[str, float]) -> dict[str, float]:
    """All parts, and their sums."""
    sums = {
        "an image, all files": sum(seconds.get(part, 0.0) for part in PARTS),
        "an image, labels and tables": sum(seconds.get(part, 0.0) for part in LEAST),
    }
    return seconds | sums


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", nargs="+", type=Path)
    parser.add_argument("--model", default="particles")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3, help="processes of each checkout, in turn")
    parser.add_argument("--against", type=Path, help="another checkout")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    images = [image.resolve() for image in asked.images]
    if asked.inside:
        print(json.dumps(measure_here(asked.model, images, asked.repeats)))
        return
    checkouts = [Path(__file__).resolve().parents[1], *([asked.against.resolve()] if asked.against else [])]
    found = [[totals(run(one, asked.model, images, asked.repeats)) for one in checkouts] for _ in range(asked.rounds)]
    for name in found[0][0]:
        columns = [[one[place].get(name, 0.0) for one in found] for place in range(len(checkouts))]
        ours, *theirs = map(statistics.median, columns)
        other = "".join(f"{value:10.3f}{ours / value if value else float('nan'):8.2f}" for value in theirs)
        print(f"{name:28}{ours:10.3f}{other}")


if __name__ == "__main__":
    main()
