"""Options are frozen, validated classes; the same names serve Python, TOML, JSON and the command line."""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

import pydantic
import tomlkit

from autoseg.errors import OptionsError
from autoseg.files import written_whole

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(pydantic.BaseModel)  # its own name is private

Share = Annotated[float, pydantic.Field(ge=0, le=1)]
"Of a whole."


class _Explained(ModelMetaclass):
    """Turns pydantic's report into one message, for the class that was called, its nested options included."""

    def __call__(cls, *args: Any, **values: Any) -> Any:
        try:
            return super().__call__(*args, **values)
        except pydantic.ValidationError as error:
            raise OptionsError(explain(error, cls)) from None


class Options(pydantic.BaseModel, metaclass=_Explained):
    """Base of all option classes. The line below a field describes it, here, in TOML files and in `--help`.

    >>> class Tiling(Options):
    ...     size: int = pydantic.Field(384, ge=16)
    ...     "Edge of a tile in pixels."
    >>> Tiling(size=512).size
    512
    >>> Tiling(sise=512)
    Traceback (most recent call last):
    autoseg.errors.OptionsError: unknown option "sise"; did you mean "size"?
    """

    model_config = pydantic.ConfigDict(
        frozen=True, extra="forbid", validate_default=True, use_attribute_docstrings=True, allow_inf_nan=False
    )

    def changed(self, **changes: Any) -> Self:
        """A validated copy with some options changed."""
        values = {name: getattr(self, name) for name in self.model_fields_set}  # what was not set stays so
        return type(self)(**{**values, **changes})

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], **changes: Any) -> Self:
        """Read options from a TOML or JSON file; `changes` count more than what it says."""
        path = Path(path)
        try:
            return cls(**merged(_read(path), changes, cls))
        except OptionsError as error:
            if error.file is not None:
                raise
            raise OptionsError(error.problem, file=path, advice=error.advice) from None

    def to_file(self, path: str | os.PathLike[str]) -> None:
        """Write all options, defaults included, to a TOML (with a comment for each) or JSON file."""
        path = Path(path)
        text = _format(path, json.dumps(self.model_dump(mode="json"), indent=2), self)
        with written_whole(path) as partial:
            partial.write_text(text, encoding="utf-8")


def _read(path: Path) -> dict[str, Any]:
    try:
        content = path.read_text(encoding="utf-8-sig")
        data = {".toml": tomllib.loads, ".json": json.loads}[path.suffix.lower()](content)
    except KeyError:
        raise OptionsError("options are read from .toml and .json files only", file=path) from None
    except OSError as error:
        raise OptionsError(f"cannot be read ({error.strerror})", file=path) from None
    except UnicodeDecodeError:
        raise OptionsError("is not UTF-8 text", file=path, advice="Save it as UTF-8 in your editor.") from None
    except ValueError as error:
        raise OptionsError(f"is not valid {path.suffix[1:].upper()}: {error}", file=path) from None
    if not isinstance(data, dict):
        raise OptionsError("must hold named options", file=path)
    return data


def _format(path: Path, as_json: str, options: Options) -> str:
    match path.suffix.lower():
        case ".json":
            return as_json + "\n"
        case ".toml":
            return tomlkit.dumps(_table(options, tomlkit.document()))
        case _:
            raise OptionsError("options are written to .toml and .json files only", file=path)


def _table(options: Options, table: Any) -> Any:
    """A TOML table with each option's description above it. TOML knows no null: an unset option is a comment."""
    values = options.model_dump(mode="json")
    for tables_last in (False, True):  # what follows a table's header in TOML belongs to that table
        for name, field in type(options).model_fields.items():
            value = getattr(options, name)
            if isinstance(value, (Options, dict)) != tables_last:
                continue
            for line in (field.description or "").splitlines():
                table.add(tomlkit.comment(line))
            if name not in values or _is_unset(options, name):
                table.add(tomlkit.comment(f"{name} is not set"))
            elif isinstance(value, Options):
                table.add(name, _table(value, tomlkit.table()))
            else:
                table.add(name, _without_unset(value, values[name]))
    return table


def _is_unset(options: Options, name: str) -> bool:
    """Whether TOML says the value of an option by leaving the option out."""
    if getattr(options, name) is not None:
        return False
    if type(options).model_fields[name].default is not None:
        raise OptionsError(f'"{name}" is null, which TOML cannot express', advice="Write the options as JSON.")
    return True


def _without_unset(value: Any, dumped: Any) -> Any:
    """What `value` was dumped to, without the unset options of those that are listed in it."""
    if isinstance(value, Options):
        set_ones = (name for name in dumped if not _is_unset(value, name))
        return {name: _without_unset(getattr(value, name), dumped[name]) for name in set_ones}
    if isinstance(value, (tuple, list)):
        return [_without_unset(*pair) for pair in zip(value, dumped, strict=True)]
    return dumped


def merged(below: Mapping[str, Any], above: Mapping[str, Any], options: type[Options]) -> dict[str, Any]:
    """Values for `options` of both, for options within them, too; where both tell something, the second one counts.

    A dictionary that is the value of one option, such as the description of a network, is taken whole.
    """
    both = {**below, **above}
    for name in below.keys() & above.keys() & options.model_fields.keys():
        inner = options.model_fields[name].annotation
        if isinstance(inner, type) and issubclass(inner, Options) and _are_tables(below[name], above[name]):
            both[name] = merged(below[name], above[name], inner)
    return both


def read_profile(package: str, profile: str) -> dict[str, Any]:
    """The options in PROFILE.toml of a package; a profile without a file sets none."""
    file = files(package) / f"{profile}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def _are_tables(*values: Any) -> bool:
    return all(isinstance(value, Mapping) for value in values)


def explain(error: pydantic.ValidationError, options: type[Any] = Options) -> str:
    """What is wrong with the values given for `options`, in plain words, without pydantic's terms.

    >>> class Size(Options):
    ...     width: int | bool = 4
    >>> Size(width="x")
    Traceback (most recent call last):
    autoseg.errors.OptionsError: "width" must be a valid integer, or a valid boolean, not 'x'
    """
    found: dict[str, list[str]] = {}
    for problem in error.errors():
        subject, predicate = _sentence(problem, options)
        found.setdefault(subject, []).append(predicate)
    return "; ".join(subject + _alternatives(predicates) for subject, predicates in found.items())


def _sentence(problem: Any, options: type[Any]) -> tuple[str, str]:
    """Subject and predicate of what is wrong: several problems with one subject are alternatives for its value."""
    names, known = _resolve(problem["loc"], options)
    place = ".".join(names) or "options"
    if problem["type"] == "extra_forbidden":
        nearest = difflib.get_close_matches(names[-1], known, n=1, cutoff=0.5)
        return f'unknown option "{place}"', f'; did you mean "{nearest[0]}"?' if nearest else ""
    if problem["type"] == "missing":
        return f'option "{place}" must be given', ""
    message = problem["msg"].removeprefix("Value error, ").partition(", unable")[0]
    message = re.sub(r"^\w+ should ", "must ", message)
    if problem["type"] == "value_error" and not message.startswith("must"):  # several options do not fit together
        return (f'"{place}"', f": {message}") if names else (message, "")
    return f'"{place}"', f" {message}, not {problem['input']!r}"


def _alternatives(predicates: list[str]) -> str:
    """Join "must be a, not x" and "must be b, not x" to "must be a, or b, not x"."""
    *others, last = predicates
    return "".join(f"{predicate.rpartition(', not ')[0]}, or" for predicate in others) + (
        last.replace(" must be", "", 1) if others else last
    )


def _resolve(location: tuple[int | str, ...], options: type[Any]) -> tuple[list[str], list[str]]:
    """Names and indices along a location, without pydantic's names for the branches of a union; and its siblings."""
    parts: list[str] = []
    inside_value = False
    for part in location:
        if inside_value and isinstance(part, str):
            continue
        parts.append(str(part))
        field = None if inside_value else options.model_fields.get(part)
        if field and isinstance(field.annotation, type) and issubclass(field.annotation, Options):
            options = field.annotation
        else:
            inside_value = True
    return parts, list(options.model_fields)
