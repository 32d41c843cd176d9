"""The verbs that run a network, with one that sees nothing but brightness, so that the truth is known."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import tifffile

from autoseg import networks
from autoseg.cli import commands, demo, main
from autoseg.cli.verbs import VERBS
from autoseg.evaluation import label
from autoseg.heads import Head
from autoseg.images.labels import read_labels, write_labels
from autoseg.images.uncertainty import entropy
from autoseg.models.folder import save_model
from autoseg.models.scoring import TERMS, Scoring
from autoseg.segmentation.plausibility import LEAST
from tests.marks import predicts_once

INFERRING = {verb.name: verb for verb in VERBS if verb.name in ("segment", "demo", "export")}
CARD = "# brightness\n\nThe probability of foreground rises with the brightness."


def write_model(folder, kind):
    """Foreground and, of the kind "instances", distances to rims rise with the brightness; there is no contact."""
    head = Head(kind=kind)
    network = networks.build("unet", filters=(4, 4), outputs=head.network_outputs, seed=0)
    for layer in network.layers:
        if not layer.name.endswith(("convolution", "convolution1", "convolution2")):
            continue
        kernel, *bias = (np.zeros(weights.shape, np.float32) for weights in layer.get_weights())
        middle = kernel[kernel.shape[0] // 2, kernel.shape[1] // 2, 0]
        middle[::2] = 20 * layer.name.startswith("head")
        middle[0] = middle[0] or 1
        layer.set_weights([kernel, *(values - 10 for values in bias)])
    small = Scoring(coefficients=(9, 0, 0, -9, *[0] * (TERMS - 4)))  # and no ground
    save_model(folder, network, head=head, card=CARD, scoring=small)
    return str(folder)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("models") / "brightness", kind="mask")


def squares(count, level=200, background=20):
    """Squares of 12 x 12 pixels, 8 apart, in an image of 33 x 81 pixels."""
    image = np.full((33, 81), background, np.uint8)
    for number in range(count):
        image[10:22, 5 + 20 * number : 17 + 20 * number] = level
    return image


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for name, count in {"größe 1.tif": 2, "b.tif": 3}.items():
        tifffile.imwrite(folder / name, squares(count))
    return folder


def segmented(images, model, *arguments):
    given = [*map(str, images if isinstance(images, list) else [images]), "--model", model, *map(str, arguments)]
    return main(["segment", *given, "--sizes.resamples", "100"])


@predicts_once
@pytest.mark.parametrize("verb", INFERRING.values(), ids=INFERRING)
def test_the_help_has_an_example_that_is_understood(verb, capsys):
    assert main([verb.name, "--help"]) == 0
    assert f"Example: {verb.example}" in " ".join(capsys.readouterr().out.split())
    commands.parse_args(verb.example.split()[1:], exit_on_error=False, print_error=False)


@predicts_once
def test_the_polarity_is_asked_for_once(capsys):
    assert main(["segment", "--help"]) == 0
    said = capsys.readouterr().out
    assert said.count("--polarity") == said.count("--magnification") == 1 and "instances.polarity" not in said


def test_a_folder_becomes_tables_and_files(images, model, tmp_path, capsys):
    out = tmp_path / "out"
    assert segmented(images, model, "--output", out, "--pixel-size", 2) == 0
    said = capsys.readouterr()
    assert "2 images, 5 particles" in said.out and str(out / "report.html") in said.out and not said.err
    kinds = ("_labels.tif", "_overlay.png", "_probability.tif", "_rois.zip")
    batch = {"particles.csv", "summary.csv", "report.html", "run.json", "batch"}
    assert {path.name for path in out.iterdir()} == {name + kind for name in ("b", "größe 1") for kind in kinds} | batch
    table = pd.read_csv(out / "particles.csv")
    assert table["image"].tolist() == ["b.tif"] * 3 + ["größe 1.tif"] * 2 and set(table["area_nm2"]) == {4.0 * 144}
    np.testing.assert_array_equal(read_labels(out / "größe 1_labels.tif") > 0, squares(2) > 100)
    settings = json.loads((out / "run.json").read_text(encoding="utf-8"))["settings"]
    assert settings["model"]["name"] == "brightness" and settings["engine"] == "openvino"
    assert settings["segmentation"]["method"] == "distance"  # as the one channel of the network asks for


@predicts_once
def test_a_file_that_fails_is_listed_and_the_rest_goes_on(images, model, tmp_path, capsys):
    (images / "bad.tif").write_bytes(b"II*\0")
    given = [images, tmp_path / "nowhere.tif"]
    assert segmented(given, model, "--output", tmp_path / "out", "--json") == 1
    said = capsys.readouterr()
    found = json.loads(said.out)
    expected = [str(images / "bad.tif"), str(tmp_path / "nowhere.tif")]
    assert [failure["file"] for failure in found["failures"]] == expected
    assert [image["particles"] for image in found["images"]] == [3, 2]
    assert pd.read_csv(tmp_path / "out" / "failures.csv")["file"].tolist() == expected
    assert [line.split(": ")[1] for line in said.err.splitlines()] == expected


@predicts_once
def test_options_reach_reading_network_particles_and_report(images, model, tmp_path):
    dark = tmp_path / "dark.tif"
    tifffile.imwrite(dark, squares(3, level=20, background=200))
    (tmp_path / "o.toml").write_text('polarity = "dark"\n[instances]\nminimum_size = 145\n[overlay]\nfill = 0.5\n')
    options = ["--options", tmp_path / "o.toml", "--output", tmp_path / "out"]
    assert segmented(dark, model, *options) == 0
    assert len(pd.read_csv(tmp_path / "out" / "particles.csv")) == 0
    more = ["--minimum-size", 144, "--tiles", 32, "--info-bar", 30, "--magnification", 2]
    assert segmented(dark, model, *options, *more, "--anew") == 0
    assert len(pd.read_csv(tmp_path / "out" / "particles.csv")) == 3
    run = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
    assert run["settings"]["predict"]["tiles"] == 32 and run["report"]["overlay"]["fill"] == 0.5
    assert run["settings"]["polarity"] == "dark" and run["settings"]["magnification"] == 2
    assert run["inputs"][0]["rows"] == 30


@predicts_once
def test_nothing_plausible_is_told_and_can_be_seen_on_request(tmp_path, capsys):
    noise = tmp_path / "noise.tif"
    tifffile.imwrite(noise, np.random.default_rng(0).integers(0, 256, (96, 128)).astype(np.uint8))
    counts = []
    for given in ([], ["--plausibility", 0, "--minimum-score", 0, "--anew"]):
        assert segmented(noise, "particles", "--output", tmp_path / "out", *given) == 0
        said = capsys.readouterr().out
        counts.append(len(pd.read_csv(tmp_path / "out" / "particles.csv")))
        assert said.startswith(f"1 image, {counts[-1]} particles")
        assert ("Warning: Nothing plausible was found in 1 image: noise.tif." in said) == (not given)
        settings = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))["settings"]
        assert settings["plausibility"] == (LEAST if not given else 0)
    assert counts[0] == 0 < counts[1]


@predicts_once
def test_uncertainty_and_conditions_are_there_on_request(images, model, tmp_path, capsys):
    given = ["--keep", "label > 1", "centroid_column_px < 40", "--uncertainty", "--output", tmp_path / "out"]
    assert segmented(images, model, *given) == 0
    assert "label > 1 and centroid_column_px < 40 left out 3 of 5 particles" in capsys.readouterr().out
    assert len(pd.read_csv(tmp_path / "out" / "particles.csv")) == 2
    probability, uncertainty = (
        tifffile.imread(tmp_path / "out" / f"b_{kind}.tif") for kind in ("probability", "uncertainty")
    )
    np.testing.assert_array_equal(uncertainty, entropy(probability))


@predicts_once
def test_names_that_are_equal_do_not_collide(images, model, tmp_path):
    shutil.copy(images / "b.tif", tmp_path / "b.tif")
    assert segmented([images / "b.tif", tmp_path / "b.tif"], model, "--output", tmp_path / "out") == 0
    names = sorted(path.name for path in (tmp_path / "out").glob("*_labels.tif"))
    assert names == ["b-tif-2_labels.tif", "b-tif_labels.tif"]


@predicts_once
def test_results_do_not_go_among_the_images_nor_over_them(images, model, tmp_path, capsys):
    assert segmented(images, model, "--output", images) == 2
    assert f"{images} holds the images" in capsys.readouterr().err
    odd = images / "b_labels.tif"
    shutil.copy(images / "b.tif", odd)
    assert segmented([images / "b.tif", odd], model, "--output", images) == 1
    assert "is an input, and would be overwritten" in capsys.readouterr().err
    assert len(list(images.iterdir())) == 3


@predicts_once
@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["--model", "particels"], 1, "particels: is neither a model folder nor a shipped model"),
        (["--threshold", "2"], 2, '"threshold" must be'),
        (["--minimum-sise", "2"], 2, "Did you mean --minimum-size?"),
        (["--sizes.column", "arae"], 2, 'no size called "arae"'),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    images, model, tmp_path, capsys, arguments, code, expected
):
    given = arguments if "--model" in arguments else ["--model", model, *arguments]
    assert main(["segment", str(images), "--output", str(tmp_path / "out"), *given]) == code
    said = capsys.readouterr()
    assert expected in said.err and not said.out and not (tmp_path / "out").exists()


@predicts_once
def test_the_demo_scores_and_reports_bright_and_dark_samples(tmp_path, capsys, monkeypatch):
    model = write_model(tmp_path / "brightness", kind="instances")
    monkeypatch.setattr(demo, "shipped", lambda kind: tmp_path / kind)
    samples = tmp_path / "datasets" / "samples"
    for name, levels, true in ("bright_a", (200, 20), 2), ("dark_b", (20, 200), 3):
        samples.mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(samples / f"{name}.tif", squares(3, *levels))
        write_labels(samples / "truth" / f"{name}_labels.tif", label(squares(true) > 100))
    monkeypatch.chdir(tmp_path)
    assert main(["demo", "--model", model]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[:6] == ["bright_a.tif", "2", "3", "0.667", "1.000", "0.800"]
    assert lines[2].split()[:6] == ["dark_b.tif", "3", "3", "1.000", "1.000", "1.000"]
    assert lines[-1] == "Report: autoseg_demo/report.html" and (tmp_path / "autoseg_demo" / "report.html").is_file()
    run = json.loads((tmp_path / "autoseg_demo" / "run.json").read_text(encoding="utf-8"))
    assert run["scores"]["particles"]["true"] == 5


@predicts_once
def test_shards_and_workers_make_what_one_run_makes(images, model, tmp_path, capsys):
    tifffile.imwrite(images / "c.tif", squares(1))
    options = ["--geojson", "--save", "labels,probability", "--threshold", 0.4, "--keep", "label < 3", "--tiles", 64]
    for name, more in (("whole", []), ("parts", ["--shard", "1/2"]), ("parts", ["--shard", "2/2", "--workers", 1])):
        assert segmented(images, model, *options, "--output", tmp_path / name, *more) == 0
    assert main(["merge", str(tmp_path / "parts")]) == 0
    assert "3 images, 5 particles" in capsys.readouterr().out
    whole, parts = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir() if path.is_file()}
        for name in ("whole", "parts")
    )
    runs = [json.loads(files.pop("run.json")) for files in (whole, parts)]
    assert whole == parts and len(whole) == 3 * 3 + 3
    assert [run["settings"] for run in runs] == [runs[0]["settings"]] * 2


@predicts_once
def test_models_of_classes_take_no_options_of_batches(images, capsys, tmp_path):
    given = [str(images), "--model", "stm-si100", "--output", str(tmp_path / "out"), "--shard", "1/2", "--chunk", "3"]
    assert main(["segment", *given]) == 2
    assert '"stm-si100" finds defects; only for particles there is "chunk", "shard"' in capsys.readouterr().err
