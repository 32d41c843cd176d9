"""Pages are imported beside the server: what Keras takes seconds for must not hold up anybody."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from importlib import import_module
from types import ModuleType

import streamlit as st

_AGAIN = 0.2  # seconds after which it is looked whether the user went elsewhere
_POOL = ThreadPoolExecutor(4)


@cache
def begin_import(room: str) -> Future[ModuleType]:
    """Import the page of a room of the app, such as "particles", in a thread of its own; once, however often called."""
    return _POOL.submit(import_module, f"autoseg.app.{room}.page")


def show_page(room: str) -> None:
    """Show the page of a room as soon as it is imported; until then, any click is followed."""
    importing, place = begin_import(room), st.empty()
    while True:
        try:
            page = importing.result(_AGAIN)
            break
        except TimeoutError:
            place.info("autoseg gets ready ...")
    place.empty()
    page.show()
