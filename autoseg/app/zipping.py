"""Results as one file: made on request, and downloaded as long as nothing has changed."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable, Hashable
from pathlib import Path

import streamlit as st

from autoseg.app.session import keep, kept

Write = Callable[[Path], object]


def offer(name: str, key: Hashable, write: Write | None) -> None:
    """A button that writes results into a folder, and one that downloads it; without anything to write, neither works.

    `key` changes with whatever the results depend on: then they are to be made anew.
    """
    columns = st.columns([1, 1, 3])
    making = columns[0].button("Make the report", type="primary", disabled=write is None, width="stretch")
    if making and write is not None:
        keep(f"bundle {name}", None)
        with tempfile.TemporaryDirectory(prefix="autoseg-app-") as folder:
            write(Path(folder))
            keep(f"bundle {name}", (key, zipped(Path(folder))))
    made = kept(f"bundle {name}")
    with columns[1]:
        offer_made(name, made[1] if made is not None and made[0] == key else None)


def offer_made(name: str, content: bytes | None) -> None:
    """A button that downloads a zip, if there is one."""
    st.download_button(
        "Download zip",
        content or b"",
        f"autoseg_{name}.zip",
        "application/zip",
        disabled=content is None,
        on_click="ignore",
    )


def zipped(folder: Path) -> bytes:
    """All files of a folder."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                file.write(path, path.relative_to(folder).as_posix())
    return stream.getvalue()
