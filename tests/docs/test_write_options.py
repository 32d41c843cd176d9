import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autoseg.cli import commands

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.syspath_prepend(str(DOCS))
    from write_options import write_options

    yield write_options(tmp_path / "made").read_text(encoding="utf-8")
    sys.modules.pop("write_options", None)


def test_every_option_of_segment_is_in_the_reference(reference: str) -> None:
    section = re.search(r"^#+ autoseg segment$(.*?)^#+ autoseg \w+$", reference, re.MULTILINE | re.DOTALL)
    assert section
    names = {
        name
        for argument in commands["segment"].assemble_argument_collection(default_parameter=commands.default_parameter)
        for name in argument.names
        if argument.show and name.startswith("--")
    }
    assert {"--output", "--model", "--minimum-score", "--engine"} <= names
    assert not [name for name in sorted(names) if not re.search(rf"{re.escape(name)}(?![\w.-])", section.group(1))]
