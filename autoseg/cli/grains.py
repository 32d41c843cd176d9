"""autoseg grains."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from autoseg.cli.messages import progress
from autoseg.cli.parameters import AsJson
from autoseg.cli.verbs import GRAINS, NETWORK, READING, REPORT
from autoseg.errors import OptionsError
from autoseg.images.names import refuse_inputs
from autoseg.images.volumes.volume import VolumeOptions, open_volume
from autoseg.microct.analysis import GrainOptions, find_grains
from autoseg.microct.foreground import Predict, as_mask
from autoseg.microct.report import GrainReportOptions, report_grains, summary_lines
from autoseg.microct.segmentation import SliceOptions, predict_slices
from autoseg.microct.smoothing import Smoothing
from autoseg.segmentation.predictor import PredictOptions


def grains(
    volume: Path,
    /,
    *,
    output: Path,
    model: str | None = None,
    mask: Annotated[bool, Parameter(negative=(), group=GRAINS)] = False,
    read: Annotated[VolumeOptions, Parameter(name=["*", "read"], group=READING)] = VolumeOptions(),
    slices: Annotated[SliceOptions, Parameter(name="*", group=NETWORK)] = SliceOptions(),
    predict: Annotated[PredictOptions, Parameter(name=["*", "predict"], group=NETWORK)] = PredictOptions(),
    options: Annotated[GrainOptions, Parameter(name="*", group=GRAINS)] = GrainOptions(),
    reporting: Annotated[GrainReportOptions, Parameter(name="*", group=REPORT)] = GrainReportOptions(),
    as_json: AsJson = False,
) -> int:
    """Write the grains of a volume, their measures and a report into a folder, and print a summary.

    Parameters
    ----------
    volume
        A folder of slices, or a file.
    output
        Folder for the results.
    model
        Folder of a model that finds the foreground, or its name, if it comes with autoseg. A mask needs none.
    mask
        The volume is a mask, not 0 where grains are: no network is needed.
    """
    if (model is None) is not mask:
        advice = "Give a --model for its grey values, or say with --mask that it is a mask."
        raise OptionsError("how the foreground of the volume is found must be told, once", advice=advice)
    found = open_volume(volume, read)
    _refuse_inputs(volume, output, found.files)
    settings: dict[str, Any] = {"read": read, "grains": options}
    probability: Predict = as_mask
    found_by = "a mask"
    if model is not None:
        probability, found_by = predict_slices(model, slices, predict)
        settings |= {"model": model, "slices": slices, "predict": predict}
    bar = iter(progress(range(len(found)), len(found), "slice"))

    def tell(done: int) -> None:
        next(bar, None)

    smoothing: Smoothing = 0.0 if mask else slices.smoothing
    result = find_grains(found, probability, output, options, predict.memory_limit, smoothing, tell)
    report = report_grains(result, output, reporting, settings=settings, found_by=found_by)
    print(report.files["run"].read_text(encoding="utf-8") if as_json else "\n".join(summary_lines(report)))
    return 1 if result.failures else 0


def _refuse_inputs(volume: Path, output: Path, files: tuple[Path, ...]) -> None:
    """Nothing that is read is overwritten."""
    if output.resolve() == volume.resolve():
        raise OptionsError(f"{output} holds the slices", advice="Choose another folder for the results.")
    endings = [f"{volume.stem}_{kind}{ending}" for kind in ("labels", "probability") for ending in (".tif", ".zarr")]
    refuse_inputs([output / name for name in endings], files or [volume])
