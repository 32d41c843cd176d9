import json

import pytest

from autoseg import files
from autoseg.cli import main
from autoseg.heads import Head
from autoseg.models import config


def add(folder, architecture, head, **description):
    """The files of a model that is listed."""
    folder.mkdir()
    network = {"architecture": architecture, "outputs": head.network_outputs if head else None}
    described = config.ModelConfig(architecture=network, head=head, polarity="either", **description)
    described.to_file(folder / "config.json")
    (folder / "model.weights.h5").write_bytes(bytes(2_500_000))


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """Two models, as far as their listing goes: no weights are loaded for it."""
    add(tmp_path / "particles", "unet", Head(kind="instances"))
    add(tmp_path / "rods", "multires_unet", Head(kind="mask"))
    (tmp_path / "particles" / "CARD.md").write_text("# particles\n\nFor any particles. Trained on renderings.\n")
    for module in (files, config):
        monkeypatch.setattr(module, "shipped", lambda kind: tmp_path)
    return tmp_path


def change(folder, **changes):
    content = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(content | changes))


def test_each_model_has_a_line(shipped, capsys):
    assert main(["models"]) == 0
    header, particles, rods, empty, about, no_card = capsys.readouterr().out.splitlines()
    assert header.split() == ["model", "network", "predicts", "MB", "particles", "diameter", "score"]
    assert particles.split("  ")[0] == "particles" and about == "particles: For any particles." and not empty
    assert "foreground, contact, distance" in particles and " 2.5 " in particles
    assert rods.split() == ["rods", "multires_unet", "foreground", "2.5", "either", "any", "-"]
    assert no_card == "rods: This model has no card."


def test_the_line_tells_for_which_sizes_a_model_is_and_how_good(shipped, capsys):
    others = dict.fromkeys(("average_precision", "mean_best_iou", "image_iou", "youden", "instance_iou_8"), 0.5)
    scores = [
        {"images": "own samples", "count": 6, "seeds": 1, "f1": 0.904, **others, "spread": {}},
        {"images": "SEM images of TiO2", "count": 20, "seeds": 3, "f1": 0.7849, **others, "spread": {"f1": 0.012}},
    ]
    change(shipped / "rods", scores=scores, diameter_range=[10, 90.5])
    assert main(["models"]) == 0
    rods = capsys.readouterr().out.splitlines()[2]
    assert rods.endswith("  10 to 90.5 px  F1 0.90 on 6 own samples, F1 0.78 ± 0.01 on 20 SEM images of TiO2")
    assert main(["models", "rods", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["scores"] == scores


def test_the_line_of_a_model_of_classes_tells_its_classes_and_their_mean_iou(shipped, capsys):
    score = {"images": "TEM images", "count": 5, "mean_iou": 0.8049, "mean_iou_without_background": 0.7}
    head = Head(kind="classes", classes=["ground", "grain", "pore"], also=[{"name": "edges", "channels": ["edge"]}])
    add(shipped / "alloy", "unet", head, scores=[score], diameter_range=(3, 9))
    assert main(["models"]) == 0
    alloy = [cell.strip() for cell in capsys.readouterr().out.splitlines()[1].split("  ") if cell]
    assert alloy[:4] == ["alloy", "unet", "classes ground, grain, pore; edges: edge", "2.5"]
    assert alloy[4:] == ["-", "-", "mean IoU 0.80 on 5 TEM images"]  # neither polarity nor sizes of particles


def test_the_line_of_a_network_that_does_not_segment_says_so(shipped, capsys):
    add(shipped / "alike", "resnet", None)
    assert main(["models"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["alike", "resnet", "no", "segmentation", "2.5", *"---"]


def test_json_has_all_that_is_known(shipped, capsys):
    assert main(["models", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [model["name"] for model in found] == ["particles", "rods"]
    assert found[0]["weights_bytes"] == 2_500_000 and found[0]["architecture"]["architecture"] == "unet"


def test_a_model_shows_its_card(shipped, capsys):
    assert main(["models", "particles"]) == 0
    assert capsys.readouterr().out.startswith("# particles\n\nFor any particles. Trained on")
    assert main(["models", str(shipped / "rods")]) == 0
    assert "has no card" in capsys.readouterr().out


def test_what_is_no_model_is_told(shipped, capsys):
    assert main(["models", "particels"]) == 1
    assert (
        'particels: is neither a model folder nor a shipped model. Did you mean "particles"?' in capsys.readouterr().err
    )
    (shipped / "rods" / "config.json").write_text("{")
    assert main(["models"]) == 1
    assert "config.json: is damaged" in capsys.readouterr().err


def test_what_is_really_shipped_is_listed(capsys):
    assert main(["models", "--json"]) == 0
    assert [model["name"] for model in json.loads(capsys.readouterr().out)] == files.shipped_models()
