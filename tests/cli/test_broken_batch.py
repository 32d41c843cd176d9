"""A folder as real ones are: a file that cannot be used is one line in failures.csv, and all others are measured."""

import struct
import zlib

import numpy as np
import pandas as pd
import pytest
import tifffile

from autoseg.cli import main

GOOD, ODD = 12, ["=cmd|' 'A0", "<img src=x onerror=alert(1)>", "a\nb", "π 粒子", "n" * 251, "half\udce9"]


def mask(dtype=np.uint8):
    rows, columns = np.ogrid[:64, :64]
    return ((rows - 20) ** 2 + (columns - 30) ** 2 < 100).astype(dtype)


def of_png(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


@pytest.fixture
def folder(tmp_path):
    """Masks, some of them under odd names, and twenty files that cannot be used."""
    folder = tmp_path / "masks"
    folder.mkdir()
    for name in [f"{number:03}" for number in range(GOOD)] + ODD:
        tifffile.imwrite(folder / f"{name}.tif", mask())
    whole = (folder / "000.tif").read_bytes()
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    huge = b"\x89PNG\r\n\x1a\n" + of_png(b"IHDR", header) + of_png(b"IDAT", zlib.compress(bytes(10**6)))
    broken = {
        "empty.tif": b"",
        "text.tif": b"not an image\n" * 9,
        "cut.tif": whole[:300],
        "only_header.tif": whole[:6],
        "circle.tif": whole[:4] + struct.pack("<I", 4) + whole[8:],
        "beyond_the_end.tif": whole[:4] + struct.pack("<I", 10**8) + whole[8:],
        "noise.tif": np.random.default_rng(0).bytes(5000),
        "cut.png": huge[:60],
        "huge.png": huge + of_png(b"IEND", b""),
        "junk.jpg": b"\xff\xd8\xff\xe0junk" * 50,
        "zeros.bmp": bytes(4096),
        "no_gif.gif": b"GIF89a" + b"\xff" * 20,
        "no_image.dm3": b"\0\0\0\3" + bytes(100),
        "no_image.mrc": bytes(2000),
        "no_image.gsf": b"Gwyddion Simple Field 1.0\nXRes = 9\n",
    }
    for name, content in broken.items():
        (folder / name).write_bytes(content)
    tifffile.imwrite(folder / "nan.tif", np.full((64, 64), np.nan, np.float32))
    tifffile.imwrite(folder / "infinite.tif", np.where(mask(), np.inf, 0).astype(np.float32))
    tifffile.imwrite(folder / "complex.tif", mask(np.complex64))
    (folder / "leads_nowhere.tif").symlink_to("nowhere.tif")
    (folder / "in_a_circle.tif").symlink_to("in_a_circle.tif")
    return folder


def test_twenty_broken_files_are_twenty_lines_and_the_others_are_measured(folder, tmp_path, capsys):
    results = tmp_path / "results"
    assert main(["measure", str(folder), "--output", str(results), "--sizes.resamples", "100"]) == 1
    assert f"{GOOD + len(ODD)} images, {GOOD + len(ODD)} particles, 20 files failed" in capsys.readouterr().out
    failures = pd.read_csv(results / "failures.csv")
    assert len(failures) == failures["file"].nunique() == 20 and failures["reason"].str.endswith(".").all()
    assert pd.read_csv(results / "particles.csv")["image"].nunique() == GOOD + len(ODD)
    assert len(list(results.glob("*_labels.tif"))) == GOOD + len(ODD)
    page = (results / "report.html").read_text("utf-8")
    assert "<img src=x" not in page and "&lt;img src=x" in page
