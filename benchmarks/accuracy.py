"""How good trained models are on images of which the truth is known, as the Markdown tables that a model's card shows.

Several models are taken for trainings of one recipe that differ in their seeds: their mean and standard deviation
follow. Particles are scored one to one at an IoU of 0.5; instance IoU is the score as it was published, for which true
particles that touch are one: it says little where the truth has no lines between particles, as label images have none.
Sizes are those of all particles, in nm where all pixel sizes are known.

With --pictures, the worst place of each image is drawn: the micrograph, and beside it true particles in green, missed
ones in yellow, false ones in orange, merged ones in purple, split ones in blue, and the truth as white lines. Such a
picture shows a part of the image, so that only images which are free may go into a card.

    python benchmarks/accuracy.py particles --images datasets/samples --truth datasets/samples/truth
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imageio.v3 as imageio
import numpy as np

from autoseg.cli.inputs import micrographs_in
from autoseg.errors import AutosegError, ImageError
from autoseg.evaluation import Scores, draw_errors, pool_scores
from autoseg.evaluation.batch import EvaluateOptions, FileScores
from autoseg.evaluation.files import by_stem, label_files, read_pair
from autoseg.evaluation.overlaps import find_overlaps
from autoseg.evaluation.overview import size_rows
from autoseg.files import written_whole
from autoseg.images.labels import write_labels
from autoseg.images.micrograph import read
from autoseg.images.names import names_for
from autoseg.models.config import ModelScore
from autoseg.models.folder import load_model
from autoseg.segmentation.pipeline import segment_all
from autoseg.segmentation.segment import Segmenter

COLUMNS = {
    "image IoU": "image_iou",
    "Youden": "youden",
    "instance IoU": "instance_iou_8",
    "F1": "f1",
    "AP": "average_precision",
    "mean best IoU": "mean_best_iou",
}
CROP, MAGNIFICATION = 160, 2
LARGEST = 150_000  # bytes of a picture, so that a card stays light


@dataclass
class Result:
    """The scores of a model, and how long it took for an image, from its file to its labels."""

    files: FileScores
    scores: Scores
    seconds: float
    processor_seconds: float

    @property
    def numbers(self) -> dict[str, float | None]:
        """What the table tells, by the names of the scores, and the relative error of D50."""
        found = self.scores.published.to_dict() | self.scores.particles.to_dict()
        error = (self.scores.sizes_nm or self.scores.sizes_px).relative_error(50)
        return {**{name: found[name] for name in COLUMNS.values()}, "d50_error": error}

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain numbers, ready for JSON."""
        return {"seconds": self.seconds, "processor_seconds": self.processor_seconds, **self.files.to_dict()}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="MODEL", help="name of a model, or its folder")
    parser.add_argument("--images", type=Path, required=True, help="folder of micrographs")
    parser.add_argument("--truth", type=Path, required=True, help="folder of true masks or labels, named as the images")
    parser.add_argument("--polarity", choices=("auto", "model", "bright", "dark"), default="auto")
    parser.add_argument("--minimum-size", type=int, default=10, help="pixels of the smallest particle that counts")
    parser.add_argument("--called", default="images", help="what the images are, such as 'SEM images of TiO2'")
    parser.add_argument("--json", type=Path, help="file for all numbers, and for an entry of `scores` in config.json")
    parser.add_argument("--pictures", type=Path, help="folder for pictures of the worst places; of free images only")
    return parser.parse_args()


def find_images(folder: Path, truth: Path) -> tuple[dict[str, Path], dict[str, Path]]:
    """The micrographs of which the truth is known, and the truth, by their names."""
    images, true = micrographs_in(folder), by_stem(label_files(truth))
    if not (common := sorted(images.keys() & true.keys())):
        raise ImageError(f"has no image with a name of those in {truth}", file=folder)
    left_out = [f"{len(found) - len(common)} of the {what}" for what, found in (("images", images), ("truth", true))]
    print(f"{len(common)} images; without a partner: {left_out[0]}, {left_out[1]}\n", flush=True)
    return {name: images[name] for name in common}, {name: true[name] for name in common}


def measure(
    model: str, images: Mapping[str, Path], truth: Mapping[str, Path], options: argparse.Namespace, folder: Path
) -> Result:
    """Segment the images into a folder, and score them."""
    segmenter = Segmenter(load_model(model), polarity=options.polarity)
    clock, processor = time.perf_counter(), time.process_time()
    for name, found in zip(images, segment_all(list(images.values()), segmenter), strict=True):
        if isinstance(found, AutosegError):
            raise found
        write_labels(folder / f"{name}_labels.tif", found.labels, found.micrograph.pixel_size)
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    pairs = {name: (folder / f"{name}_labels.tif", truth[name]) for name in images}
    files = FileScores(pairs, EvaluateOptions(minimum_size=options.minimum_size), scenes=images)
    files.score(pairs)
    for failure in files.failures.values():
        raise failure
    return Result(files, pool_scores(list(files.scores.values())), clock / len(images), processor / len(images))


def draw_worst(found: FileScores, folder: Path) -> None:
    """For each image the square with most of what is wrong in it, and the bare micrograph to the left of it."""
    for name, pair in found.pairs.items():
        scene, minimum_size = read(found.scenes[name]), found.options.minimum_size
        labels, truth = read_pair(*pair, found.options.kind, scene.info_bar)
        field, nothing = scene.pixels[: len(truth)], np.zeros_like(truth)
        bare, errors = (
            draw_errors(*pair, field, minimum_size=minimum_size) for pair in ((nothing, nothing), (labels, truth))
        )
        row, column = worst_place(labels, truth, minimum_size)
        square = np.s_[row : row + CROP, column : column + CROP]
        picture = np.hstack([bare[square], np.full_like(bare[square][:, :2], 255), errors[square]])
        write_small(folder / f"{name}_worst.png", picture.repeat(MAGNIFICATION, axis=0).repeat(MAGNIFICATION, axis=1))


def write_small(path: Path, picture: np.ndarray) -> None:
    """Write a PNG that is light enough for a card."""
    with written_whole(path) as partial:
        imageio.imwrite(partial, picture, optimize=True)
        if (size := partial.stat().st_size) > LARGEST:
            raise ImageError(f"would have {size // 1000} kB", file=path, advice="Draw a smaller part of the image.")


def worst_place(labels: np.ndarray, truth: np.ndarray, minimum_size: int) -> tuple[int, int]:
    """First row and column of the square with the most pixels in particles whose best IoU is below 0.5."""
    overlaps = find_overlaps(labels, truth, minimum_size=minimum_size)
    sides = (
        (labels, overlaps.predicted_labels, overlaps.best_iou_of_predicted),
        (truth, overlaps.true_labels, overlaps.best_iou_of_true),
    )
    wrong = np.any([np.isin(image, numbers[best < 0.5]) for image, numbers, best in sides], axis=0)
    height, width = (min(CROP, length) for length in wrong.shape)
    sums = np.pad(wrong.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    inside = sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
    row, column = np.unravel_index(inside.argmax(), inside.shape)
    return int(row), int(column)


def score_rows(results: Mapping[str, Result]) -> list[list[str]]:
    """A row for each model, and the mean of all with its standard deviation."""
    rows = [[name, *(_write(*number) for number in result.numbers.items())] for name, result in results.items()]
    if len(results) > 1:
        mean, spread = summarize_seeds(list(results.values()))
        names = next(iter(results.values())).numbers
        ends = (f"{_write(name, mean.get(name))} ± {_write(name, spread.get(name)).lstrip('+')}" for name in names)
        rows.append([f"mean of {len(results)}", *ends])
    return rows


def summarize_seeds(results: Sequence[Result]) -> tuple[dict[str, float], dict[str, float]]:
    """Means and standard deviations of the numbers of several models; what is unknown of one is left out."""
    mean, spread = {}, {}
    for name in results[0].numbers:
        column = [number for result in results if (number := result.numbers[name]) is not None]
        if len(column) == len(results):
            mean[name] = float(np.mean(column))
        if len(column) == len(results) > 1:
            spread[name] = float(np.std(column, ddof=1))
    return mean, spread


def model_score(results: Sequence[Result], called: str) -> ModelScore:
    """What config.json may say of the model."""
    mean, spread = (
        {name: round(value, 4) for name, value in numbers.items() if name in COLUMNS.values()}
        for numbers in summarize_seeds(results)
    )
    return ModelScore(images=called, count=results[0].scores.images, seeds=len(results), spread=spread, **mean)


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; all columns but the first one are numbers."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _write(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{100 * value:+.1f}" if name == "d50_error" else f"{value:.3f}"


def main() -> None:
    options = parse()
    images, truth = find_images(options.images, options.truth)
    results: dict[str, Result] = {}
    for name, model in zip(names_for(options.models), options.models, strict=True):
        with tempfile.TemporaryDirectory() as folder:
            result = results[name] = measure(model, images, truth, options, Path(folder))
            if options.pictures:
                draw_worst(result.files, options.pictures / name)
        print(
            f"{name}: {result.seconds:.2f} s an image, {result.processor_seconds:.2f} s of processor time", flush=True
        )
    print(f"\n{markdown(['model', *COLUMNS, 'D50 error (%)'], score_rows(results))}")
    for name, result in results.items():
        unit = "px" if result.scores.sizes_nm is None else "nm"
        print(f"\n{markdown([f'{name}: diameter ({unit})', 'true', 'found', 'error (%)'], size_rows(result.scores))}")
    if options.json:
        score = model_score(list(results.values()), options.called)
        models = {name: result.to_dict() for name, result in results.items()}
        with written_whole(options.json) as partial:
            content = {"score": score.model_dump(mode="json"), "models": models}
            partial.write_text(json.dumps(content, indent=2), encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except AutosegError as error:
        sys.exit(str(error))
