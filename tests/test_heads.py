"""What a head tells about a network's outputs, and which heads there cannot be."""

import re

import numpy as np
import pytest

from autoseg.errors import OptionsError
from autoseg.heads import IGNORED, ClassLabel, Head, Output, class_colours
from autoseg.options import Options
from tests.heads import CLASSES, HEADS

OUTPUTS = {
    "mask": (("foreground", 1, "sigmoid"),),
    "instances": (("particles", 3, "sigmoid"),),
    "classes": (("classes", 3, "softmax"),),
    "classes and rows": (("classes", 3, "softmax"), ("rows", 1, "linear")),
}


@pytest.mark.parametrize("name", HEADS)
def test_outputs_are_those_of_the_kind_and_then_the_others(name):
    head = HEADS[name]
    assert head.network_outputs == OUTPUTS[name]
    assert head.outputs == (head.main, *head.also)
    assert [len(output.channels) for output in head.outputs] == [count for _, count, _ in OUTPUTS[name]]


@pytest.mark.parametrize(
    ("name", "finds_particles", "tells_distance", "described"),
    [
        ("mask", True, False, "foreground"),
        ("instances", True, True, "foreground, contact, distance"),
        ("classes", False, False, "classes background, grain, pore"),
        ("classes and rows", False, False, "classes background, grain, pore; rows: rows"),
    ],
)
def test_what_can_be_done_with_a_prediction(name, finds_particles, tells_distance, described):
    head = HEADS[name]
    assert (head.finds_particles, head.tells_distance) == (finds_particles, tells_distance)
    assert head.describe() == described
    assert head.class_names == (CLASSES if head.kind == "classes" else ())


@pytest.mark.parametrize("name", HEADS)
def test_a_head_comes_back_from_a_file_as_it_was_written(name, tmp_path):
    HEADS[name].to_file(tmp_path / "head.json")
    assert Head.from_file(tmp_path / "head.json") == HEADS[name]
    assert Head.model_validate_json(HEADS[name].model_dump_json()) == HEADS[name]


def test_names_are_enough_for_classes():
    spelled_out = Head(kind="classes", classes=[{"name": name, "colour": None} for name in CLASSES])
    assert HEADS["classes"] == spelled_out
    coloured = Head(kind="classes", classes=["ground", {"name": "grain", "colour": "#FF0010"}])
    assert coloured.classes == (ClassLabel(name="ground"), ClassLabel(name="grain", colour="#FF0010"))


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"kind": "particles"}, "\"kind\" must be 'mask', 'instances' or 'classes'"),
        ({}, '"kind" must be given'),
        ({"kind": "classes"}, '"classes" must be given for the kind "classes", and for no other'),
        ({"kind": "mask", "classes": CLASSES}, '"classes" must be given for the kind "classes", and for no other'),
        ({"kind": "classes", "classes": ["ground"]}, 'two to 255 "classes"'),
        ({"kind": "classes", "classes": [f"class {n}" for n in range(256)]}, 'two to 255 "classes"'),
        ({"kind": "classes", "classes": ["ground", "pore", "pore"]}, "classes must have different names"),
        ({"kind": "classes", "classes": ["ground", ""]}, '"classes.1" must have at least 1'),
        (
            {"kind": "classes", "classes": ["ground", {"name": "pore", "colour": "red"}]},
            '"classes.1" must match pattern',
        ),
        ({"kind": "mask", "also": [{"name": "foreground", "channels": ["a"]}]}, "outputs must have different names"),
        ({"kind": "mask", "also": [{"name": "a", "channels": ["foreground"]}]}, "channels must have different names"),
        ({"kind": "mask", "also": [{"name": "a", "channels": ["b", "b"]}]}, "channels must have different names"),
        ({"kind": "mask", "also": [{"name": "a", "channels": []}]}, '"also.0" must have at least 1'),
        ({"kind": "mask", "also": [{"name": "a/b", "channels": ["a"]}]}, '"also.0" must match pattern'),
        (
            {"kind": "mask", "also": [{"name": "a", "channels": ["b"], "activation": "relu"}]},
            "\"also.0\" must be 'sigmoid', 'softmax' or 'linear'",
        ),
        ({"kind": "mask", "class": ["a", "b"]}, 'unknown option "class"; did you mean "classes"?'),
    ],
)
def test_what_cannot_be_is_refused(wrong, problem):
    with pytest.raises(OptionsError, match=re.escape(problem)):
        Head(**wrong)


def test_there_may_be_as_many_classes_as_a_byte_leaves():
    most = Head(kind="classes", classes=[f"class {number}" for number in range(IGNORED)])
    assert most.network_outputs == (("classes", 255, "softmax"),)
    assert most.main.channels[-1] == "class_254" and len(set(most.colours)) == 255


def test_each_class_has_a_colour_of_its_own():
    assert HEADS["classes"].colours == ((0, 0, 0), (230, 159, 0), (86, 180, 233))
    assert HEADS["mask"].colours == ()
    # What is chosen is taken from nobody: the second class has the colour that the third would have had.
    chosen = [ClassLabel(name="a"), ClassLabel(name="b", colour="#56B4E9"), ClassLabel(name="c"), ClassLabel(name="d")]
    assert class_colours(chosen) == ((0, 0, 0), (86, 180, 233), (230, 159, 0), (0, 158, 115))
    many = [ClassLabel(name=str(number)) for number in range(20)]
    taken = "#{:02x}{:02x}{:02x}".format(*class_colours(many)[15])
    assert len(set(class_colours([*many, ClassLabel(name="last", colour=taken)]))) == 21


@pytest.mark.parametrize("name", HEADS)
def test_a_network_with_other_outputs_is_refused(name):
    head, fitting = HEADS[name], OUTPUTS[name]
    head.check_network(fitting)
    head.check_network([list(output) for output in fitting])  # as they come out of JSON
    (first, count, activation), *others = fitting
    for unfit in [None, (), fitting[1:], (*fitting, ("more", 1, "linear")), ((first, count + 1, activation), *others)]:
        with pytest.raises(OptionsError, match=f'the head "{head.kind}" needs a network with the outputs {first} '):
            head.check_network(unfit)
    with pytest.raises(OptionsError, match=r"needs .*, not foreground \(2 x softmax\)"):
        head.check_network([["foreground", 2, "softmax"]])


@pytest.mark.parametrize("name", HEADS)
def test_channels_of_a_prediction_get_their_names(name):
    head = HEADS[name]
    rng = np.random.default_rng(0)
    prediction = {name: rng.random((4, 5, count)) for name, count, _ in head.network_outputs}
    named = head.named(prediction)
    assert list(named) == [channel for output in head.outputs for channel in output.channels]
    for output in head.outputs:
        stack = np.stack([named[channel] for channel in output.channels], axis=-1)
        np.testing.assert_array_equal(stack, prediction[output.name])


def test_channels_of_two_outputs_are_not_mixed_up():
    head = Head(kind="mask", also=[Output(name="depth", channels=("near", "far"), activation="linear")])
    named = head.named({"depth": np.array([[[2, 3]]]), "foreground": np.array([[[1]]])})
    assert {name: channel.tolist() for name, channel in named.items()} == {
        "foreground": [[1]],
        "near": [[2]],
        "far": [[3]],
    }


class Training(Options):
    head: Head = Head(kind="instances")


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("ending", [".toml", ".json"])
def test_a_head_comes_back_from_files(name, ending, tmp_path):
    options = Training(head=HEADS[name])
    options.to_file(tmp_path / f"options{ending}")
    assert Training.from_file(tmp_path / f"options{ending}") == options
