"""What a stage gets of the earlier ones, and for which of its options it runs again."""

import json
from pathlib import Path

import numpy as np
import pytest

from autoseg.errors import OptionsError, StageError
from autoseg.options import Options
from autoseg.stages.engine import Run
from autoseg.stages.manifest import LAYOUT, MANIFEST, STARTED
from autoseg.stages.stage import Outputs, Stage

from .toy_stages import Double, Draw, Numbers, history, remember


class Special(Numbers):
    """Numbers of a kind of its own."""


class Letters(Outputs):
    letters: str


class Spell(Stage):
    """Makes something else."""

    def run(self, folder: Path, rng: np.random.Generator) -> Letters:
        return Letters(letters="abc")


class DrawSpecial(Stage):
    count: int = 7

    def run(self, folder: Path, rng: np.random.Generator) -> Special:
        np.save(folder / "special.npy", rng.random(self.count))
        return Special(file=Path("special.npy"), count=self.count)


class Seen(Outputs):
    counts: tuple[int, ...]
    files: tuple[str, ...]


class Collect(Stage):
    def run(self, folder: Path, rng: np.random.Generator, *, numbers: tuple[Numbers, ...]) -> Seen:
        remember(folder, self.name)
        return Seen(counts=tuple(one.count for one in numbers), files=tuple(str(one.file) for one in numbers))


class CollectIfAny(Stage):
    def run(self, folder: Path, rng: np.random.Generator, *, numbers: tuple[Numbers, ...] = ()) -> Seen:
        return Seen(counts=tuple(one.count for one in numbers), files=())


def test_all_earlier_outputs_of_a_type_are_collected_in_order(tmp_path):
    outputs = Run(tmp_path, [DrawSpecial(), Spell(), Draw(), None, Double(), Collect()]).execute()
    assert outputs["collect"].counts == (7, 3, 3)
    assert outputs["collect"].files == tuple(
        str(tmp_path / name) for name in ("01_draw_special/special.npy", "03_draw/numbers.npy", "05_double")
    )
    again = Run(tmp_path / "again", [Draw(), DrawSpecial(), Collect()]).execute()
    assert again["collect"].counts == (3, 7)


def test_later_outputs_are_not_collected(tmp_path):
    outputs = Run(tmp_path, [Draw(), Collect(), DrawSpecial()]).execute()
    assert outputs["collect"].counts == (3,)


def test_there_must_be_one_unless_the_stage_does_without():
    with pytest.raises(OptionsError, match="stage collect needs Numbers of earlier stages"):
        Run("nowhere", [Spell(), Collect()])
    with pytest.raises(OptionsError, match="stage collect needs Numbers of earlier stages"):
        Run("nowhere", [Collect(), Draw()])


def test_a_stage_that_does_without_gets_none(tmp_path):
    assert Run(tmp_path, [Spell(), CollectIfAny()]).execute()["collect_if_any"].counts == ()
    assert Run(tmp_path / "some", [Draw(), CollectIfAny()]).execute()["collect_if_any"].counts == (3,)


def test_it_runs_again_when_one_of_them_changes_or_is_added(tmp_path):
    def run(*stages):
        Run(tmp_path, [*stages, Collect()]).execute()
        return history(tmp_path)

    assert run(Draw(), DrawSpecial()) == ["draw", "collect"]
    assert run(Draw(), DrawSpecial()) == []
    assert run(Draw(), DrawSpecial(count=2)) == ["collect"]
    assert run(Draw(), None) == ["collect"]


class Watching(Options):
    pictures: int = 1


class PaintOptions(Options):
    strokes: int = 3
    watching: Watching = Watching()


class Paint(Stage):
    options: PaintOptions = PaintOptions()
    pictures: int = 0

    cosmetic = frozenset({"watching"})

    def run(self, folder: Path, rng: np.random.Generator) -> Letters:
        remember(folder, self.name)
        return Letters(letters="x" * self.options.strokes)


@pytest.mark.parametrize(
    ("changed", "runs"),
    [
        (Paint(options={"watching": {"pictures": 9}}), False),
        (Paint(options={"strokes": 4}), True),
        (Paint(options={"strokes": 4, "watching": {"pictures": 9}}), True),
        (Paint(pictures=1), True),
    ],
)
def test_what_only_changes_what_is_seen_of_the_work_runs_nothing_again(tmp_path, changed, runs):
    Run(tmp_path, [Paint()]).execute()
    assert history(tmp_path) == ["paint"]
    Run(tmp_path, [changed]).execute()
    assert history(tmp_path) == ["paint"] * runs


def contents(folder):
    return {path.relative_to(folder): (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*.*")}


@pytest.mark.parametrize("told", [{"layout": LAYOUT - 1}, {"layout": LAYOUT + 1}, {}])
@pytest.mark.parametrize("name", [MANIFEST, STARTED])
def test_a_folder_of_another_release_is_refused_and_not_touched(tmp_path, name, told):
    folder = tmp_path / "01_draw"
    folder.mkdir()
    (folder / name).write_text(json.dumps({**told, "stage": "draw", "fingerprint": "of another release"}))
    (folder / "numbers.npy").write_bytes(b"the work of weeks")
    before = contents(folder)
    advice = "Nothing in it was changed. Choose another folder for the run, or go on with that version."
    with pytest.raises(StageError, match="was made by another version of autoseg") as caught:
        Run(tmp_path, [Draw()]).execute()
    assert caught.value.advice == advice and caught.value.file == folder
    assert contents(folder) == before and history(tmp_path) == []


def test_a_later_stage_of_another_release_stays_as_it_is(tmp_path):
    folder = tmp_path / "02_double"
    folder.mkdir()
    (folder / MANIFEST).write_text(json.dumps({"stage": "double", "fingerprint": "of another release"}))
    before = contents(folder)
    with pytest.raises(StageError, match="02_double"):
        Run(tmp_path, [Draw(), Double()]).execute()
    assert contents(folder) == before
