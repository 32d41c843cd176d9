import json

from autoseg.cli import datasets as verb
from autoseg.cli import main
from autoseg.datasets import registry


def test_data_sets_are_listed_with_address_and_licence(capsys):
    assert main(["datasets"]) == 0
    text = capsys.readouterr().out
    for name, one in registry().items():
        assert name in text and one.address in text and one.licence in text
    assert main(["datasets", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tio2"]["doi"] == "10.5281/zenodo.4563942"


def test_one_is_fetched_to_where_it_is_wanted(tmp_path, capsys, monkeypatch):
    asked = []
    monkeypatch.setattr(verb, "fetch", lambda name, folder, progress: asked.append((name, folder)) or folder)
    assert main(["datasets", "tio2", "--output", str(tmp_path)]) == 0
    assert asked == [("tio2", tmp_path)]
    folder, licence, cite = capsys.readouterr().out.splitlines()
    assert folder == str(tmp_path) and "CC BY-NC-ND 4.0" in licence and "Sci. Rep." in cite


def test_what_cannot_be_fetched_is_explained(capsys):
    assert main(["datasets", "emps"]) == 1
    assert "by hand. Follow https://github.com/by256/emps" in capsys.readouterr().err
    assert main(["datasets", "tio3"]) == 2
    assert 'Did you mean "tio2"?' in capsys.readouterr().err
