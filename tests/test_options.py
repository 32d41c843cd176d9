import json
import tomllib
from typing import Literal

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoseg.errors import OptionsError
from autoseg.options import Options


class Tiling(Options):
    size: int = pydantic.Field(384, ge=16)
    "Edge of a tile in pixels."
    overlap: int | None = None
    "Pixels that neighbours share."


class Run(Options):
    name: str
    seed: int = 0
    tiling: Tiling = Tiling()
    "How images are cut."
    scale: tuple[float, float] = (0.75, 1.25)
    dark: bool = False


def problem(values, options=Run):
    with pytest.raises(OptionsError) as caught:
        options(**values)
    return str(caught.value)


def test_options_are_frozen_and_changed_by_copy():
    run = Run(name="a")
    with pytest.raises(pydantic.ValidationError):
        run.seed = 3
    changed = run.changed(seed=3)
    assert (run.seed, changed.seed, changed.name) == (0, 3, "a")
    assert changed.model_fields_set == run.model_fields_set | {"seed"}  # what nobody chose stays so
    with pytest.raises(OptionsError, match='unknown option "sead"; did you mean "seed"'):
        run.changed(sead=3)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, 'option "name" must be given'),
        ({"name": "a", "sede": 1}, 'unknown option "sede"; did you mean "seed"?'),
        ({"name": "a", "tiling": {"sise": 1}}, 'unknown option "tiling.sise"; did you mean "size"?'),
        ({"name": "a", "zzzz": 1}, 'unknown option "zzzz"'),
        ({"name": "a", "tiling": {"size": 8}}, '"tiling.size" must be greater than or equal to 16, not 8'),
        (
            {"name": "a", "seed": "many"},
            "\"seed\" must be a valid integer, not 'many'",
        ),
        ({"name": "a", "dark": 7}, '"dark" must be a valid boolean, not 7'),
    ],
)
def test_problems_are_said_plainly(values, expected):
    assert problem(values) == expected


def test_all_problems_are_said_at_once():
    assert problem({"sede": 1, "seed": "x"}).count(";") >= 2


def test_one_sentence_tells_all_that_a_value_may_be():
    class Bar(Options):
        row: Literal["auto", "none"] | int = "auto"

    assert problem({"row": "x"}, Bar) == "\"row\" must be 'auto' or 'none', or a valid integer, not 'x'"


def test_not_a_number_is_refused():
    assert '"scale.0"' in problem({"name": "a", "scale": (float("nan"), 1.0)})


@pytest.mark.parametrize("ending", [".toml", ".json"])
@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    name=st.text(max_size=20),
    seed=st.integers(-(2**40), 2**40),
    overlap=st.none() | st.integers(0, 100),
    scale=st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 2),
    dark=st.booleans(),
)
def test_files_give_back_what_was_written(tmp_path_factory, ending, name, seed, overlap, scale, dark):
    path = tmp_path_factory.mktemp("options") / f"optiönen{ending}"
    run = Run(name=name, seed=seed, tiling=Tiling(overlap=overlap), scale=scale, dark=dark)
    run.to_file(path)
    assert Run.from_file(path) == run


def test_a_written_toml_file_explains_itself(tmp_path):
    path = tmp_path / "options.toml"
    Run(name="a").to_file(path)
    text = path.read_text(encoding="utf-8")
    assert "# Edge of a tile in pixels.\nsize = 384" in text
    assert "# overlap is not set" in text
    assert tomllib.loads(text)["tiling"] == {"size": 384}


def test_a_number_may_be_all_that_a_toml_file_sets(tmp_path):
    path = tmp_path / "options.toml"
    path.write_text('name = "a"\n[tiling]\nsize = 64\n', encoding="utf-8-sig")
    assert Run.from_file(path) == Run(name="a", tiling=Tiling(size=64))


def test_dictionaries_come_after_what_is_not_a_table(tmp_path):
    class Recipe(Options):
        parts: dict[str, int] = {"a": 1}
        seed: int = 0

    Recipe(seed=4).to_file(tmp_path / "recipe.toml")
    assert Recipe.from_file(tmp_path / "recipe.toml") == Recipe(seed=4)


def test_changes_count_more_than_the_file_table_by_table_but_a_dictionary_is_one_value(tmp_path):
    class Training(Options):
        loss: dict[str, float] = {}
        epochs: int = 1

    class Workflow(Options):
        training: Training = Training()

    Workflow(training=Training(loss={"focal": 1}, epochs=5)).to_file(tmp_path / "a.toml")
    found = Workflow.from_file(tmp_path / "a.toml", training={"loss": {"dice": 1}})
    assert found.training == Training(loss={"dice": 1}, epochs=5)


@pytest.mark.parametrize(
    ("file", "content", "expected"),
    [
        ("a.toml", b"name = ", "is not valid TOML"),
        ("a.json", b'{"name": ', "is not valid JSON"),
        ("a.json", b"[1, 2]", "must hold named options"),
        ("a.toml", b'name = "\xff\xfe"', "is not UTF-8 text"),
        ("a.yaml", b"name: a", "only"),
        ("a.toml", b'name = "a"\nsede = 3', 'unknown option "sede"'),
    ],
)
def test_a_bad_file_is_named(tmp_path, file, content, expected):
    path = tmp_path / file
    path.write_bytes(content)
    with pytest.raises(OptionsError, match=expected) as caught:
        Run.from_file(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(OptionsError, match=r"nowhere\.toml: cannot be read"):
        Run.from_file(tmp_path / "nowhere.toml")


def test_what_toml_cannot_say_is_refused_and_json_says_it(tmp_path):
    class Limited(Options):
        limit: int | None = 5

    unset = Limited(limit=None)
    with pytest.raises(OptionsError, match="Write the options as JSON"):
        unset.to_file(tmp_path / "a.toml")
    assert not list(tmp_path.iterdir())
    unset.to_file(tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text()) == {"limit": None}
    assert Limited.from_file(tmp_path / "a.json") == unset


class Part(Options):
    name: str
    weight: float | None = None
    limit: int | None = 3


class Assembly(Options):
    parts: tuple[Part, ...] = ()

    @pydantic.model_validator(mode="after")
    def _are_named_differently(self):
        if len({part.name for part in self.parts}) < len(self.parts):
            raise ValueError("parts need different names")
        return self


def test_toml_leaves_out_what_is_unset_in_listed_options(tmp_path):
    assembly = Assembly(parts=(Part(name="a"), Part(name="b", weight=2)))
    assembly.to_file(tmp_path / "a.toml")
    assert tomllib.loads((tmp_path / "a.toml").read_text())["parts"] == [
        {"name": "a", "limit": 3},
        {"name": "b", "weight": 2.0, "limit": 3},
    ]
    assert Assembly.from_file(tmp_path / "a.toml") == assembly
    with pytest.raises(OptionsError, match='"limit" is null, which TOML cannot express'):
        Assembly(parts=[Part(name="a", limit=None)]).to_file(tmp_path / "b.toml")


def test_options_that_do_not_fit_together_are_not_repeated():
    class Machine(Options):
        assembly: Assembly

    twice = {"parts": [{"name": "a"}, {"name": "a"}]}
    assert problem(twice, Assembly) == "parts need different names"
    assert problem({"assembly": twice}, Machine) == '"assembly": parts need different names'
