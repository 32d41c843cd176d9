"""autoseg segment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from pydantic import Field

from autoseg.batch.options import BatchOptions
from autoseg.batch.segmenting import Segmenting
from autoseg.cli.inputs import expanded
from autoseg.cli.messages import progress
from autoseg.cli.parameters import AsJson, ManyImages, Reading
from autoseg.cli.results import Reporting, run_many, tell
from autoseg.cli.verbs import NETWORK, PARTICLES, SURFACES
from autoseg.errors import OptionsError
from autoseg.images.micrograph import ReadOptions
from autoseg.images.pages import in_pages
from autoseg.images.polarity import Side
from autoseg.measurement.report import ReportOptions, report
from autoseg.models.config import find_model, read_config
from autoseg.models.folder import load_model
from autoseg.options import Options
from autoseg.segmentation.instances.finding import InstanceOptions
from autoseg.segmentation.options import SegmentOptions
from autoseg.segmentation.pipeline import segment_all
from autoseg.segmentation.predictor import PredictOptions
from autoseg.stm.results import SurfaceResults
from autoseg.stm.segmenter import SurfaceOptions, SurfaceSegmenter, knows_surfaces


class _Particles(InstanceOptions):
    """How particles are found; their polarity is given once, for all."""

    polarity: Annotated[Side, Parameter(parse=False)] = "bright"


class _Segmenting(SegmentOptions):
    """How particles are found in a micrograph; what has names of its own is a parameter of its own."""

    read: Annotated[ReadOptions, Parameter(parse=False)] = ReadOptions()
    predict: Annotated[PredictOptions, Parameter(parse=False)] = PredictOptions()
    instances: Annotated[InstanceOptions, Parameter(parse=False)] = InstanceOptions()


class _Surfaces(Options):
    """What is asked for of scans of surfaces."""

    ensemble: str | None = None
    "A second model, by name or folder, that decides together with the first one."
    rules: Path | None = None
    """TOML or JSON file with rules, levelling, lattice and defects: how scans are prepared, and classes decided."""
    recovery: int = Field(0, ge=0)
    "Plant about so many defects into each scan, and tell how many of them are found again."
    both_directions: Annotated[bool, Parameter(negative=())] = False
    "Look at forward and backward scans, and tell which defects are found in both."


def segment(
    images: list[Path],
    /,
    *,
    output: Path,
    model: str = "particles",
    segmenting: Annotated[_Segmenting, Parameter(name="*")] = _Segmenting(),
    read: Reading = ReadOptions(),
    predict: Annotated[PredictOptions, Parameter(name=["*", "predict"], group=NETWORK)] = PredictOptions(),
    instances: Annotated[_Particles, Parameter(name=["*", "instances"], group=PARTICLES)] = _Particles(),
    surfaces: Annotated[_Surfaces, Parameter(name="*", group=SURFACES)] = _Surfaces(),
    reporting: Reporting = ReportOptions(),
    many: ManyImages = BatchOptions(),
    as_json: AsJson = False,
) -> int:
    """Write all results of a batch into a folder, and print a summary; fails where a file cannot be segmented.

    Given again with the same options, it goes on where it ended.

    Parameters
    ----------
    images
        Micrographs, or folders of them.
    output
        Folder for the results.
    model
        Name of a model that comes with autoseg, or the folder of one.
    """
    files = expanded(images)
    if os.path.realpath(output) in map(os.path.realpath, images):
        raise OptionsError(f"{output} holds the images", advice="Choose another folder for the results.")
    options = SegmentOptions(**dict(segmenting.changed(read=read, predict=predict, instances=instances)))
    work, head = Segmenting(model=model, options=options), read_config(find_model(model)).head
    if knows_surfaces(head):
        if isinstance(read.page, str):
            raise OptionsError(f'of a scan, one page is read, and not "{read.page}"', advice="Give its number.")
        _refuse(many, f'the model "{model}" finds defects; only for particles there is {{}}')
        return _segment_surfaces(work, files, surfaces, output, reporting, as_json)
    _refuse(surfaces, f'the model "{model}" knows no surfaces, for which {{}} is')
    pages = list(in_pages(files, read.page, read.max_pixels))
    if head is None or head.finds_particles:
        return run_many(work, [[page] for page in pages], output, reporting, many, as_json)
    _refuse(many, f'the model "{model}" finds classes, and {{}} is for particles')
    found = progress(segment_all(pages, work.segmenter), len(pages), "image")
    about = work.describe()
    return tell(report(found, output, reporting, inputs=pages, provenance=about), as_json)


def _refuse(options: Options, problem: str) -> None:
    """Raise an error where one of these options is set."""
    if given := [
        name for name in type(options).model_fields if getattr(options, name) != getattr(type(options)(), name)
    ]:
        raise OptionsError(problem.format(", ".join(f'"{name}"' for name in given)), advice="Leave it out.")


def _segment_surfaces(
    work: Segmenting, files: list[Path], asked: _Surfaces, output: Path, reporting: ReportOptions, as_json: bool
) -> int:
    """Write and print all about the defects of scanned surfaces."""
    surfaces = SurfaceOptions() if asked.rules is None else SurfaceOptions.from_file(asked.rules)
    segmenter = SurfaceSegmenter(load_model(work.model), work.options, surfaces, asked.ensemble)
    more = SurfaceResults(output, files, segmenter, asked.recovery, asked.both_directions, reporting.seed)
    found = progress(more.passing(segment_all(files, segmenter)), len(files), "image")
    code = tell(report(found, output, reporting, inputs=files, provenance=segmenter.describe()), as_json)
    for path in more.write():
        if not as_json:
            print(f"{path.stem.capitalize()}: {path}")
    return code
