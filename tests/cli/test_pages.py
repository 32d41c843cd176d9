"""Stacks and time series: each page is an image, and what belongs together is put together again."""

import logging
import zipfile

import numpy as np
import pandas as pd
import pytest
import roifile
import tifffile

from autoseg.batch import measuring
from autoseg.batch.measuring import read_segmentation
from autoseg.cli import main
from autoseg.images.labels import read_labels

RADII = (5, 6, 8, 9)


def disc(radius, number=1):
    rows, columns = np.ogrid[:48, :64]
    return np.where((rows - 20) ** 2 + (columns - 30) ** 2 < radius**2, number, 0)


@pytest.fixture
def folder(tmp_path):
    """A label stack and its micrographs, and a single image of the same kind."""
    (tmp_path / "images").mkdir()
    labels = np.stack([disc(radius) for radius in RADII]).astype(np.uint16)
    tifffile.imwrite(tmp_path / "series_labels.tif", labels, photometric="minisblack")
    tifffile.imwrite(tmp_path / "images" / "series.tif", (50 + 100 * labels).astype(np.uint8), photometric="minisblack")
    tifffile.imwrite(tmp_path / "one_labels.tif", disc(4).astype(np.uint16))
    tifffile.imwrite(tmp_path / "images" / "one.tif", (50 * disc(4)).astype(np.uint8))
    return tmp_path


def measured(folder, *options, files=("series_labels.tif", "one_labels.tif")):
    given = [str(folder / name) for name in files]
    more = ["--images", str(folder / "images"), "--pixel-size", "2", "--sizes.resamples", "100"]
    return main(["measure", *given, *more, "--output", str(folder / "out"), *options])


def test_each_page_is_a_row_of_tables_and_all_are_stacks_again(folder, caplog):
    assert measured(folder, "--page", "all") == 0
    out = folder / "out"
    table = pd.read_csv(out / "particles.csv")
    assert table["page"].tolist() == [1, 2, 3, 4, 1]
    assert table["image"].tolist() == [*(f"series.tif, page {page}" for page in (1, 2, 3, 4)), "one.tif"]
    assert table["area_nm2"].tolist() == [4.0 * disc(radius).sum() for radius in (*RADII, 4)]
    assert table["mean_intensity"].tolist() == [150.0] * 4 + [50.0]
    summary = pd.read_csv(out / "summary.csv")
    assert summary.columns[2] == "page" and summary["page"].tolist()[1:] == [1, 2, 3, 4, 1]
    with tifffile.TiffFile(out / "series_label_stack.tif") as file:
        assert np.array_equal(file.asarray(), np.stack([disc(radius) for radius in RADII]))
        assert file.imagej_metadata["slices"] == 4 and file.imagej_metadata["unit"] == "nm"
    assert np.array_equal(read_labels(out / "series_p003_labels.tif"), disc(8))
    positions = [roi.position for roi in roifile.roiread(out / "series_roi_stack.zip")]
    assert positions == [1, 2, 3, 4]
    assert zipfile.ZipFile(out / "series_roi_stack.zip").namelist()[0] == "0001-0001.roi"
    page = (out / "report.html").read_text("utf-8")
    assert "From page to page" in page and "<bdi>series.tif</bdi>" in page
    with caplog.at_level(logging.WARNING, logger="autoseg"):
        assert measured(folder, "--page", "all") == 0
    assert "5 of 5 images are done already" in caplog.text


def test_a_range_leaves_the_other_pages_of_the_stack_empty(folder):
    assert measured(folder, "--page", "2-3", files=["series_labels.tif"]) == 0
    stack = tifffile.imread(folder / "out" / "series_label_stack.tif")
    assert [int(page.sum()) for page in stack] == [0, disc(6).sum(), disc(8).sum(), 0]


def test_a_page_that_cannot_be_used_is_one_line_and_the_others_go_on(folder):
    pages = [(50 + 100 * disc(radius)).astype(np.float32) for radius in RADII]
    pages[1][0, 0] = np.nan
    tifffile.imwrite(folder / "images" / "series.tif", np.stack(pages), photometric="minisblack")
    assert measured(folder, "--page", "all") == 1
    failures = pd.read_csv(folder / "out" / "failures.csv")
    assert len(failures) == 1 and failures["reason"][0].startswith("page 2 holds values that are not finite")
    assert pd.read_csv(folder / "out" / "particles.csv")["page"].tolist() == [1, 3, 4, 1]
    assert tifffile.imread(folder / "out" / "series_label_stack.tif")[1].max() == 0


def test_the_page_that_is_left_of_a_file_is_still_told(folder):
    pages = [(50 + 100 * disc(radius)).astype(np.float32) for radius in RADII]
    for broken in (0, 1, 3):
        pages[broken][0, 0] = np.nan
    tifffile.imwrite(folder / "images" / "series.tif", np.stack(pages), photometric="minisblack")
    assert measured(folder, "--page", "all", files=["series_labels.tif"]) == 1
    failures = pd.read_csv(folder / "out" / "failures.csv")
    assert [reason[:6] for reason in failures["reason"]] == ["page 1", "page 2", "page 4"]
    assert pd.read_csv(folder / "out" / "particles.csv")["page"].tolist() == [3]
    assert pd.read_csv(folder / "out" / "summary.csv")["page"].tolist()[1:] == [3]
    assert [roi.position for roi in roifile.roiread(folder / "out" / "series_roi_stack.zip")] == [3]


@pytest.mark.parametrize("stop", [2, 3])
def test_what_was_interrupted_among_the_pages_of_a_file_goes_on(folder, monkeypatch, stop):
    assert measured(folder, "--page", "all") == 0
    (folder / "out").rename(folder / "undisturbed")
    seen = []

    def interrupted(labels, *others):
        seen.append(str(labels))
        if len(seen) == stop:
            raise KeyboardInterrupt
        return read_segmentation(labels, *others)

    monkeypatch.setattr(measuring, "read_segmentation", interrupted)
    assert measured(folder, "--page", "all", "--chunk", "1") != 0
    assert measured(folder, "--page", "all", "--chunk", "1") == 0
    assert len(seen) == 5 + 1  # only the page at which it was stopped is seen again
    for name in ("particles.csv", "summary.csv", "series_label_stack.tif", "series_roi_stack.zip"):
        assert (folder / "out" / name).read_bytes() == (folder / "undisturbed" / name).read_bytes()


def test_one_page_alone_is_an_image_as_ever(folder, capsys):
    assert measured(folder, "--page", "3", files=["series_labels.tif"]) == 0
    table = pd.read_csv(folder / "out" / "particles.csv")
    assert table["area_nm2"].tolist() == [4.0 * disc(8).sum()] and "page" not in table
    assert not list((folder / "out").glob("*_stack*"))
    assert measured(folder, "--page", "3-7", "--anew") != 0
    assert "series_labels.tif: has 4 pages, and no page 7" in capsys.readouterr().err
