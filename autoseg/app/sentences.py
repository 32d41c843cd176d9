"""What a page says: errors as sentences, names as plain text."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st

from autoseg.errors import AutosegError

_log = logging.getLogger("autoseg")
_UNEXPECTED = "Something went wrong that should not. What happened stands in the terminal in which the app was started."


def as_plain(text: object) -> str:
    """Text that Streamlit shows as it is: neither Markdown nor links, pictures, formulas or directives in it count.

    >>> as_plain("![a](http://b) :red[c]")
    '\\\\!\\\\[a\\\\]\\\\(http\\\\:\\\\/\\\\/b\\\\) \\\\:red\\\\[c\\\\]'
    """
    printable = "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in str(text)
    )
    return re.sub(r"([^\w\s])", lambda found: f"\\{found[1]}" if found[1].isascii() else found[1], printable).replace(
        "_", "\\_"
    )


def sentence(error: AutosegError) -> str:
    """An error with the name of its file, but not the place where it lay for a moment."""
    place = "" if error.file is None else f"{Path(error.file).name}: "
    advice = "" if error.advice is None else f" {error.advice}"
    return as_plain(f"{place}{error.problem}.{advice}")


@contextmanager
def told() -> Iterator[None]:
    """Whatever goes wrong within is told on the page."""
    try:
        yield
    except AutosegError as error:
        st.error(sentence(error))
    except MemoryError:
        st.error("That does not fit into the memory. Take fewer or smaller images.")
    except Exception:
        _log.exception("unexpected")
        st.error(_UNEXPECTED)
