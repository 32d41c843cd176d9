"""The type of columns whose text may be no valid text, such as names of files."""

from __future__ import annotations

import numpy as np
import pandas as pd

ANY_TEXT = pd.StringDtype("python", na_value=np.nan)
"As pandas' own text, but never kept by Arrow, which refuses half characters."
