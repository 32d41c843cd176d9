"""The code in the pages runs, and says what the pages tell."""

import doctest
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
BLOCKS = {
    page.name: blocks
    for page in sorted(DOCS.glob("*.md"))
    if (blocks := re.findall(r"^```python\n(>>> .*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL))
}


@pytest.mark.parametrize("page", BLOCKS)
def test_the_code_of_a_page_says_what_stands_there(page: str) -> None:
    test = doctest.DocTestParser().get_doctest("\n".join(BLOCKS[page]), {}, page, page, 0)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    assert runner.run(test).attempted and not runner.failures
