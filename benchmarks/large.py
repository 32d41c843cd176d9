"""Large images in blocks: how many labels differ from those of the whole, how long it takes, and how much memory.

    python -m benchmarks.large --edge 4000 --blocks 512 1000 4000 [--whole] [--model particles]

The image is a square of discs, 40 pixels wide, on noise: 150 of them in a million pixels. Each way runs in a process of
its own; `--whole` adds the way without blocks, with which the others are compared pixel by pixel.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

WIDTH, PER_MILLION = 40, 150


def draw(edge: int) -> np.ndarray:
    """Discs on noise, uint8."""
    rng = np.random.default_rng(0)
    image = rng.integers(50, 70, (edge, edge), dtype=np.uint8)
    rows, columns = np.indices((WIDTH, WIDTH)) - WIDTH / 2 + 0.5
    bright = np.rint(110 * np.sqrt(np.clip(1 - (rows**2 + columns**2) / (WIDTH / 2) ** 2, 0, 1))).astype(np.uint8)
    for row, column in rng.integers(0, edge - WIDTH, (PER_MILLION * edge**2 // 10**6, 2)):
        place = image[row : row + WIDTH, column : column + WIDTH]
        np.maximum(place, 60 + bright, out=place, where=bright > 0)
    return image


def segment_here(model: str, image: Path, labels: Path, block: int | None) -> dict[str, float]:
    """Segment in this process, in blocks if there is an edge of these, and store the labels."""
    from autoseg.images.micrograph import Micrograph
    from autoseg.segmentation.segment import Segmenter

    segmenter = Segmenter(model, leave_out_letters=False)
    micrograph = Micrograph(np.load(image))
    start = time.monotonic()
    found = segmenter(micrograph) if block is None else segmenter.segment_in_blocks(micrograph, block)
    seconds = time.monotonic() - start
    np.save(labels, found.labels)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"particles": found.count, "seconds": round(seconds, 1), "peak GiB": round(peak, 2)}


def main() -> None:
    """Compare the ways."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edge", type=int, default=4000)
    parser.add_argument("--blocks", type=int, nargs="*", default=[512, 1000, 4000])
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--model", default="particles")
    parser.add_argument("--here", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.here:
        image, labels, block = asked.here
        print(json.dumps(segment_here(asked.model, Path(image), Path(labels), int(block) or None)))
        return
    with tempfile.TemporaryDirectory() as folder:
        image, first = Path(folder, "image.npy"), None
        np.save(image, draw(asked.edge))
        for block in [*([0] if asked.whole else []), *asked.blocks]:
            labels = Path(folder, "labels.npy")
            command = [sys.executable, "-m", "benchmarks.large", "--model", asked.model]
            command += ["--here", str(image), str(labels), str(block)]
            told = json.loads(
                subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
            )
            found = np.load(labels)
            first = found if first is None else first
            told["other pixels"] = int(np.sum((found > 0) != (first > 0)))
            told["other labels"] = count_others(first, found)
            print(f"block {block or 'none'}: {told}", flush=True)


def count_others(first: np.ndarray, second: np.ndarray) -> int:
    """How many particles of the first have not exactly the same pixels as one of the second."""
    pairs, counts = np.unique(np.stack([first.ravel(), second.ravel()]), axis=1, return_counts=True)
    areas, others = np.bincount(first.ravel()), np.bincount(second.ravel())
    same = (pairs[0] > 0) & (counts == areas[pairs[0]]) & (counts == others[pairs[1]])
    return int(first.max()) - int(same.sum())


if __name__ == "__main__":
    main()
