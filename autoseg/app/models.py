"""Models for the pages: which of the shipped ones a page offers, and loading them once for all browsers."""

from __future__ import annotations

import gc
from collections.abc import Callable

import streamlit as st

from autoseg.app.options import current_options
from autoseg.files import shipped_models
from autoseg.heads import Head
from autoseg.models.config import find_model, read_config
from autoseg.models.folder import Model, load_model

_OTHER = "Folder on this computer"


def ask_model(suits: Callable[[Head], bool], first: str, *, disabled: bool = False) -> str | None:
    """A model by name, or by folder where that is allowed, of those whose head suits the page; None: there is none."""
    heads = {name: read_config(find_model(name)).head for name in shipped_models()}
    names = [name for name, head in heads.items() if head is not None and suits(head)]
    names += [_OTHER] if current_options().allow_paths else []
    if not names:
        return None
    chosen = st.selectbox("Model", names, index=names.index(first) if first in names else 0, disabled=disabled)
    if chosen != _OTHER:
        return chosen
    return st.text_input("Folder of the model", placeholder="my_run/09_train_segmenter/model") or None


@st.cache_resource(show_spinner=False, max_entries=3)
def loaded(model: str) -> Model:
    """A model by its name or folder, shared by all browsers: it holds nothing of them."""
    found = load_model(model)
    # After each run of a page, Streamlit makes Keras look for garbage among all its objects: these are none, and stay.
    gc.collect()
    gc.freeze()
    return found
