"""How an image is segmented: all that a user can set."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from autoseg.errors import ModelError, OptionsError
from autoseg.heads import Head
from autoseg.images.micrograph import ReadOptions
from autoseg.images.polarity import Asked, Polarity
from autoseg.models.config import ModelConfig
from autoseg.options import Options, Share
from autoseg.segmentation.instances.finding import InstanceOptions
from autoseg.segmentation.plausibility import LEAST
from autoseg.segmentation.predictor import PredictOptions

Magnification = Literal["auto"] | Annotated[float, Field(gt=0, le=16)]


class SegmentOptions(Options):
    """How particles, or classes, are found in a micrograph."""

    read: ReadOptions = ReadOptions()
    "How the file is read."
    predict: PredictOptions = PredictOptions()
    "How the network is run."
    instances: InstanceOptions = InstanceOptions()
    "How particles are found in what the network predicts. What is not set here is as the model recommends."
    polarity: Asked = "auto"
    """Whether particles are brighter or darker than what they lie on. model: as the model saw them; auto: whatever is
    more plausible in each image, if the network predicts distances to the rim; without them it cannot tell."""
    magnification: Magnification = "auto"
    """Factor by which an image is magnified before the network sees it; auto: more if its particles are smaller than
    those that the model knows, and less beside that, by which large ones are found. Results are in pixels of
    the image all the same. Defaults and recommendations of `minimum_core` and `pinhole_size` are meant for what the
    network sees; what is set is in pixels of the image."""
    minimum_score: Share | None = None
    """Particles of a lower score are left out: a score is the probability that a particle is one. Not set: as the model
    recommends. A network that predicts no distances does not tell scores, nor how plausible its particles are."""
    leave_out_letters: bool = True
    "Letters and scale bars that are drawn into an image get a score of 0."
    block: Literal["auto"] | Annotated[int, Field(ge=64)] = "auto"
    """Edge in pixels of the blocks that a large image is segmented in, by way of files on the disk, to spare memory.
    A number: images with a longer side; auto: in blocks of 2000, images of more than 100 megapixels. Probabilities are
    not kept then, and letters are not looked for."""
    plausibility: Share = LEAST
    """By how much more probable it is, at least, that what was found in an image is particles than that it is not; else
    the image is taken to be empty. 0: it never is."""


def complete_instances(options: SegmentOptions, config: ModelConfig, model: str, head: Head) -> InstanceOptions:
    """The options for finding particles: what is set, else what the model recommends, else what its head allows."""
    given, polarity = options.instances, _asked_polarity(options, config)
    values: dict[str, Any] = {} if polarity == Polarity.EITHER else {"polarity": polarity.value}
    values["method"] = "contact" if head.tells_distance else "distance"
    values |= config.postprocessing
    try:
        found = InstanceOptions(**values | {name: getattr(given, name) for name in given.model_fields_set})
        return InstanceOptions(**dict(found))  # all of them set: what a report tells is complete
    except OptionsError as error:
        raise ModelError(f'the model "{model}" recommends what cannot be: {error}') from None


def _asked_polarity(options: SegmentOptions, config: ModelConfig) -> Polarity:
    return config.polarity if options.polarity in ("auto", "model") else Polarity(options.polarity)
