"""The script that the app's server runs for each browser: the pages, and what they have in common."""

from __future__ import annotations

import streamlit as st

from autoseg.app.sentences import told


def _particles() -> None:
    from autoseg.app.particles.page import show

    show()


def _ellipsometry() -> None:
    from autoseg.app.ellipsometry.page import show

    show()


def _evaluate() -> None:
    from autoseg.app.evaluate.page import show

    show()


def _surfaces() -> None:
    from autoseg.app.surfaces.page import show

    show()


_PAGES = {"Particles": _particles, "Surfaces": _surfaces, "Ellipsometry": _ellipsometry, "Evaluate": _evaluate}
_STYLE = """<style>
[data-testid="stMainBlockContainer"] { padding: 4rem 2rem 3rem; }
</style>"""


def main() -> None:
    """Show the page that was chosen."""
    st.set_page_config("autoseg", layout="wide")
    st.html(_STYLE)
    pages = [st.Page(show, title=title, url_path=title.lower()) for title, show in _PAGES.items()]
    chosen = st.navigation(pages, position="top")
    with told():
        chosen.run()


if __name__ == "__main__":
    main()
