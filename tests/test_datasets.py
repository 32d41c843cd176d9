import hashlib
import http.server
import io
import threading
import zipfile

import pytest

from autoseg import datasets
from autoseg.datasets import DataFile, Dataset, fetch, registry
from autoseg.errors import AutosegError, OptionsError

NOWHERE = "http://127.0.0.1:9/Images.zip"  # the port of a service that no machine offers any more


def zipped(**files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/") + ".txt", content)
    return buffer.getvalue()


CONTENT = zipped(Images__a="1", Images__deeper__b="2")


@pytest.fixture
def served(tmp_path):
    """The address of a server with one file, and how often it was asked."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200 if self.path == "/Images.zip" else 404)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT)

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()


@pytest.fixture
def known(monkeypatch):
    """Puts a data set of one file into the registry."""

    def register(url, **checksums):
        file = DataFile(name="Images.zip", url=url, **checksums)
        one = Dataset(title="Test", doi="10.5281/none", licence="CC0 1.0", cite="nobody", files=(file,))
        monkeypatch.setattr(datasets, "registry", lambda: {"test": one})

    return register


SHA256, MD5 = hashlib.sha256(CONTENT).hexdigest(), hashlib.md5(CONTENT).hexdigest()


@pytest.mark.parametrize("checksum", [{"sha256": SHA256}, {"md5": MD5}, {"sha256": SHA256, "md5": "0" * 32}])
def test_a_data_set_is_downloaded_checked_and_unpacked_once(served, known, tmp_path, checksum):
    address, asked = served
    known(f"{address}/Images.zip", **checksum)
    folder = tmp_path / "größe"
    assert fetch("test", folder) == folder
    assert (folder / "Images" / "deeper" / "b.txt").read_text() == "2"  # without a second folder "Images"
    (folder / "Images" / "a.txt").write_text("mine")
    fetch("test", folder)
    assert (folder / "Images" / "a.txt").read_text() == "mine" and asked == ["/Images.zip"]
    assert sorted(path.name for path in folder.iterdir()) == ["Images", "Images.zip"]


def test_without_a_folder_it_goes_into_the_cache(served, known, tmp_path, monkeypatch):
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / "cache")
    known(f"{served[0]}/Images.zip", sha256=SHA256)
    assert fetch("test") == tmp_path / "cache" / "test"


def test_a_file_with_another_checksum_is_refused_and_not_kept(served, known, tmp_path):
    known(f"{served[0]}/Images.zip", sha256="0" * 64)
    with pytest.raises(AutosegError, match=r"cannot be downloaded: .*hash"):
        fetch("test", tmp_path)
    assert not any(tmp_path.iterdir())


def test_a_missing_page_is_told_from_a_missing_connection(served, known, tmp_path):
    known(f"{served[0]}/other.zip", sha256=SHA256)
    with pytest.raises(AutosegError, match="404"):
        fetch("test", tmp_path)


def test_offline_it_says_what_to_download_from_where_and_where_to_put_it(known, tmp_path):
    known(NOWHERE, sha256=SHA256)
    with pytest.raises(AutosegError) as caught:
        fetch("test", tmp_path / "data")
    message = str(caught.value)
    for expected in ("no connection", "Images.zip", "https://doi.org/10.5281/none", str(tmp_path / "data")):
        assert expected in message
    (tmp_path / "data" / "Images.zip").write_bytes(CONTENT)  # as told
    assert (fetch("test", tmp_path / "data") / "Images" / "a.txt").read_text() == "1"


def test_a_file_put_there_by_hand_is_checked(known, tmp_path):
    known(NOWHERE, sha256=SHA256)
    (tmp_path / "Images.zip").write_bytes(CONTENT[:-9])
    with pytest.raises(AutosegError, match=r"Images\.zip: is not the published file, or not all of it"):
        fetch("test", tmp_path)


def test_a_broken_archive_leaves_no_rest(known, tmp_path):
    known(NOWHERE)  # nothing to check it by
    (tmp_path / "Images.zip").write_bytes(b"<html>Sorry</html>")
    with pytest.raises(AutosegError, match=r"Images\.zip: is not a ZIP file"):
        fetch("test", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["Images.zip"]


def test_an_archive_cannot_write_outside_its_folder(known, tmp_path):
    known(NOWHERE)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "Images.zip").write_bytes(zipped(**{"..__..__evil": "x", "a": "1"}))
    fetch("test", tmp_path / "data")
    assert not list(tmp_path.glob("evil*")) and (tmp_path / "data" / "Images" / "evil.txt").is_file()


def test_what_must_be_fetched_by_hand_says_so(tmp_path):
    with pytest.raises(AutosegError, match=r"by hand\. Follow https://github\.com/by256/emps"):
        fetch("emps", tmp_path)


def test_an_unknown_name_tells_the_nearest(tmp_path):
    with pytest.raises(OptionsError, match='Did you mean "tio2"'):
        fetch("tio", tmp_path)


def test_the_registry_is_complete():
    for one in registry().values():
        assert one.licence and one.cite and one.address.startswith("https://")
        assert bool(one.doi) or bool(one.page)
    with pytest.raises(OptionsError):
        DataFile(name="../evil.zip")
