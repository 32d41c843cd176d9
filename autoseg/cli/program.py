"""The program: finds the verb, runs it, and turns whatever goes wrong into one message and an exit code."""

from __future__ import annotations

import difflib
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import cyclopts
import pydantic
from cyclopts import Parameter
from cyclopts.config import Dict

import autoseg
from autoseg.backends import installed_backends
from autoseg.cli.messages import fail, logged
from autoseg.cli.verbs import EVERYWHERE, VERBS
from autoseg.cli.wings import WINGS
from autoseg.errors import AutosegError, OptionsError
from autoseg.options import Options, explain

_Flag = Annotated[bool, Parameter(negative=(), group=EVERYWHERE, show_default=False)]
_PARSING: dict[str, Any] = {"exit_on_error": False, "print_error": False, "result_action": "return_value"}

commands = cyclopts.App(
    name="autoseg",
    help="Particle statistics from electron micrographs, learned without a single hand-drawn label.",
    help_epilogue="More on each: autoseg COMMAND --help",
    version=f"autoseg {autoseg.__version__}",
    help_format="plaintext",
    default_parameter=Parameter(negative_iterable=()),
    suppress_keyboard_interrupt=False,  # main() tells what happened
)
commands.meta.suppress_keyboard_interrupt = False
commands["--help"].group = commands["--version"].group = EVERYWHERE
_VERBS = {verb.name: verb for verb in VERBS}
for number, verb in enumerate(VERBS):
    # Named, not imported: an overview in a moment, and a backend chosen before anything imports Keras.
    about: dict[str, Any] = {"help": verb.help, "help_epilogue": f"Example: {verb.example}", "sort_key": number}
    if verb.by_wing:
        group = cyclopts.App(name=verb.name, **about)
        for wing in WINGS:
            group.command(f"autoseg.cli.{verb.name}:{wing.name}", name=wing.name, help=f"For {wing.help}.")
        commands.command(group)
    else:
        commands.command(f"autoseg.cli.{verb.name}:{verb.name}", name=verb.name, **about)


class _File(Options):
    """Options of any name: the verb that they are meant for knows its own."""

    model_config = pydantic.ConfigDict(extra="allow")


@commands.meta.default
def _launch(
    *arguments: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    options: Annotated[Path | None, Parameter(group=EVERYWHERE)] = None,
    quiet: _Flag = False,
    verbose: _Flag = False,
) -> int:
    """Run a verb.

    Parameters
    ----------
    options
        TOML or JSON file with options under the same names; what is given on the command line goes before.
    quiet
        No progress, and only errors on standard error.
    verbose
        Tell on standard error how files were read, and more.
    """
    usual = next((_VERBS[word].level for word in arguments if word in _VERBS), logging.WARNING)
    level = logging.ERROR if quiet else logging.INFO if verbose else usual
    if options is None:
        commands.config = ()
    else:  # below the verb's name, because cyclopts passes over what is called like another verb
        given: dict[str, Any] = _File.from_file(options).model_extra or {}
        for name in reversed(_command(arguments)):
            given = {name: given}
        commands.config = (Dict(given, source=str(options)),)
    with logged(level):
        return commands(arguments, **_PARSING) or 0


def _command(arguments: Sequence[str]) -> Sequence[str]:
    """The names of the command that is called: a verb, and its wing if it has one for each."""
    verb = _VERBS.get(arguments[0]) if arguments else None
    return arguments[: 2 if verb and verb.by_wing else 1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    verb = next((argument for argument in arguments if argument in _VERBS), "")
    try:
        _prepare(verb, arguments)
        code = commands.meta(arguments, **_PARSING) or 0
        sys.stdout.flush()
        return code
    except cyclopts.CycloptsError as error:
        invalid = error.__cause__
        problem = explain(invalid) if isinstance(invalid, pydantic.ValidationError) else str(error)
        return fail(f"{problem}\nTry: {' '.join(filter(None, ['autoseg', verb]))} --help", code=2)
    except OptionsError as error:
        return fail(error, code=2)
    except AutosegError as error:
        return fail(error)
    except BrokenPipeError:  # whoever read our output, such as `head`, has enough of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if error.filename is None:
            raise
        return fail(f"{error.filename}: {error.strerror}")
    except KeyboardInterrupt:
        return fail("stopped", code=130)


def _prepare(verb: str, arguments: Sequence[str]) -> None:
    """Before cyclopts imports the verb's module, and with it Keras; to find no verb, it would import all of them."""
    if not verb and arguments and not arguments[0].startswith("-"):
        nearest = difflib.get_close_matches(arguments[0], _VERBS, n=1)
        hint = f'Did you mean "{nearest[0]}"?' if nearest else f"There are {', '.join(_VERBS)}."
        raise OptionsError(f'there is no command "{arguments[0]}"', advice=hint)
    wanted = _VERBS[verb].backend if verb else None
    if wanted in installed_backends() and not os.environ.get("KERAS_BACKEND") and "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = str(wanted)
