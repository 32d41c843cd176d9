"""What is kept for one browser alone, as long as it is there: nothing of it is shared with another one."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import streamlit as st

Made = TypeVar("Made")


def remember(name: str, key: Hashable, make: Callable[[], Made]) -> Made:
    """What `make` makes; made anew only where the key is another one than last time under this name."""
    known = st.session_state.get(_place(name))
    if known is None or known[0] != key:
        known = key, make()
        st.session_state[_place(name)] = known
    made: Made = known[1]
    return made


def keep(name: str, value: Any) -> None:
    """Keep a value under a name."""
    st.session_state[_place(name)] = value


def kept(name: str, default: Any = None) -> Any:
    """What was kept under the name."""
    return st.session_state.get(_place(name), default)


def _place(name: str) -> str:
    return f"autoseg {name}"  # apart from the keys of widgets
