"""Every variant of the files is read; everything that does not fit together is named."""

import re
import struct
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest

from autoseg.ellipsometry.errors import MapError, SpectraError
from autoseg.ellipsometry.reading.folder import read_maps
from autoseg.ellipsometry.reading.index_file import read_index
from autoseg.ellipsometry.reading.info_file import read_info
from autoseg.ellipsometry.reading.map_file import RAW, read_map
from autoseg.ellipsometry.reading.png import SIGNATURE, read_chunks, write_chunk
from tests.ellipsometry.folders import folder_of, small


def rewritten(path, change):
    """A PNG with other chunks: `change` takes and gives a list of names and contents."""
    chunks = [(name, bytes(content)) for name, content in read_chunks(path.read_bytes(), path)]
    path.write_bytes(SIGNATURE + b"".join(write_chunk(*chunk) for chunk in change(chunks)))


def with_text(chunks, keyword, change):
    begin = keyword.encode() + b"\0"
    return [(n, begin + change(c[len(begin) :]) if c.startswith(begin) else c) for n, c in chunks]


def index_of(folder):
    return next(folder.glob("*.ds.dat"))


@pytest.mark.parametrize("style", ["nulling", "rce"])
def test_what_was_written_is_read(tmp_path, style):
    maps = small(wavelengths=(550.0, 575.0, 600.0))
    maps.delta[1, 0, 2] = maps.psi[1, 0, 2] = np.nan
    read = read_maps(folder_of(tmp_path, maps, style=style))
    np.testing.assert_array_equal(read.delta, maps.delta)
    np.testing.assert_array_equal(read.psi, maps.psi)
    assert read.wavelengths.tolist() == [550, 575, 600] and read.angle == 50 and read.row_step == pytest.approx(1.5557)
    assert read.bandwidth == 6 and read.wrapping == "0-360" and read.notes == ()
    assert read.measured.sum() == maps.delta.size - 1 and read.usable.all() and len(read.hashes) == 7


def test_an_angle_that_is_not_known_stays_unknown(tmp_path):
    folder = folder_of(tmp_path, small(angle=None, bandwidth=None))
    read = read_maps(folder)
    assert read.angle is None and read.bandwidth is None
    index_of(folder).write_text(index_of(folder).read_text(encoding="latin-1").replace("\tNaN\t0\t", "\tinf\t0\t"))
    assert "inf" in index_of(folder).read_text() and read_index(index_of(folder)).angle is None


def test_maps_at_several_angles_are_refused_though_the_index_tells_none(tmp_path):
    folder = folder_of(tmp_path)
    index = index_of(folder)
    index.write_text(index.read_text(encoding="latin-1").replace("50.000", "NaN"), encoding="latin-1")
    assert read_maps(folder).angle == 50
    steeper = folder_of(tmp_path / "steeper", small(angle=60.0))
    (folder / "sample_003.png").write_bytes((steeper / "sample_003.png").read_bytes())
    with pytest.raises(MapError, match=r"sample_003\.png: was measured at 60 degrees, but sample_001\.png at 50"):
        read_maps(folder)


def test_a_folder_name_with_brackets_is_a_folder(tmp_path):
    assert read_maps(folder_of(tmp_path / "a [1] (x)*?")).shape == (3, 4)


def test_names_of_columns_their_order_and_line_ends_do_not_matter(tmp_path):
    folder = folder_of(tmp_path)
    index = index_of(folder)
    lines = ["#PSI\tdelta\tLAMBDA\taoi", "#deg\tdeg\tnm\tdeg"]
    lines += [f"sample_{2 * n + 2:03d}.png\tsample_{2 * n + 1:03d}.png\t{nm}\t50" for n, nm in ((1, 600), (0, 550))]
    index.write_bytes("\r\n".join(lines).encode() + b"\r\n\r\n")
    assert read_maps(folder).wavelengths.tolist() == [550, 600]  # rising, as they should be


def test_delta_may_be_cut_at_180(tmp_path):
    maps = small(wrapping="-180-180")
    maps.delta[...] -= 180
    assert read_maps(folder_of(tmp_path, maps)).wrapping == "-180-180"


@pytest.mark.parametrize(
    ("rows", "error", "said"),
    [
        (["550\t50\t140.1\t30.2"], SpectraError, "holds plain spectra"),
        (["550\t50\ta.png"], MapError, "has a row with 3 of 4 cells"),
        (["x\t50\ta.png\tb.png"], MapError, 'has "x" as a wavelength'),
        (["inf\t50\ta.png\tb.png"], MapError, 'has "inf" as a wavelength'),
        (["550\t50\ta.png\tb.png", "575\t60\tc.png\td.png"], MapError, "several angles of incidence: 50.0, 60.0"),
        (["550\t50\ta.png\tb.png", "550\t50\tc.png\td.png"], MapError, "has 550.0 nm more than once"),
        (["550\t50\ta.png\tb.png", "575\t50\ta.png\td.png"], MapError, "names a.png more than once"),
        (["550\t50\t../a.png\tb.png"], MapError, "'../a.png', which is no plain file name"),
        (["550\t50\tC:\\a.png\tb.png"], MapError, "no plain file name"),
        (["550\t50\ta\x1b[31m.png\tb.png"], MapError, "no plain file name"),
    ],
)
def test_an_index_that_makes_no_sense_is_refused(tmp_path, rows, error, said):
    path = tmp_path / "a.ds.dat"
    path.write_text("\n".join(["#Lambda\tAOI\tDelta\tPsi", "#nm\tdeg\tdeg\tdeg", *rows]), encoding="latin-1")
    with pytest.raises(error, match=re.escape(said)) as caught:
        read_index(path)
    assert caught.value.file == path and caught.value.advice


def test_an_index_without_the_columns_needed_is_refused(tmp_path):
    path = tmp_path / "a.ds.dat"
    path.write_text("#Lambda\tPsi\n#nm\tdeg\n550\ta.png\n")
    with pytest.raises(MapError, match="has no column delta"):
        read_index(path)
    path.write_text("#Lambda\tDelta\tPsi\n#eV\tdeg\tdeg\n2\ta.png\tb.png\n")
    with pytest.raises(MapError, match="has lambda in eV"):
        read_index(path)
    path.write_text("hello")
    with pytest.raises(MapError, match="is no index of maps"):
        read_index(path)


def test_exactly_one_index_is_wanted(tmp_path):
    folder = folder_of(tmp_path)
    (folder / "._x.ds.dat").write_bytes(b"what some systems leave behind")
    read_maps(folder)
    (folder / "b.ds.dat").write_bytes(index_of(folder).read_bytes())
    with pytest.raises(MapError, match=r"holds 2 .ds.dat files: b.ds.dat, sample.ds.dat"):
        read_maps(folder)
    for path in folder.glob("*.ds.dat"):
        path.unlink()
    with pytest.raises(MapError, match=r"holds no .ds.dat file"):
        read_maps(folder)
    with pytest.raises(MapError, match="is not a folder"):
        read_maps(folder / "nothing")


def test_swapped_missing_foreign_and_truncated_files_are_named(tmp_path):
    folder = folder_of(tmp_path)
    one, two, other = (folder / f"sample_{number:03d}.png" for number in (1, 2, 3))
    kept = {path: path.read_bytes() for path in (one, two, other)}

    def complaint():
        with pytest.raises(MapError) as caught:
            read_maps(folder)
        for path, content in kept.items():
            path.write_bytes(content)
        return str(caught.value)

    one.write_bytes(kept[two])
    two.write_bytes(kept[one])
    assert "sample_001.png: is Psi at 550 nm, but the index takes it for Delta at 550 nm" in complaint()
    one.write_bytes(kept[other])
    assert "sample_001.png: is Delta at 600 nm, but the index takes it for Delta at 550 nm" in complaint()
    two.unlink()
    assert "names 1 files that are not there: sample_002.png" in complaint()
    other.write_bytes(kept[other][:-200])
    assert "sample_003.png: is cut off" in complaint()
    other.write_bytes(b"")
    assert "sample_003.png: is not a PNG" in complaint()
    damaged = bytearray(kept[two])
    damaged[200] ^= 1
    two.write_bytes(damaged)
    assert "sample_002.png: is damaged in its part tEXt" in complaint()
    larger = folder_of(tmp_path / "other", small(shape=(4, 4)))
    two.write_bytes((larger / "sample_002.png").read_bytes())
    assert "sample_002.png: has 4 x 4 pixels, but sample_001.png has 3 x 4" in complaint()
    steeper = folder_of(tmp_path / "steeper", small(angle=60.0))
    two.write_bytes((steeper / "sample_002.png").read_bytes())
    assert "sample_002.png: was measured at 60 degrees, but the index says 50" in complaint()
    wider = folder_of(tmp_path / "wider", small(row_step=1.2))
    two.write_bytes((wider / "sample_002.png").read_bytes())
    assert "sample_002.png: has other pixels than sample_001.png" in complaint()
    read_maps(folder)


@pytest.mark.parametrize("ending", [".ds.dat", ".dsinfo.xml", "_003.png"])
def test_a_file_that_the_disk_does_not_give_is_named(tmp_path, monkeypatch, ending):
    folder, read_bytes = folder_of(tmp_path), Path.read_bytes

    def fails(path):
        if path.name == f"sample{ending}":
            raise PermissionError(13, "Permission denied", str(path))
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", fails)
    with pytest.raises(MapError, match=rf"sample{re.escape(ending)}: cannot be read \(Permission denied\)"):
        read_maps(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda raw: raw[:-4], "bytes, and there are"),
        (
            lambda raw: raw[:-56] + struct.pack(">II", 4, 3) + raw[-48:],
            "disagrees with itself: 3 x 4 pixels, 4 x 3 values",
        ),
        (lambda raw: b"\xff\xff" + raw[2:], "bytes, and there are"),
        (lambda raw: b"", "bytes, and there are"),
    ],
)
def test_values_that_disagree_with_their_header_are_refused(tmp_path, change, said):
    path = folder_of(tmp_path) / "sample_001.png"
    rewritten(path, lambda chunks: with_text(chunks, RAW, change))
    with pytest.raises(MapError, match=said):
        read_map(path)


def test_infinite_values_are_not_measured(tmp_path):
    maps = small()
    maps.delta[0, 0, 0] = np.inf
    read = read_maps(folder_of(tmp_path, maps))
    assert not read.measured[0, 0, 0] and read.measured.sum() == read.delta.size - 1


def test_without_measured_values_the_preview_counts_and_a_note_says_so(tmp_path):
    folder = folder_of(tmp_path)
    for path in folder.glob("*.png"):
        rewritten(path, lambda chunks: [one for one in chunks if not one[1].startswith(RAW.encode())])
    read = read_maps(folder)
    np.testing.assert_array_equal(read.delta, np.floor(small().delta))
    assert "4 files hold whole degrees only" in read.notes[0]


def test_significant_bits_of_a_preview_are_taken(tmp_path):
    path = tmp_path / "a.png"
    imageio.imwrite(path, np.array([[160, 320]], np.uint16) << 4)
    rewritten(path, lambda chunks: [chunks[0], (b"sBIT", b"\x0c"), *chunks[1:]])
    assert read_map(path).values.tolist() == [[160, 320]]
    rewritten(path, lambda chunks: [(name, content if name != b"sBIT" else b"") for name, content in chunks])
    assert read_map(path).values.tolist() == [[160 << 4, 320 << 4]]
    imageio.imwrite(path, np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(MapError, match="is a colour picture"):
        read_map(path)


def test_the_information_is_latin_1_without_a_declaration(tmp_path):
    path = tmp_path / "a.dsinfo.xml"
    crop = r'X.Event = "crop"' + "\n" + r'X.DataByteString = "\00\00\00\04\00\00\00\0A\00\00\00Z\00\00\01,\00\00\00\C8"'
    text = f"""<DS_info_out><tag>a</tag><type>Delta|Psi::Map::Lambda_Spectrum</type><comment>Größe</comment>
    <col_props><label>AOI</label><unit>deg</unit></col_props>
    <keys>delta_wrapping</keys><keys>.hidden</keys><values>0-360°</values><values>{crop}</values></DS_info_out>"""
    path.write_bytes(text.encode("latin-1"))
    info = read_info(path)
    assert info.wrapping == "0-360" and info.comment == "Größe" and info.units == {"AOI": "deg"}
    assert info.crop == (10, 90, 300, 200) and ".hidden" not in info.values
    path.write_text('<?xml version="1.0" encoding="UTF-8"?>' + text, encoding="utf-8")
    assert read_info(path).comment == "Größe"


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("<a>", MapError, "is not well-formed XML"),
        ('<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', MapError, "is not well-formed XML"),
        ("<a><type>Delta|Psi::Point::Spectrum</type></a>", SpectraError, "another kind: Delta"),
        ("<a><keys>b</keys></a>", MapError, "has 1 names for 0 values"),
    ],
)
def test_bad_information_is_refused(tmp_path, text, error, said):
    path = tmp_path / "a.dsinfo.xml"
    path.write_text(text)
    with pytest.raises(error, match=said):
        read_info(path)


def test_foreign_or_missing_information_is_noted(tmp_path):
    folder = folder_of(tmp_path)
    info = folder / "sample.dsinfo.xml"
    info.write_text(info.read_text(encoding="latin-1").replace("<tag>sample", "<tag>other"), encoding="latin-1")
    assert read_maps(folder).notes == ('sample.dsinfo.xml belongs to "other", not to this index.',)
    info.unlink()
    assert read_maps(folder).notes[0].startswith("There is no .dsinfo.xml")
