"""How autoseg is cited: the file that GitHub and Zenodo read agrees with the package."""

from pathlib import Path

import autoseg

CITATION = (Path(__file__).parents[1] / "CITATION.cff").read_text(encoding="utf-8")


def test_the_citation_is_of_this_version():
    told = dict(line.split(": ", 1) for line in CITATION.splitlines() if ": " in line and not line.startswith(" "))
    assert told["cff-version"] == "1.2.0" and told["title"] == "autoseg"
    assert told["version"] == autoseg.__version__ and told["license"] == "MIT"
