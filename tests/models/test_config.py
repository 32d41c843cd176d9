"""What a model's config.json says of it, and what cannot be said; no network is needed for that."""

import json
import re

import pytest

from autoseg.errors import ModelError, OptionsError
from autoseg.models.config import CONFIG, FORMAT, ClassModelScore, ModelConfig, ModelScore, Preprocessing, read_config
from tests.heads import HEADS

PARTICLES = {
    "images": "SEM images of TiO2", "count": 20, "f1": 0.7, "average_precision": 0.53, "mean_best_iou": 0.57,
    "image_iou": 0.9, "youden": 0.94, "instance_iou_8": 0.71,
}  # fmt: skip
CLASSES = {
    "images": "TEM images", "count": 5, "mean_iou": 0.8, "mean_iou_without_background": 0.7,
    "iou": {"background": 1.0, "grain": 0.7, "pore": 0.7}, "f1": {"grain": 0.82},
}  # fmt: skip


def described(head, **description):
    architecture = {"architecture": "unet", "outputs": head.network_outputs}
    return ModelConfig(architecture=architecture, head=head, **description)


@pytest.mark.parametrize("name", HEADS)
def test_a_config_with_a_head_comes_back_as_it_was_written(name, tmp_path):
    config = described(HEADS[name], polarity="dark", diameter_range=(3, 40))
    config.to_file(tmp_path / CONFIG)
    found = read_config(tmp_path)
    assert found.head == HEADS[name] and found.changed(architecture=config.architecture) == config
    found.head.check_network(found.architecture["outputs"])


def test_a_config_without_a_head_comes_back_too(tmp_path):
    config = ModelConfig(architecture={"architecture": "resnet"})
    config.to_file(tmp_path / CONFIG)
    assert read_config(tmp_path) == config and config.head is None
    config.to_file(tmp_path / "config.toml")
    assert ModelConfig.from_file(tmp_path / "config.toml") == config


@pytest.mark.parametrize("name", HEADS)
def test_a_head_that_does_not_fit_the_network_is_refused(name, tmp_path):
    other = HEADS["instances" if name != "instances" else "mask"]
    for outputs in (other.network_outputs, None):
        with pytest.raises(OptionsError, match=f'the head "{HEADS[name].kind}" needs a network with the outputs'):
            ModelConfig(architecture={"architecture": "unet", "outputs": outputs}, head=HEADS[name])
    config = described(HEADS[name]).model_dump(mode="json") | {"head": other.model_dump(mode="json")}
    (tmp_path / CONFIG).write_text(json.dumps(config))
    with pytest.raises(ModelError, match=f"config.json: is not a valid .* the head .{other.kind}. needs a network"):
        read_config(tmp_path)


def test_the_first_format_is_refused_with_what_to_do(tmp_path):
    old = {"format": 1, "architecture": {"architecture": "unet"}, "pixel_size_range": None}
    (tmp_path / CONFIG).write_text(json.dumps(old))
    with pytest.raises(ModelError, match="is of format 1") as caught:
        read_config(tmp_path)
    assert caught.value.file == tmp_path / CONFIG
    for part in ("Train it anew", '"head"', 'remove "pixel_size_range"', f'set "format" to {FORMAT}'):
        assert part in caught.value.advice


def test_the_advice_for_the_first_format_helps(tmp_path):
    config = described(HEADS["mask"]).model_dump(mode="json")
    (tmp_path / CONFIG).write_text(json.dumps(config | {"format": 1}))
    with pytest.raises(ModelError):
        read_config(tmp_path)
    (tmp_path / CONFIG).write_text(json.dumps(config | {"format": FORMAT, "head": "mask"}))
    assert read_config(tmp_path).head == HEADS["mask"]


def test_percentiles_must_rise():
    with pytest.raises(OptionsError, match='"percentiles" must rise'):
        Preprocessing(percentiles=(99, 1))


@pytest.mark.parametrize(
    ("kind", "head", "score"),
    [
        (ModelScore, "instances", {**PARTICLES, "seeds": 3, "spread": {"f1": 0.02}}),
        (ClassModelScore, "classes", CLASSES),
    ],
)
def test_scores_of_both_kinds_come_back(kind, head, score, tmp_path):
    described(HEADS[head], scores=[score]).to_file(tmp_path / CONFIG)
    (found,) = read_config(tmp_path).scores
    assert type(found) is kind and found == kind(**score)


def test_a_model_may_have_no_scores(tmp_path):
    config = described(HEADS["mask"]).model_dump(mode="json")
    assert config.pop("scores") == []
    (tmp_path / CONFIG).write_text(json.dumps(config))
    assert read_config(tmp_path).scores == ()


@pytest.mark.parametrize(
    ("kind", "wrong", "problem"),
    [
        (ModelScore, {"f1": 70}, '"f1" must be less than or equal to 1'),
        (ModelScore, {"count": 0}, '"count" must be greater than or equal to 1'),
        (ModelScore, {"images": ""}, '"images"'),
        (ModelScore, {"spread": {"f2": 0.1}}, '"spread'),
        (ModelScore, {"spread": {"f1": -0.1}}, '"spread'),
        (ModelScore, {"f2": 0.1}, 'unknown option "f2"; did you mean "f1"'),
        (ClassModelScore, {"mean_iou": 1.1}, '"mean_iou" must be less than or equal to 1'),
        (ClassModelScore, {"iou": {"grain": -0.1}}, '"iou" must be greater than or equal to 0'),
        (ClassModelScore, {"youden": 0.5}, 'unknown option "youden"'),
    ],
)
def test_scores_that_cannot_be_are_refused(kind, wrong, problem):
    with pytest.raises(OptionsError, match=re.escape(problem)):
        kind(**(PARTICLES if kind is ModelScore else CLASSES) | wrong)
