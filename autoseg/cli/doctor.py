"""autoseg doctor."""

from __future__ import annotations

import json

from autoseg.cli.parameters import AsJson
from autoseg.doctor import describe, examine


def doctor(*, as_json: AsJson = False) -> int:
    """Print what this installation is and can do; fails where no backend works."""
    findings = examine()
    print(json.dumps(findings, indent=2) if as_json else describe(findings))
    return 0 if findings["backend"] else 1
