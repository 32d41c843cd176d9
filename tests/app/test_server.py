"""How the app is started, and what is done with what browsers send."""

import socket

import pytest

from autoseg.app.options import AppOptions, current_options
from autoseg.app.sentences import as_plain
from autoseg.app.server import serve, settings
from autoseg.app.uploads import Upload, on_disk, received, safe_name
from autoseg.cli import main
from autoseg.errors import AutosegError, OptionsError


class Sent:
    def __init__(self, name, content=b"x"):
        self.name, self.content, self.size = name, content, len(content)

    def getbuffer(self):
        return self.content


def test_it_listens_on_this_computer_and_sends_no_statistics():
    found = settings(AppOptions(port=8600))
    assert found["server.address"] == "127.0.0.1" and found["server.port"] == 8600
    assert found["browser.gatherUsageStats"] is False and found["client.showErrorDetails"] == "none"


def test_a_taken_port_and_wrong_options_are_explained(capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["app", "--port", str(port), "--no-open-browser"]) == 1
    assert f"port {port} cannot be used" in capsys.readouterr().err
    assert main(["app", "--port", "70000"]) == 2
    with pytest.raises(OptionsError, match="unknown option"):
        AppOptions(allow_path=True)


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr("autoseg.app.server.importlib.util.find_spec", lambda name: None)
    with pytest.raises(AutosegError, match=r"needs streamlit and plotly. Run: pip install 'autoseg\[app\]'"):
        serve(AppOptions())


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../../etc/passwd", "passwd"),
        ("..\\..\\x.tif", "x.tif"),
        ("/root/a.tif", "a.tif"),
        ("a\n\x00b.tif", "a__b.tif"),
        ("folder [1]/größe 1.tif", "größe 1.tif"),
        ("...", "_"),
        ("", "_"),
    ],
)
def test_names_keep_nothing_of_a_path(sent, kept):
    assert safe_name(sent) == kept


def test_long_names_are_cut_and_keep_their_ending(tmp_path):
    name = safe_name("é" * 500 + ".tif")
    assert name.endswith(".tif") and len(name.encode()) <= 200
    (tmp_path / name).touch()
    assert len(safe_name("a." + "b" * 900).encode()) <= 200


def test_files_are_on_the_disk_only_while_they_are_read():
    with on_disk([Upload("a.tif", b"1"), Upload("b[1].txt", b"2")]) as folder:
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"a.tif": b"1", "b[1].txt": b"2"}
    assert not folder.exists()
    with pytest.raises(RuntimeError), on_disk([Upload("a.tif", b"1")]) as folder:
        raise RuntimeError
    assert not folder.exists()


def test_hidden_files_are_left_out_and_equal_names_and_too_many_files_refused(monkeypatch):
    assert received(None) == [] and [one.name for one in received(Sent("a.tif"))] == ["a.tif"]
    assert [one.name for one in received([Sent("x/.DS_Store"), Sent("x/a.tif")])] == ["a.tif"]
    with pytest.raises(AutosegError, match="is there twice"):
        received([Sent("x/a.tif"), Sent("y/A.tif")])
    monkeypatch.setenv("AUTOSEG_APP", '{"max_files": 1}')
    assert current_options().max_files == 1
    with pytest.raises(AutosegError, match="2 files are more than 1"):
        received([Sent("a"), Sent("b")])


def test_text_is_shown_as_it_is():
    for text in ("[a](http://b)", "<b>", "$x$", ":red[x]", "*a*", "a_b", "`a`"):
        shown = as_plain(text)
        assert shown.replace("\\", "") == text and all(f"\\{sign}" in shown for sign in text if sign in "[]()<>$:*_`")
