import sys

import numpy as np
import pandas
import pytest

from autoseg.errors import AutosegError
from autoseg.images.tables import write_csv, write_excel

TABLE = pandas.DataFrame(
    {
        "image": ["größe.tif", "粒子.tif", "a, b.tif"],
        "label": [1, 2, 3],
        "area_nm2": [1 / 3, np.nan, -2.5e-300],
        "touches_edge": [True, False, True],
    }
)


def test_a_table_comes_back_exactly(tmp_path):
    write_csv(tmp_path / "particles.csv", TABLE)
    exact = {"area_nm2": lambda text: float(text or "nan")}  # pandas itself may be off by one digit
    back = pandas.read_csv(tmp_path / "particles.csv", converters=exact)
    pandas.testing.assert_frame_equal(back, TABLE, check_exact=True)


def test_csv_is_utf_8_with_plain_line_ends(tmp_path):
    write_csv(tmp_path / "a.csv", TABLE[["image", "label"]])
    assert (tmp_path / "a.csv").read_bytes() == 'image,label\ngröße.tif,1\n粒子.tif,2\n"a, b.tif",3\n'.encode()


@pytest.mark.parametrize("kind", [str, object, "category"])
def test_formulas_are_text_and_numbers_are_numbers(tmp_path, kind):
    cells = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "fine", "a=b"]
    table = pandas.DataFrame({"name": pandas.Series(cells).astype(kind), "=value": np.arange(-3.0, 4)})
    write_csv(tmp_path / "a.csv", table)
    back = pandas.read_csv(tmp_path / "a.csv")
    assert back["name"].tolist() == ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\tx", "fine", "a=b"]
    assert back["'=value"].tolist() == list(range(-3, 4))
    assert table["name"].tolist() == cells


def test_mixed_cells_and_missing_ones(tmp_path):
    write_csv(tmp_path / "a.csv", pandas.DataFrame({"a": [-1, "-1", None, pandas.NA, "x"], "b": 1}))
    assert (tmp_path / "a.csv").read_text() == "a,b\n-1,1\n'-1,1\n,1\n,1\nx,1\n"


def test_no_particle(tmp_path):
    write_csv(tmp_path / "a.csv", TABLE[:0])
    assert (tmp_path / "a.csv").read_text() == "image,label,area_nm2,touches_edge\n"


def test_without_openpyxl_excel_is_refused_with_advice(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(AutosegError, match=r"a\.xlsx: .* pip install openpyxl"):
        write_excel(tmp_path / "a.xlsx", TABLE)
    assert list(tmp_path.iterdir()) == []


def test_excel(tmp_path):
    pytest.importorskip("openpyxl")
    write_excel(tmp_path / "a.xlsx", TABLE.assign(note="=1+1"))
    pandas.testing.assert_frame_equal(pandas.read_excel(tmp_path / "a.xlsx"), TABLE.assign(note="'=1+1"))


def test_what_excel_cannot_hold_is_refused(tmp_path):
    pytest.importorskip("openpyxl")
    with pytest.raises(AutosegError, match=r"a\.xlsx: Excel cannot hold"):
        write_excel(tmp_path / "a.xlsx", pandas.DataFrame({"a": ["bell\a"]}))
    assert list(tmp_path.iterdir()) == []
