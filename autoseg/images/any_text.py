"""Tables whose text may be no valid text, such as names of files: Arrow, which pandas uses where it is there, fails."""

from __future__ import annotations

import pandas as pd

any_text = pd.option_context("mode.string_storage", "python")
"Decorates functions that make such tables."
