"""Images, and what an undisturbed batch makes of them, in the folder where a test works."""

import shutil
from pathlib import Path

import pytest

from autoseg.batch.run import run_batch
from tests.batch.toy import FAST, Bright, tables_of, write_images


@pytest.fixture(autouse=True, scope="package")
def no_figures():
    """Figures take most of the time of such small batches, and are tested elsewhere."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("autoseg.measurement.page.as_svg", lambda figure: b"a figure")
        patched.setattr("autoseg.measurement.page_parts.as_svg", lambda figure: b"a figure")
        yield


@pytest.fixture(scope="package")
def origin(tmp_path_factory, no_figures):
    folder = tmp_path_factory.mktemp("origin")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        images = write_images(Path("images"), 8, broken=False, px=True)
        run_batch(Bright(), images, Path("undisturbed"), FAST)
    return folder


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def images(origin, here):
    """The files of each image, below the working directory."""
    shutil.copytree(origin / "images", "images")
    return sorted([path] for path in Path("images").iterdir())


@pytest.fixture
def undisturbed(images, origin):
    """The content of all results but run.json, by names; the results themselves are in a folder of this name."""
    shutil.copytree(origin / "undisturbed", "undisturbed")
    return tables_of(Path("undisturbed"))
