"""The SEM workflow from outlines and micrographs to segmented images, as small as it can be, on every backend."""

import json
import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest

from autoseg import sem
from autoseg._backend import BACKEND
from autoseg.cli import main
from autoseg.errors import ImageError, ModelError, OptionsError, StageError
from autoseg.images.labels import read_labels
from autoseg.models.folder import load_model
from autoseg.sem.workflow import Options, run, stages_of
from tests.marks import trains, trains_once
from tests.simulation.particles.scenes import write_outlines, write_scenes

ROOT = Path(__file__).parents[2]
SIZES = (144, 160), (121, 183)
SMALLER = {
    "train_wgan": {"epochs": 2},
    "train_cyclegan": {"epochs": 1, "blocks": 0},
    "train_segmenter": {"network": {"architecture": "unet", "filters": (4, 8), "norm": "instance"}},
}  # one backend takes the profile as it is; others take longer to compile


def options(folder, **changes):
    settings = {"images": folder / "images", "outlines": folder / "outlines", "folder": folder / "run", **changes}
    settings = settings if BACKEND == "torch" else SMALLER | settings
    return Options(profile="smoke", own_processes=False, **settings)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("smoke")
    write_scenes(folder, 2, sizes=SIZES)
    write_outlines(folder)
    return folder, run(options(folder, truth=folder / "truth"))


@trains
def test_every_micrograph_ends_as_labels_and_in_the_report(finished):
    _, outputs = finished
    results = outputs["segment"].results
    for number, size in enumerate(SIZES):
        assert read_labels(results / f"{number}_labels.tif").shape == size
        assert read_labels(outputs["filter"].segmented / f"{number}_labels.tif").shape == size
    assert "0.png" in (results / "report.html").read_text(encoding="utf-8")
    assert load_model(outputs["train_segmenter"].model).network.output_shape[-1] == 3


@trains
def test_the_stages_are_folders_that_can_be_understood(finished):
    folder, _ = finished
    stages = sorted(path.name for path in (folder / "run").iterdir() if path.is_dir())
    assert stages == [
        "01_prepare",
        "02_train_wgan",
        "03_simulate",
        "04_train_cyclegan",
        "05_generate",
        "06_filter",
        "07_render",
        "09_train_segmenter",
        "10_self_train",
        "11_segment",
        "12_evaluate",
    ]
    for stage in ("02_train_wgan", "04_train_cyclegan", "09_train_segmenter"):
        pictures = sorted((folder / "run" / stage / "pictures").iterdir())
        assert len(pictures) == len((folder / "run" / stage / "log.csv").read_text().splitlines()) - 1
        assert not (folder / "run" / stage / "checkpoint.npz").exists()


@trains
def test_what_the_network_learns_from_is_what_was_simulated(finished):
    _, outputs = finished
    pairs, masks = outputs["filter"], outputs["simulate"].masks
    for number in range(12):
        kept, simulated = (read_labels(path / f"{number:05}_labels.tif") for path in (pairs.truth, masks))
        assert np.all(simulated[kept > 0] > 0)
        assert len(np.unique(kept)) <= len(np.unique(simulated))


@trains_once
def test_a_changed_option_redoes_what_depends_on_it_and_nothing_else(finished):
    folder, _ = finished
    written = {path.parent.name: path.stat().st_mtime_ns for path in (folder / "run").glob("*/manifest.json")}
    settings = options(folder, truth=folder / "truth", segment={"instances": {"minimum_size": 30}})
    assert settings.train_segmenter.epochs == options(folder).train_segmenter.epochs
    run(settings)
    changed = {
        path.parent.name
        for path in (folder / "run").glob("*/manifest.json")
        if path.stat().st_mtime_ns != written[path.parent.name]
    }
    assert changed == {"11_segment", "12_evaluate"}


@trains_once
def test_the_start_script_goes_on_with_such_a_run_and_hands_out_the_results(finished, tmp_path, monkeypatch):
    folder, _ = finished
    names = {"images": "Input_Images", "outlines": "Input_Masks", "run": "autoseg_run", "truth": "Truth"}
    for ours, theirs in names.items():
        shutil.copytree(folder / ours, tmp_path / theirs)
    script = tmp_path / "StartProcess.py"
    text = (ROOT / "examples" / "StartProcess.py").read_text(encoding="utf-8")
    text = text.replace("PROFILE = None", 'PROFILE = "smoke"').replace(
        "TRUE_MASKS = None", 'TRUE_MASKS = ROOT_DIR / "Truth"'
    )
    script.write_text(text, encoding="utf-8")
    monkeypatch.setattr(sem, "run", lambda options: run(options.changed(own_processes=False)))
    monkeypatch.delenv("TF_FORCE_GPU_ALLOW_GROWTH", raising=False)
    runpy.run_path(str(script), run_name="__main__")
    assert sorted(path.name for path in (tmp_path / "Output_Masks_CycleGAN").iterdir()) == [
        "0_labels.tif",
        "1_labels.tif",
    ]
    assert (tmp_path / "Output_Masks_UNet" / "report.html").is_file()


def test_the_options_of_the_start_script_are_the_published_ones():
    script = runpy.run_path(str(ROOT / "examples" / "StartProcess.py"))
    given, published = Options(images="i", outlines="o", **script["settings"]()), Options(images="i", outlines="o")
    for stage in ("train_wgan", "train_cyclegan", "filter"):
        assert getattr(given, stage) == getattr(published, stage), stage
    assert given.train_segmenter == published.train_segmenter.changed(head="mask")
    assert given.prepare == published.prepare.changed(tile=(384, 384))
    assert given.simulate == published.simulate.changed(rotation="disabled")


def test_the_profile_is_the_ground_for_what_is_given():
    given = Options(profile="cpu", images="i", outlines="o", train_wgan={"epochs": 7})
    assert (given.train_wgan.epochs, given.train_wgan.filters) == (7, 16)
    published = Options(images="i", outlines="o")
    assert (published.train_wgan.filters, published.train_cyclegan.filters, published.prepare.tile) == (64, 64, 384)
    for profile in ("published", "gpu", "cpu", "smoke"):
        assert Options(profile=profile, images="i", outlines="o").profile == profile


@pytest.mark.parametrize(
    ("profile", "folders", "sources"),
    [
        ("cpu", {}, ("rendering", "labelled")),
        ("published", {}, ("labelled",)),
        ("gpu", {"images": "i", "outlines": "o"}, ("cyclegan", "rendering", "labelled")),
        ("cpu", {"sources": ["labelled"]}, ("labelled",)),
    ],
)
def test_labelled_images_join_what_the_profile_learns_from(profile, folders, sources):
    given = Options(profile=profile, labelled="l", **folders)
    assert given.sources == sources
    assert given.render.world_share == (0 if folders.get("outlines") else 1)
    assert "cut_labelled" in [stage.name for stage in stages_of(given) if stage]


@pytest.mark.parametrize("polarity", ["bright", "dark"])
def test_all_stages_know_what_particles_are(tmp_path, polarity):
    stages = stages_of(options(tmp_path, truth=tmp_path / "truth", polarity=polarity))
    told = {stage.name: stage.polarity for stage in stages if hasattr(stage, "polarity")}
    assert told.keys() >= {"prepare", "filter", "render", "train_segmenter", "self_train", "segment"}
    assert set(told.values()) == {polarity}


def test_options_survive_their_file(tmp_path):
    given = Options(profile="smoke", images="i", outlines="o", train_segmenter={"head": "mask"})
    given.to_file(tmp_path / "options.toml")
    assert Options.from_file(tmp_path / "options.toml") == given
    assert given.segment.instances.method == "distance"


def test_the_file_of_a_run_leaves_to_the_model_what_it_recommends(tmp_path):
    given = Options(profile="cpu", images="i", outlines="o", segment={"instances": {"minimum_size": 30}})
    given.to_file(tmp_path / "options.toml")
    again = Options.from_file(tmp_path / "options.toml")
    assert again.segment.instances.model_fields_set == {"minimum_size"}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"prepare": {"tile": 64}}, '"prepare.tile" is (64, 64) and "simulate.size" (384, 384)'),
        ({"train_cyclegan": {"crop": 400}}, '"train_cyclegan.crop" is 400'),
        ({"train_cyclegan": {"crop": 100}}, "needs multiples of 8"),
        ({"train_cyclgan": {"crop": 96}}, 'did you mean "train_cyclegan"'),
        ({"train_wgan": {"epoch": 96}}, 'unknown option "train_wgan.epoch"; did you mean "epochs"'),
        ({"profile": "cpx"}, '"profile" must be'),
        ({"sources": ["labelled"]}, 'the source "labelled" and a folder "labelled" belong together'),
        ({"labelled": "l", "sources": ["rendering"]}, 'the source "labelled" and a folder "labelled" belong together'),
    ],
)
def test_options_that_do_not_fit_are_refused(changes, problem):
    with pytest.raises(OptionsError) as error:
        Options(images="i", outlines="o", **changes)
    assert problem in str(error.value)


def test_the_command_writes_all_options_to_be_edited(tmp_path, capsys):
    given = [
        "--profile",
        "smoke",
        "--images",
        "i",
        "--outlines",
        "o",
        "--write-options",
        str(tmp_path / "options.toml"),
    ]
    assert main(["run", "sem", *given]) == 0
    assert "options.toml" in capsys.readouterr().out
    assert Options.from_file(tmp_path / "options.toml") == Options(profile="smoke", images="i", outlines="o")


def test_options_of_stages_can_be_set_one_by_one(tmp_path, capsys):
    (tmp_path / "mine.toml").write_text('sources = ["rendering"]\n[render]\nsource = "shapes"\ncount = 5\n')
    written = ["--write-options", str(tmp_path / "all.toml")]
    settings = ["--set", "render.count=3", "--set", "train-segmenter.head=mask", "--set", "render.growth.size=[64, 64]"]
    assert main(["run", "sem", str(tmp_path / "mine.toml"), *settings, *written]) == 0
    found = Options.from_file(tmp_path / "all.toml")
    assert (found.render.count, found.render.source, found.render.growth.size) == (3, "shapes", (64, 64))
    assert found.train_segmenter.head.kind == "mask"
    assert main(["run", "sem", "--set", "render.cuont=3"]) == 2
    assert 'unknown option "render.cuont"; did you mean "count"' in capsys.readouterr().err
    assert main(["run", "sem", "--set", "render"]) == 2
    assert "Write --set stage.name=value" in capsys.readouterr().err


@trains_once
def test_the_command_goes_on_with_a_run(finished, tmp_path, capsys):
    folder, outputs = finished
    options(folder, truth=folder / "truth").to_file(tmp_path / "options.json")
    assert main(["run", "sem", str(tmp_path / "options.json"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["evaluate"]["f1"] == outputs["evaluate"].f1


def test_a_model_to_start_from_that_is_missing_is_told_before_the_work_begins(tmp_path):
    given = Options(sources=["rendering"], folder=tmp_path / "run", train_segmenter={"start": "particle"})
    with pytest.raises(ModelError, match=r'particle: .*Did you mean "particles"'):
        run(given)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("missing", ["images", "outlines", "truth"])
def test_a_folder_that_is_missing_is_told_before_the_work_begins(tmp_path, missing):
    write_scenes(tmp_path, 1)
    write_outlines(tmp_path)
    settings = {name: tmp_path / name for name in ("images", "outlines", "truth")} | {missing: tmp_path / "nowhere"}
    with pytest.raises(ImageError, match="nowhere: is not a folder"):
        run(Options(profile="smoke", folder=tmp_path / "run", **settings))
    assert not (tmp_path / "run").exists()


@trains_once
def test_a_run_of_another_version_stays_as_it_is(tmp_path):
    write_outlines(tmp_path)
    write_scenes(tmp_path, 1)
    run_folder = tmp_path / "run"
    (run_folder / "01_prepare").mkdir(parents=True)
    contents = {
        run_folder / "01_prepare" / "manifest.json": '{"stage": "prepare"}',
        run_folder / "options.toml": "seed = 7",
    }
    for path, content in contents.items():
        path.write_text(content)
    options = Options(profile="smoke", images=tmp_path / "images", outlines=tmp_path / "outlines", folder=run_folder)
    with pytest.raises(StageError, match="01_prepare: was made by another version of autoseg"):
        run(options)
    assert {path: path.read_text() for path in run_folder.rglob("*") if path.is_file()} == contents


@trains_once
def test_renderings_alone_make_a_model_for_any_micrographs(tmp_path, capsys):
    changes = {"sources": ("rendering",), "render": {"source": "shapes"}, "own_processes": False}
    Options(profile="smoke", folder=tmp_path / "run", **changes).to_file(tmp_path / "recipe.json")
    assert main(["run", "sem", str(tmp_path / "recipe.json")]) == 0
    assert "09_train_segmenter" in capsys.readouterr().out
    assert sorted(path.name for path in (tmp_path / "run").iterdir() if path.is_dir()) == [
        "07_render",
        "09_train_segmenter",
    ]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (["--images", "i"], 'needs folders of "images" and of "outlines"'),
        (["--profile", "fast"], "fast"),
        (["nowhere.toml"], "nowhere.toml"),
    ],
)
def test_the_command_refuses_what_cannot_be(given, problem, capsys):
    assert main(["run", "sem", *given]) == 2
    assert problem in capsys.readouterr().err
