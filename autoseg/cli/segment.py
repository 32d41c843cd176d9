"""autoseg segment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from autoseg.cli.inputs import expanded
from autoseg.cli.messages import progress
from autoseg.cli.parameters import AsJson, Reading
from autoseg.cli.results import Reporting, result_paths, tell
from autoseg.cli.verbs import NETWORK, PARTICLES
from autoseg.errors import OptionsError
from autoseg.images.micrograph import ReadOptions
from autoseg.images.names import refuse_inputs
from autoseg.images.polarity import Asked, Side
from autoseg.measurement.report import ReportOptions, report
from autoseg.segmentation.instances.finding import InstanceOptions
from autoseg.segmentation.options import SegmentOptions
from autoseg.segmentation.pipeline import segment_all
from autoseg.segmentation.plausibility import LEAST
from autoseg.segmentation.predictor import PredictOptions
from autoseg.segmentation.segment import Segmenter


class _Particles(InstanceOptions):
    """How particles are found; their polarity is given once, for all."""

    polarity: Annotated[Side, Parameter(parse=False)] = "bright"


def segment(
    images: list[Path],
    /,
    *,
    output: Path,
    model: str = "particles",
    polarity: Asked = "auto",
    magnification: Literal["auto"] | float = "auto",
    minimum_score: float | None = None,
    plausibility: float = LEAST,
    leave_out_letters: bool = True,
    read: Reading = ReadOptions(),
    predict: Annotated[PredictOptions, Parameter(name=["*", "predict"], group=NETWORK)] = PredictOptions(),
    instances: Annotated[_Particles, Parameter(name=["*", "instances"], group=PARTICLES)] = _Particles(),
    reporting: Reporting = ReportOptions(),
    as_json: AsJson = False,
) -> int:
    """Write all results of a batch into a folder, and print a summary; fails where a file cannot be segmented.

    Parameters
    ----------
    images
        Micrographs, or folders of them.
    output
        Folder for the results.
    model
        Name of a model that comes with autoseg, or the folder of one.
    polarity
        Whether particles are brighter or darker than their ground; auto: as each image shows; model: as the model saw.
    magnification
        Factor on the size of images before the network sees them; auto: several, so that particles of all sizes are
        found.
    minimum_score
        Leave out particles that are real with a lower probability, from 0 to 1. Not set: as the model recommends.
    plausibility
        Where all that is found is less plausible than this, from 0 to 1, it is left out: it is noise; 0: keep all.
    leave_out_letters
        Letters and scale bars that are drawn into images are no particles.
    """
    files = expanded(images)
    refuse_inputs(result_paths(output, files), files)
    if output.resolve() in {path.resolve() for path in images}:
        raise OptionsError(f"{output} holds the images", advice="Choose another folder for the results.")
    options = SegmentOptions(
        read=read,
        predict=predict,
        instances=instances,
        polarity=polarity,
        magnification=magnification,
        minimum_score=minimum_score,
        plausibility=plausibility,
        leave_out_letters=leave_out_letters,
    )
    segmenter = Segmenter(model, options)
    segmentations = progress(segment_all(files, segmenter), len(files), "image")
    return tell(report(segmentations, output, reporting, inputs=files, provenance=segmenter.describe()), as_json)
