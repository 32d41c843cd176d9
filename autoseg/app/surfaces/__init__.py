"""The page about scanned surfaces: channels, levelling, rows of dimers, defects."""
