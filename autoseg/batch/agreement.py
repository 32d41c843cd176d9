"""What the results in a folder depend on: written when the first image is begun, and compared ever after."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import autoseg
from autoseg.batch.measuring import Measuring
from autoseg.batch.plan import Planned, Source, plan_sources
from autoseg.batch.store import FOLDER, Store
from autoseg.batch.work import Work
from autoseg.errors import AutosegError, OptionsError, enumerate_briefly
from autoseg.files import written_whole
from autoseg.measurement.page_parts import flat
from autoseg.measurement.report_options import ReportOptions
from autoseg.measurement.run_record import plain, write_json

AGREED, PLAN = "run.json", "plan.jsonl"
_OF_THE_WHOLE = {"title", "coco", "excel"}
"Options that no image depends on: they may change when tables and report are made anew."


def agree(folder: Path, work: Work, reporting: ReportOptions, planned: Sequence[Planned]) -> None:
    """Refuse other options, or another model, than those that the results in the folder were made with; note them."""
    path = folder / FOLDER / AGREED
    found = _identity(work, reporting)
    if path.is_file() and (before := _read(path)["identity"]) != found:
        if _has_results(folder):
            problem = f"holds results of a run in which {_differences(before, found)}"
            advice = "Choose another folder, or give --anew to replace what is in this one."
            raise OptionsError(problem, file=folder, advice=advice)
        Store(folder).forget()
    described = {"work": work.model_dump(mode="json", exclude_unset=True) | {"work": _kind(work)}}
    reported = {"reporting": reporting.model_dump(mode="json", exclude_unset=True)}
    write_json(path, {"identity": found, **described, **reported})
    with written_whole(folder / FOLDER / PLAN) as partial, partial.open("w", encoding="ascii") as stream:
        stream.writelines(json.dumps(image.sources) + "\n" for image in planned)


def _has_results(folder: Path) -> bool:
    """Whether any image is done; where all have failed, there is nothing to be lost."""
    return any(row["ok"] for _, rows in Store(folder).committed() for row in rows)


def recall(folder: Path) -> tuple[Work, ReportOptions, list[Planned]]:
    """The work, the options and the images of the batch in a folder."""
    path = folder / FOLDER / AGREED
    if not path.is_file():
        raise AutosegError("holds no batch", file=folder, advice="Give the folder of the results.")
    told = _read(path)
    work = _work(told["work"])
    reporting = ReportOptions(**told["reporting"])
    lines = (folder / FOLDER / PLAN).read_text(encoding="ascii").splitlines()
    sources = [tuple(Source(*source) for source in json.loads(line)) for line in lines]
    return work, reporting, plan_sources(sources, reporting.seed)


def _work(told: dict[str, Any]) -> Work:
    if told["work"] == "measure":
        return Measuring(**told)
    from autoseg.batch.segmenting import Segmenting  # brings Keras

    return Segmenting(**told)


def identity_digest(work: Work) -> str:
    """A hash of all that the results depend on: equal where the work is the same."""
    return hashlib.sha256(json.dumps(_identity_of_work(work), sort_keys=True).encode()).hexdigest()


def _identity(work: Work, reporting: ReportOptions) -> dict[str, Any]:
    report = reporting.model_dump(mode="json", exclude=_OF_THE_WHOLE)
    return {**_identity_of_work(work), "report": report}


def _identity_of_work(work: Work) -> dict[str, Any]:
    found = plain(work.describe())
    found.pop("labels", None)  # they are the images of the batch, of which each is looked at by itself
    return {"autoseg": autoseg.__version__, "work": _kind(work), **found, **plain(work.identity())}


def _kind(work: Work) -> str:
    return str(getattr(work, "work", type(work).__name__))


def _differences(before: dict[str, Any], now: dict[str, Any]) -> str:
    """Which options differ, in words."""
    old, new = dict(flat(before)), dict(flat(now))
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return enumerate_briefly(
        f"{name.removeprefix('report.')} was {_short(old.get(name))}, not {_short(new.get(name))}" for name in names
    )


def _short(value: str | None) -> str:
    text = "not set" if value is None else value
    return text if len(text) <= 40 else text[:37] + "..."


def _read(path: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return told
    except ValueError as error:
        raise AutosegError(f"is damaged ({error})", file=path, advice="Begin anew by --anew.") from None
