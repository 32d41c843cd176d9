"""Pages of the app without a browser, and files to upload."""

import io

import numpy as np
import tifffile
from streamlit.testing.v1 import AppTest

from autoseg.app.options import VARIABLE, AppOptions

SCRIPT = """
from autoseg.app.{room}.page import show
from autoseg.app.sentences import told

with told():
    show()
"""


def open_page(room, monkeypatch, **options):
    monkeypatch.setenv(VARIABLE, AppOptions(**options).model_dump_json())
    return checked(AppTest.from_string(SCRIPT.format(room=room), default_timeout=60).run())


def checked(page):
    """The page, if nothing unexpected happened on it."""
    assert not page.exception and not [one.value for one in page.error if "went wrong" in one.value]
    return page


def named(elements, label):
    """The element with this label."""
    found = [one for one in elements if one.label == label]
    assert len(found) == 1, [one.label for one in elements]
    return found[0]


def press(page, label):
    named(page.button, label).click()
    return checked(page.run())


def every_control(page, values=None):
    """Each control that can be moved, by kind and place, with other values: all that are tried, or so many."""
    kinds = ("checkbox", "toggle", "slider", "select_slider", "number_input", "selectbox", "radio", "multiselect")
    for kind in kinds:
        for place, control in enumerate(getattr(page, kind)):
            for value in other_values(kind, control)[-values if values else None :]:
                yield kind, place, control.label, value


def other_values(kind, control):
    if kind in ("checkbox", "toggle"):
        return [not control.value]
    if kind in ("slider", "number_input"):
        ends = [one for one in (control.min, control.max) if one is not None and abs(one) < 1e6]
        return [one for one in ends if one != control.value]
    if kind == "select_slider":
        return [control.options[0], control.options[-1]]
    return [[]] if kind == "multiselect" else list(range(len(control.options)))


def move(page, kind, place, value):
    """Move a control, if it can be moved by now, and run the page."""
    control = getattr(page, kind)[place]
    if control.disabled:
        return page
    if kind in ("selectbox", "radio"):
        control.set_value(control.options[value]) if kind == "radio" else control.select_index(value)
    else:
        control.set_value(value)
    return checked(page.run())


def tiff(pixels, **settings):
    stream = io.BytesIO()
    tifffile.imwrite(stream, np.asarray(pixels), **{"photometric": "minisblack"} | settings)
    return stream.getvalue()


def upload(page, *files, place=0):
    page.file_uploader[place].set_value([(name, content, "application/octet-stream") for name, content in files])
    return checked(page.run())
