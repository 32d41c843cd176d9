"""Which pages of files are meant, and what is said where a file has none of that number."""

import os
from pathlib import Path

import numpy as np
import pytest
import tifffile

from autoseg.errors import ImageError, OptionsError
from autoseg.images.micrograph import ReadOptions, read
from autoseg.images.names import names_for
from autoseg.images.pages import Page, in_pages

LARGEST = 10**6


@pytest.fixture
def stack(tmp_path):
    path = tmp_path / "stack.tif"
    pixels = np.arange(4, dtype=np.uint8)[:, None, None] * np.ones((1, 8, 9), np.uint8)
    tifffile.imwrite(path, pixels, photometric="minisblack")
    return path


@pytest.mark.parametrize(("wanted", "expected"), [("all", [1, 2, 3, 4]), ("2-3", [2, 3]), ("4-4", [4])])
def test_each_page_that_is_asked_for_is_an_image(stack, wanted, expected):
    pages = list(in_pages([stack], ReadOptions(page=wanted).page, LARGEST))
    assert pages == [Page(stack, number, 4) for number in expected] == list(in_pages(pages, wanted, LARGEST))
    read_anew = [read(page, page=wanted) for page in pages]
    assert [(found.page, found.pages, int(found.pixels[0, 0])) for found in read_anew] == [
        (number, 4, number - 1) for number in expected
    ]
    assert all(Path(page) == stack and os.fspath(page) == str(stack) for page in pages)
    assert names_for([*pages, stack.with_name("b.tif")]) == [f"stack_p{number:03}" for number in expected] + ["b"]


def test_files_of_one_page_and_files_that_cannot_be_read_stay_what_they_are(tmp_path, stack):
    one, broken = tmp_path / "one.tif", tmp_path / "broken.tif"
    tifffile.imwrite(one, np.zeros((8, 9), np.uint8))
    broken.write_bytes(b"nothing")
    files = [one, broken, tmp_path / "missing.tif"]
    assert list(in_pages(files, "all", LARGEST)) == files and list(in_pages([stack], 3, LARGEST)) == [stack]
    assert read(one, page="all").pages == 1


@pytest.mark.parametrize("damaged", [0, 2])
def test_a_page_that_cannot_be_read_hides_no_other_page(tmp_path, damaged):
    pixels = np.ones((3, 8, 9), np.float32)
    pixels[damaged, 0, 0] = np.nan
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="minisblack")
    assert [page.number for page in in_pages([tmp_path / "a.tif"], "all", LARGEST)] == [1, 2, 3]
    with pytest.raises(ImageError, match=r"a\.tif: has no page 4\. Choose a page from 1 to 3"):
        read(tmp_path / "a.tif", page=4)


def test_pages_that_a_file_has_not_are_refused_by_its_name(stack):
    with pytest.raises(ImageError, match=r"stack\.tif: has 4 pages, and no page 10"):
        list(in_pages([stack], "3-10", LARGEST))
    with pytest.raises(OptionsError, match=r'stack\.tif: has 4 pages, of which one is read at a time, and not "all"'):
        read(stack, page="all")


@pytest.mark.parametrize("wanted", ["10-3", "0-2", "some", "1,2", "", 0])
def test_what_names_no_pages_is_refused(wanted):
    with pytest.raises(OptionsError, match="page"):
        ReadOptions(page=wanted)
