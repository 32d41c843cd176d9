"""autoseg demo."""

from __future__ import annotations

from pathlib import Path

from autoseg.cli.evaluate import score_table
from autoseg.cli.messages import progress
from autoseg.cli.parameters import AsJson
from autoseg.cli.results import tell
from autoseg.evaluation import Scores, evaluate, pool_scores
from autoseg.files import shipped
from autoseg.images.labels import read_labels
from autoseg.images.segmentation import Segmentation
from autoseg.measurement.report import ReportOptions, report
from autoseg.segmentation.pipeline import segment_all
from autoseg.segmentation.segment import Segmenter


def demo(*, model: str = "particles", output: Path = Path("autoseg_demo"), as_json: AsJson = False) -> int:
    """Segment, score and report the samples; fails where one of them cannot be segmented.

    Parameters
    ----------
    model
        Name of a model that comes with autoseg, or the folder of one.
    output
        Folder for the report; files of an earlier demo in it are replaced.
    """
    # Whatever is found is scored, and not only what is plausible.
    segmenter, samples = Segmenter(model, plausibility=0), sorted((shipped("datasets") / "samples").glob("*.tif"))
    found = list(progress(segment_all(samples, segmenter), len(samples), "sample"))
    scores = {one.micrograph.name: _score(one) for one in found if isinstance(one, Segmentation)}
    result = report(
        found,
        output,
        ReportOptions(title="autoseg demo"),
        provenance=segmenter.describe().changed(evaluation={"truth": "the particles that were rendered"}),
        scores=pool_scores(list(scores.values())),
    )
    if not as_json:
        print(score_table(scores), end="\n\n")
    return tell(result, as_json)


def _score(segmentation: Segmentation) -> Scores:
    """Against the truth that comes with each sample."""
    path = segmentation.micrograph.path
    assert path is not None
    truth = read_labels(path.parent / "truth" / f"{path.stem}_labels.tif")
    return evaluate(segmentation.labels, truth, pixel_size=segmentation.micrograph.pixel_size)
