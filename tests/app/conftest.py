"""What pages leave behind."""

import sys

import pytest


@pytest.fixture(autouse=True, scope="package")
def main_module():
    """Streamlit puts its script in the place of __main__, which processes that tests start later would run again."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main
