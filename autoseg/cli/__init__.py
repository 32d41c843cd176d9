"""The command `autoseg`: `verbs.py` lists what it does, one file for each; `program.py` runs one of them.

Results go to standard output, messages and progress to standard error. Exit codes: 0 done, 1 something failed, 2 wrong
usage, 130 stopped with Ctrl-C.
"""

from autoseg.cli.program import commands, main

__all__ = ["commands", "main"]
