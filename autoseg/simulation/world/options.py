"""From which ranges the numbers of a picture are drawn. The defaults are wide: what journals print."""

from __future__ import annotations

from typing import Annotated, Self

import numpy as np
from pydantic import AfterValidator, Field

from autoseg.errors import OptionsError
from autoseg.images.geometry import Factors, Shares, ordered
from autoseg.images.intensity import Amounts
from autoseg.options import Options, Share
from autoseg.simulation.particles.placement import Edge

Quality = Annotated[int, Field(ge=1, le=100)]
Weight = Annotated[float, Field(ge=0)]


class Weights(Options):
    """How often each of several is chosen, relative to the others; what has a weight of 0 is never chosen."""

    @classmethod
    def only(cls, **weights: float) -> Self:
        """These weights, and 0 for all others."""
        return cls(**{**dict.fromkeys(cls.model_fields, 0.0), **weights})

    def choose(self, rng: np.random.Generator) -> str:
        """One of the names; one of twice the weight is chosen twice as often.

        >>> FormWeights.only(rod=1).choose(np.random.default_rng(0))
        'rod'
        """
        weights = self.model_dump()
        names, values = list(weights), np.array(list(weights.values()))
        if not values.sum() > 0:
            raise OptionsError("there is nothing to choose from", advice="Give at least one name a weight above 0.")
        return names[int(rng.choice(len(names), p=values / values.sum()))]


class FormWeights(Weights):
    """How often each form of particle is the main one of a picture."""

    sphere: Weight = 8
    "Smooth, or nearly, or with a texture."
    ellipsoid: Weight = 1.5
    "Up to 2.2 times as long as wide, and flat at will."
    box: Weight = 1.2
    "Rounded boxes that lie flat."
    rod: Weight = 2
    "Straight ones with round to flat ends."
    grain: Weight = 3
    "Irregular and rounded."
    crystal: Weight = 2.5
    "Polyhedra of many kinds with flat faces."
    platelet: Weight = 1.2
    "Thin plates with three to nine sides."
    worm: Weight = 1
    "Bent rods with round ends."
    fibre: Weight = 0.4
    "Long threads."
    dendrite: Weight = 0.3
    "Arms that branch."
    urchin: Weight = 0.5
    "Balls with spikes."
    fluffy: Weight = 0.6
    "Aggregates of small grains that count as one."
    raspberry: Weight = 0.8
    "Spheres covered with small spheres."
    bowl: Weight = 0.4
    "Spheres with dents, holes or openings."
    star: Weight = 0.3
    "Three to eight tapered arms."


class ArrangementWeights(Weights):
    """How often particles lie apart, touch in clusters, are closely packed, stand in a grid, are piled, are few."""

    scattered: Weight = 3
    "Each for itself; some overlap."
    clustered: Weight = 4
    "Groups and chains that touch."
    packed: Weight = 1.5
    "In hexagonal layers and islands."
    grid: Weight = 0.3
    "In squares, apart from each other."
    heap: Weight = 2
    "Piled on each other."
    few: Weight = 2.5
    "One to six in the middle."


class TextureWeights(Weights):
    """How often each texture is that of the particles, where they have one."""

    bumps: Weight = 3
    "Smooth ones of a size."
    fractal: Weight = 4
    "Bumps of several sizes."
    cells: Weight = 2
    "Small grains side by side."
    wrinkles: Weight = 1
    "Ridges."
    cracks: Weight = 0.7
    "Thin deep lines."
    pores: Weight = 2
    "Round holes."
    flakes: Weight = 1
    "Sheets that stand upright."
    spots: Weight = 1
    "Small grains, far apart."
    stripes: Weight = 0.4
    "Parallel lines, as of channels and layers."


class PopulationOptions(Options):
    """Which particles a picture shows, and how they lie."""

    forms: FormWeights = FormWeights()
    "How often each form of particle is the main one of a picture."
    mixed: Share = 0.12
    "Share of the pictures with particles of two forms."
    diameter: Factors = (6.0, 90.0)
    "Range, over pictures, of the typical diameter in pixels. No particle is smaller than 5.5."
    large: Factors = (90.0, 400.0)
    "The same for pictures of few large particles."
    large_share: Share = 0.1
    "Share of the pictures whose typical diameter is drawn from `large`."
    spread: Amounts = (0.02, 0.6)
    "Range, over pictures, of the standard deviation of the logarithm of the diameters; low ones are more frequent."
    second_size: Share = 0.12
    "Share of the pictures with a second, smaller size of particles among the others."
    arrangements: ArrangementWeights = ArrangementWeights()
    "How often particles lie apart, touch in clusters, are closely packed, stand in a grid, are piled, are few."
    coverage: Factors = (0.08, 0.8)
    "Range of the share of the area that scattered and clustered particles cover."
    most: Edge = 400
    "No picture has more particles than this."
    textured: Share = 0.7
    "Share of the pictures whose particles have a surface texture."
    textures: TextureWeights = TextureWeights()
    "How often each texture is theirs."
    texture_depth: Amounts = (0.1, 1.0)
    "Steepness of such textures."
    filled: Share = 0.3
    "Share of the pictures whose particles are hollow or have cores."
    ragged: Share = 0.3
    "Share of the pictures whose particles have ragged rims."
    smallest: int = Field(20, ge=1)
    "Particles of which fewer pixels are seen have no label."


class AppearanceOptions(Options):
    """How the microscope shows it."""

    transmission: Share = 0.47
    "Share of the pictures made by electrons that pass through; the others show surfaces."
    inverted: Share = 0.06
    "Share of the pictures of either kind with the opposite polarity: dark field, or dark particles on bright ground."
    ground: Shares = (0.1, 0.55)
    "Grey value of the ground, counted from black where surfaces are shown, and from white in transmission."
    contrast: Shares = (0.35, 0.95)
    "How much of the room between the ground and white, or black, the particles' brightness takes."
    least: Share = 0.08
    "The mean of the particles of a picture differs from that of the ground by at least so much."
    spread: Amounts = (0.0, 0.35)
    "Standard deviation of the brightness, or density, of particles in a picture."
    edge: Amounts = (0.2, 2.8)
    "How much brighter steep slopes are than level ones."
    shading: Amounts = (0.0, 0.6)
    "How much darker steep slopes are than level ones, in the pictures without bright edges."
    light: Amounts = (0.0, 0.8)
    "How much brighter slopes are that face the detector, and darker those that do not."
    rim: Amounts = (0.0, 0.8)
    "How much brighter thin rims are."
    shadow: Amounts = (0.0, 0.95)
    "How dark gaps, contacts and the ground near particles are."
    charging: Amounts = (0.0, 0.3)
    "Strength of the dark trails behind bright particles along scan lines."
    vibration: Amounts = (0.0, 0.3)
    "By how many pixels scan lines are shifted, as a standard deviation."
    scan_lines: Amounts = (0.0, 0.01)
    "Standard deviation of the brightness of scan lines."
    opacity: Factors = (0.3, 4.0)
    "Thickness of a typical particle, relative to the path after which 37 % of the electrons are left."
    mottling: Amounts = (0.02, 0.25)
    "Standard deviation of fine variations of what is passed through, relative to the thickness."
    diffracting: Share = 0.3
    "Share of the pictures in transmission in which crystals diffract: some of them, or bands in them, are much darker."
    fringe: Amounts = (0.0, 0.9)
    "Strength of the Fresnel fringes that under- and overfocus draw."
    blur: Factors = (0.35, 4.0)
    "Range of the standard deviation in pixels of the blur of focus; small ones are more frequent."
    blur_share: Share = 0.12
    "Largest blur, relative to the typical diameter."
    noise: Amounts = (0.0, 0.12)
    "Standard deviation of noise; low ones are more frequent."
    buried: float = Field(0.8, ge=0)
    "Noise is at most so strong, relative to the contrast of particles of 40 pixels or more; for small ones, less."
    grain: Amounts = (0.0, 1.1)
    "Standard deviation in pixels of the blur of the noise."
    saturated: Share = 0.35
    "Share of the pictures whose grey values are stretched until some are black or white."
    flat: Share = 0.15
    "Share of the pictures whose grey values span only a part of the range."


class GroundOptions(Options):
    """What lies below particles and is none."""

    grain: Amounts = (0.0, 0.07)
    "Strength of the grain of a carbon film or a coated substrate."
    textured: Share = 0.4
    "Share of the pictures whose ground has a texture at the particles' scale."
    texture: Amounts = (0.004, 0.08)
    "Strength of this texture."
    lacey: Share = 0.07
    "Share of the pictures in transmission that show a film with holes, or a web."
    folds: Share = 0.12
    "Share of the pictures with folds, scratches or lines."
    stains: Share = 0.12
    "Share of the pictures with stains."
    debris: Share = 0.15
    "Share of the pictures with faint specks and crumbs."
    gradient: Amounts = (0.0, 0.15)
    "Uneven brightness from one side to the other."


class DistractorOptions(Options):
    """What is printed on pictures."""

    panel: Share = 0.4
    "Share of the pictures with a letter or a word in a corner."
    scale_bar: Share = 0.4
    "Share of the pictures with a scale bar."
    info_bar: Share = 0.07
    "Share of the pictures with an info bar, or a line of the microscope's settings."
    arrow: Share = 0.07
    "Share of the pictures with arrows or other marks."
    inset: Share = 0.04
    "Share of the pictures with an inset."
    margin: Share = 0.05
    "Share of the pictures with the white or black edge of a neighbouring panel at a side."
    height: Factors = (7.0, 44.0)
    "Range of the height of letters in pixels."


class FigureOptions(Options):
    """What happens to pictures on their way into an article."""

    resampled: Share = 0.45
    "Share of the pictures that were resampled."
    factor: Factors = (0.5, 2.0)
    "By which factor, and back."
    compressed: Share = 0.7
    "Share of the pictures that were saved as JPEG."
    quality: Annotated[tuple[Quality, Quality], AfterValidator(ordered)] = (30, 95)
    "Range of the quality of JPEG."
    sharpened: Share = 0.15
    "Share of the pictures that were sharpened."
    gamma: Factors = (0.75, 1.33)
    "Range of the exponent of grey values."


class WorldOptions(Options):
    """How pictures of the world's particles are drawn."""

    size: tuple[Edge, Edge] = (256, 256)
    "Height and width of a picture in pixels."
    empty: Share = 0.04
    "Share of the pictures without any particle."
    population: PopulationOptions = PopulationOptions()
    "Which particles there are."
    appearance: AppearanceOptions = AppearanceOptions()
    "How the microscope shows them."
    ground: GroundOptions = GroundOptions()
    "What lies below them."
    distractors: DistractorOptions = DistractorOptions()
    "What is printed on the picture."
    figure: FigureOptions = FigureOptions()
    "What the picture went through."
