import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoseg.errors import AutosegError
from autoseg.images.names import names_for, refuse_inputs

HOSTILE = [
    "..tif",
    "...",
    "..",
    "",
    "CON.tif",
    "con.x.tif",
    "COM¹.tif",
    "nul",
    "-rf.tif",
    "--help",
    ".hidden.tif",
    "a. .tif",
]
HOSTILE += [
    'a<b>c:d|e?f*g"h\\i.tif',
    "tab\there\n.tif",
    "=1+1.tif",
    "x" * 300 + ".tif",
    "ä" * 200 + ".tif",
    "\udcff.tif",
]
HOSTILE += [" a .tif", "left\u202eright.tif", "a.tif" + "z" * 300]


def keys(names):
    return [name.casefold() for name in names]


def test_stems_are_kept():
    assert names_for(["/data/a.tif", "größe 5.png", "粒子.tif", "b.c.tif"]) == ["a", "größe 5", "粒子", "b.c"]


def test_equal_stems_are_told_apart_by_their_endings_then_by_numbers():
    assert names_for(["a.tif", "a.png", "b.tif"]) == ["a-tif", "a-png", "b"]
    assert names_for(["x/a.tif", "y/a.tif", "a"]) == ["a-tif", "a-tif-2", "a"]
    assert names_for(["A.tif", "a.TIF"]) == ["A-tif", "a-TIF-2"]


def test_a_name_that_is_made_never_meets_one_that_is_there():
    assert names_for(["a.tif", "a.png", "a-tif.jpg"]) == ["a-tif-2", "a-png", "a-tif"]


def test_composed_and_decomposed_letters_are_one_name():
    assert names_for(["\u00e4.tif", "a\u0308.png"]) == ["ä-tif", "ä-png"]


@pytest.mark.parametrize("path", HOSTILE)
def test_hostile_names_become_safe(path, tmp_path):
    (name,) = names_for([path])
    (tmp_path / f"{name}_probability.tif").touch()
    (tmp_path / f"{name}").mkdir()
    assert len(list(tmp_path.iterdir())) == 2
    assert not set('<>:"/\\|?*\n\t\u202e') & set(name)
    assert name[0] not in "-.=+@~ "
    assert name[-1] not in ". "
    assert len(name.encode()) <= 120
    assert name.split(".")[0].upper() not in ("CON", "NUL", "COM¹")


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    paths=st.lists(
        st.one_of(st.text(max_size=8), st.sampled_from(["a.tif", "a.png", "A.png", "x/a.png", *HOSTILE])), max_size=8
    )
)
def test_names_are_unique_and_always_the_same(paths):
    names = names_for(paths)
    assert len(set(keys(names))) == len(names) == len(paths)
    assert names_for(paths) == names


def test_inputs_are_not_overwritten(tmp_path):
    source = tmp_path / "a_labels.tif"
    source.touch()
    link = tmp_path / "link.tif"
    link.symlink_to(source)
    refuse_inputs([tmp_path / "b_labels.tif"], [source])
    for output in (source, tmp_path / "deeper" / ".." / "a_labels.tif", link):
        with pytest.raises(AutosegError, match=r"a_labels\.tif: is an input"):
            refuse_inputs([tmp_path / "b.tif", output], [source])


def test_inputs_that_are_not_there_are_not_written_either(tmp_path):
    with pytest.raises(AutosegError, match="is an input"):
        refuse_inputs([tmp_path / "a.tif"], [tmp_path / "." / "a.tif"])
