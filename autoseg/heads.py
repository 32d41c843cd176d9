"""What a network predicts for each pixel, by name: code asks the head for a channel instead of counting channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import pydantic
from pydantic import Field

from autoseg.errors import OptionsError
from autoseg.options import Options

Kind = Literal["mask", "instances", "classes"]
Activation = Literal["sigmoid", "softmax", "linear"]
Name = Annotated[str, Field(pattern=r"^\w+$")]
NetworkOutput = tuple[Name, Annotated[int, Field(ge=1)], Activation]
"Name, number of channels and activation: all that a network knows of its output."

FOREGROUND, CONTACT, DISTANCE = "foreground", "contact", "distance"
IGNORED = 255
"Class of pixels whose true class is unknown: they count neither in training nor in scores."

_COLOURS = ("#000000", "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7")
# Background first, then colours that the colour-blind can tell apart, too (after Okabe and Ito).


class Output(Options):
    """One output of a network: an image with a channel for each of these names."""

    name: Name
    channels: Annotated[tuple[Name, ...], Field(min_length=1)]
    activation: Activation = "sigmoid"

    @pydantic.model_validator(mode="after")
    def _can_be_told_apart(self) -> Output:
        if self.activation == "softmax" and len(self.channels) < 2:
            raise ValueError(f'"softmax" chooses among channels, and the output "{self.name}" has only one')
        return self


class ClassLabel(Options):
    """A class of pixels, as people call and colour it."""

    name: str = Field(min_length=1)
    colour: str | None = Field(None, pattern=r"^#[0-9a-fA-F]{6}$")
    "Such as #e69f00. Not set: one that differs from those of the other classes."

    @pydantic.model_validator(mode="before")
    @classmethod
    def _from_name(cls, given: Any) -> Any:
        return {"name": given} if isinstance(given, str) else given


class Head(Options):
    """What a network predicts: of which kind, in which outputs, and how its classes are called.

    mask: the foreground. instances: foreground, contact of particles, distance to their rim. classes: which of several
    named classes a pixel belongs to, the first of which is the background. The name of the kind alone will do for a
    head without classes.

    >>> Head(kind="instances").main.channels
    ('foreground', 'contact', 'distance')
    >>> head = Head(kind="classes", classes=["background", "grain", "pore"])
    >>> head.network_outputs, head.colours[1]
    ((('classes', 3, 'softmax'),), (230, 159, 0))
    """

    kind: Kind
    classes: tuple[ClassLabel, ...] = ()
    "For the kind classes: all of them, in the order of their numbers; 0 is the background."
    also: tuple[Output, ...] = ()
    "Further outputs, beside the one that the kind has."

    @pydantic.model_validator(mode="before")
    @classmethod
    def _from_kind(cls, given: Any) -> Any:
        return {"kind": given} if isinstance(given, str) else given

    @pydantic.model_validator(mode="after")
    def _fits_together(self) -> Head:
        if (self.kind == "classes") != bool(self.classes):
            raise ValueError('"classes" must be given for the kind "classes", and for no other')
        if len(self.classes) == 1 or len(self.classes) > IGNORED:
            raise ValueError(f'there must be two to {IGNORED} "classes", the background among them')
        every = {
            "classes": [one.name for one in self.classes],
            "outputs": [output.name for output in self.outputs],
            "channels": [channel for output in self.outputs for channel in output.channels],
        }
        for what, names in every.items():
            if len(set(names)) < len(names):
                raise ValueError(f"{what} must have different names, not {', '.join(names)}")
        return self

    @property
    def main(self) -> Output:
        """The output that the kind has."""
        match self.kind:
            case "mask":
                return Output(name=FOREGROUND, channels=(FOREGROUND,))
            case "instances":
                return Output(name="particles", channels=(FOREGROUND, CONTACT, DISTANCE))
        channels = tuple(f"class_{number}" for number in range(len(self.classes)))
        return Output(name="classes", channels=channels, activation="softmax")

    @property
    def outputs(self) -> tuple[Output, ...]:
        """All outputs, the main one first."""
        return (self.main, *self.also)

    @property
    def network_outputs(self) -> tuple[NetworkOutput, ...]:
        """The outputs as `autoseg.networks.build` takes them."""
        return tuple((output.name, len(output.channels), output.activation) for output in self.outputs)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes; () for other kinds."""
        return tuple(one.name for one in self.classes)

    @property
    def colours(self) -> tuple[tuple[int, int, int], ...]:
        """RGB of each class."""
        return class_colours(self.classes)

    @property
    def finds_particles(self) -> bool:
        """Whether single particles are found in its predictions, rather than classes of pixels."""
        return self.kind != "classes"

    @property
    def tells_distance(self) -> bool:
        """Whether it predicts enough to part particles by their contacts, and to judge how plausible they are."""
        return self.kind == "instances"

    def describe(self) -> str:
        """What it predicts, in a few words.

        >>> Head(kind="mask").describe(), Head(kind="classes", classes=["background", "pore"]).describe()
        ('foreground', 'classes background, pore')
        """
        told = f"classes {', '.join(self.class_names)}" if self.classes else ", ".join(self.main.channels)
        return "; ".join([told, *(f"{output.name}: {', '.join(output.channels)}" for output in self.also)])

    def check_network(self, outputs: Sequence[Sequence[Any]] | None) -> None:
        """Raise an error unless a network with these outputs predicts what the head needs."""
        found = tuple(map(tuple, outputs or ()))
        if found != self.network_outputs:
            wanted, given = (", ".join(map(_in_words, each)) or "none" for each in (self.network_outputs, found))
            raise OptionsError(f'the head "{self.kind}" needs a network with the outputs {wanted}, not {given}')

    def named(self, prediction: Mapping[str, Any]) -> dict[str, Any]:
        """The channels of a prediction (rows, columns, channels by output) by their names, each (rows, columns)."""
        return {
            name: prediction[output.name][..., place]
            for output in self.outputs
            for place, name in enumerate(output.channels)
        }


def class_colours(classes: Sequence[ClassLabel]) -> tuple[tuple[int, int, int], ...]:
    """RGB of each class: its own, or one that no other class has.

    >>> class_colours([ClassLabel(name="background"), ClassLabel(name="grain", colour="#ff0000")])
    ((0, 0, 0), (255, 0, 0))
    """
    taken = {one.colour.lower() for one in classes if one.colour}
    more = [f"#{(37 * n) % 256:02x}{(101 * n) % 256:02x}{(197 * n) % 256:02x}" for n in range(1, len(classes) + 1)]
    free = [colour for colour in (*_COLOURS, *more) if colour not in taken]
    chosen = (one.colour or free.pop(0) for one in classes)
    return tuple((int(c[1:3], 16), int(c[3:5], 16), int(c[5:7], 16)) for c in chosen)


def _in_words(output: Sequence[Any]) -> str:
    name, channels, activation = output
    return f"{name} ({channels} x {activation})"
