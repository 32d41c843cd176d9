"""autoseg tidy."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from autoseg.errors import OptionsError
from autoseg.stm.stages.collect import find_spare_masks

LIST = "deleted_masks.txt"


def tidy(data: Path, /, *, yes: Annotated[bool, Parameter(negative=())] = False) -> int:
    """List masks without a picture, and delete them if that is what you want.

    Parameters
    ----------
    data
        Folder with images/, masks/ and perhaps masks_row/ and masks_instance/.
    yes
        Delete them without a question.
    """
    spare = find_spare_masks(data)
    if not spare:
        print("Every mask has its picture.")
        return 0
    print("\n".join(map(str, spare)))
    if not (yes or _agreed(len(spare))):
        print("Nothing was deleted.")
        return 0
    with (data / LIST).open("a", encoding="utf-8") as listed:  # that of earlier times stays
        listed.writelines(f"{path}\n" for path in spare)
    for path in spare:
        path.unlink()
    print(f"Deleted; {data / LIST} lists them.")
    return 0


def _agreed(count: int) -> bool:
    if not sys.stdin.isatty():
        raise OptionsError(f"{count} masks have no picture, and there is nobody to ask", advice="Delete them by --yes.")
    return input(f"Delete these {count} masks, which have no picture? [y/N] ").strip().lower() in ("y", "yes")
