"""Files of zones: for tables, for other programs, and in the layout of the published program."""
