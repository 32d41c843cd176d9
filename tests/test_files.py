import pytest

from autoseg import files
from autoseg.files import shipped, written_whole


def test_a_file_appears_whole_with_its_folder(tmp_path):
    target = tmp_path / "deeper" / "tabelle.weights.h5"
    with written_whole(target) as partial:
        assert partial.name == target.name and not target.exists()
        partial.write_text("new")
    assert target.read_text() == "new"
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_a_failure_leaves_the_old_file_and_no_rest(tmp_path):
    target = tmp_path / "table.csv"
    target.write_text("old")

    def fail():
        with written_whole(target) as partial:
            partial.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_shipped_folders_are_found():
    assert (shipped("datasets") / "samples").is_dir()
    assert shipped("trained_models").is_dir()


def test_shipped_models_are_the_folders_with_a_config(tmp_path, monkeypatch):
    for name in ("rods", "particles", "unfinished"):
        (tmp_path / "trained_models" / name).mkdir(parents=True)
    for name in ("rods", "particles"):
        (tmp_path / "trained_models" / name / "config.json").write_text("{}")
    monkeypatch.setattr(files, "shipped", lambda kind: tmp_path / kind)
    assert files.shipped_models() == ["particles", "rods"]
