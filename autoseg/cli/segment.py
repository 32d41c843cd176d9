"""autoseg segment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter, validators

from autoseg.cli.inputs import expanded
from autoseg.cli.messages import progress
from autoseg.cli.parameters import AsJson, Reading
from autoseg.cli.results import Reporting, result_paths, tell
from autoseg.cli.verbs import NETWORK, PARTICLES, SURFACES
from autoseg.errors import OptionsError
from autoseg.images.micrograph import ReadOptions
from autoseg.images.names import refuse_inputs
from autoseg.images.polarity import Asked, Side
from autoseg.measurement.report import ReportOptions, report
from autoseg.models.folder import load_model
from autoseg.segmentation.instances.finding import InstanceOptions
from autoseg.segmentation.options import SegmentOptions
from autoseg.segmentation.pipeline import segment_all
from autoseg.segmentation.plausibility import LEAST
from autoseg.segmentation.predictor import PredictOptions
from autoseg.segmentation.segment import Segmenter
from autoseg.stm.results import SurfaceResults
from autoseg.stm.segmenter import SurfaceOptions, SurfaceSegmenter, knows_surfaces


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
    ensemble: Annotated[str | None, Parameter(group=SURFACES)] = None,
    rules: Annotated[Path | None, Parameter(group=SURFACES)] = None,
    recovery: Annotated[int, Parameter(group=SURFACES, validator=validators.Number(gte=0))] = 0,
    both_directions: Annotated[bool, Parameter(group=SURFACES, negative=())] = False,
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
    ensemble
        A second model, by name or folder, that decides together with the first one.
    rules
        TOML or JSON file with rules, levelling, lattice and defects: how scans are prepared, and classes decided.
    recovery
        Plant about so many defects into each scan, and tell how many of them are found again.
    both_directions
        Look at forward and backward scans, and tell which defects are found in both.
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
    loaded = load_model(model)
    if knows_surfaces(loaded.config.head):
        surfaces = SurfaceOptions() if rules is None else SurfaceOptions.from_file(rules)
        of_surfaces = SurfaceSegmenter(loaded, options, surfaces, ensemble)
        more = SurfaceResults(output, files, of_surfaces, recovery, both_directions, reporting.seed)
        return _tell_surfaces(files, more, reporting, as_json)
    if ensemble or rules or recovery or both_directions:
        asked = '"ensemble", "rules", "recovery" and "both_directions"'
        problem = f'the model "{model}" knows no surfaces, for which {asked} are'
        raise OptionsError(problem, advice="Leave them out.")
    segmenter = Segmenter(loaded, options)
    segmentations = progress(segment_all(files, segmenter), len(files), "image")
    return tell(report(segmentations, output, reporting, inputs=files, provenance=segmenter.describe()), as_json)


def _tell_surfaces(files: list[Path], more: SurfaceResults, reporting: ReportOptions, as_json: bool) -> int:
    """Write and print all about the defects of scanned surfaces."""
    segmenter = more.segmenter
    found = progress(more.passing(segment_all(files, segmenter)), len(files), "image")
    about = report(found, more.folder, reporting, inputs=files, provenance=segmenter.describe())
    code = tell(about, as_json)
    for path in more.write():
        if not as_json:
            print(f"{path.stem.capitalize()}: {path}")
    return code
