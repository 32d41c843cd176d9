"""Settings of the documentation site; the options reference is written anew by each build."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from write_options import write_options  # noqa: E402

import autoseg  # noqa: E402

write_options(HERE / "_generated")

project = "autoseg"
author = "The autoseg developers"
release = autoseg.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc"]
autodoc_typehints = "signature"
exclude_patterns = ["_build"]
html_theme = "pydata_sphinx_theme"
html_show_sourcelink = False
