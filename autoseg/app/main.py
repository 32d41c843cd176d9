"""The script that the app's server runs for each browser: the pages, and what they have in common."""

from __future__ import annotations

from functools import partial

import streamlit as st

from autoseg.app.loading import show_page
from autoseg.app.sentences import told

_PAGES = ("particles", "surfaces", "grains", "ellipsometry", "evaluate")
_STYLE = """<style>
[data-testid="stMainBlockContainer"] { padding: 4rem 2rem 3rem; }
.js-plotly-plot image { image-rendering: pixelated; }
/* A new picture takes the place of the old one at once, not when the page is done. */
.stElementContainer:has(.js-plotly-plot):not([data-stale="true"])
  ~ .stElementContainer:has(.js-plotly-plot)[data-stale="true"] { display: none; }
</style>"""


def main() -> None:
    """Show the page that was chosen."""
    st.set_page_config("autoseg", layout="wide")
    st.html(_STYLE)
    pages = [st.Page(partial(show_page, room), title=room.capitalize(), url_path=room) for room in _PAGES]
    chosen = st.navigation(pages, position="top")
    with told():
        chosen.run()


if __name__ == "__main__":
    main()
