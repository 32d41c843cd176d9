import json

import pytest

from autoseg import files
from autoseg.cli import main, models


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """Two models, as far as their listing goes: no weights are loaded for it."""
    descriptions = {
        "particles": {"architecture": "unet", "outputs": [["prediction", 3, "sigmoid"]]},
        "rods": {"architecture": "multires_unet", "channels": 1},
    }
    for name, architecture in descriptions.items():
        folder = tmp_path / name
        folder.mkdir()
        config = {"format": 1, "architecture": architecture, "polarity": "either", "pixel_size_range": None}
        (folder / "config.json").write_text(json.dumps(config))
        (folder / "model.weights.h5").write_bytes(bytes(2_500_000))
    (tmp_path / "particles" / "CARD.md").write_text("# particles\n\nFor any particles. Trained on renderings.\n")
    for module in (files, models):
        monkeypatch.setattr(module, "shipped", lambda kind: tmp_path)
    return tmp_path


def change(folder, **changes):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))


def test_each_model_has_a_line(shipped, capsys):
    assert main(["models"]) == 0
    header, particles, rods, empty, about, no_card = capsys.readouterr().out.splitlines()
    assert header.split() == ["model", "network", "tells", "MB", "particles", "diameter", "nm/px", "F1"]
    assert particles.split("  ")[0] == "particles" and about == "particles: For any particles." and not empty
    assert "foreground, contact, distance" in particles and " 2.5 " in particles
    assert rods.split() == ["rods", "multires_unet", "foreground", "2.5", "either", "any", "any", "-"]
    assert no_card == "rods: This model has no card."


def test_the_line_tells_for_which_sizes_a_model_is_and_how_good(shipped, capsys):
    scores = [{"images": "own samples", "count": 6, "f1": 0.904}]
    scores.append({"images": "SEM images of TiO2", "count": 20, "f1": 0.7849, "seeds": 3, "spread": {"f1": 0.012}})
    change(shipped / "rods", scores=scores, diameter_range=[10, 90.5], pixel_size_range=[0.5, 2])
    assert main(["models"]) == 0
    rods = capsys.readouterr().out.splitlines()[2]
    assert rods.endswith("10 to 90.5 px  0.5 to 2  0.90 on 6 own samples, 0.78 ± 0.01 on 20 SEM images of TiO2")
    assert main(["models", "rods", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["scores"] == scores


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
    assert "particels: is no model folder" in capsys.readouterr().err
    (shipped / "rods" / "config.json").write_text("{")
    assert main(["models"]) == 1
    assert "config.json: is damaged" in capsys.readouterr().err


def test_what_is_really_shipped_is_listed(capsys):
    assert main(["models", "--json"]) == 0
    assert [model["name"] for model in json.loads(capsys.readouterr().out)] == files.shipped_models()
