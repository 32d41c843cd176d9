"""How particles were predicted, or what they were read from, in sentences for a paper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from autoseg.segmentation.instances.finding import LOWEST_OTSU, InstanceOptions
from autoseg.segmentation.provenance import Architecture, Provenance, TrainedModel

_ARCHITECTURES = {"unet": "U-Net", "multires_unet": "MultiRes U-Net"}
_ENGINES = {"openvino": "OpenVINO", "torch": "PyTorch", "tensorflow": "TensorFlow", "jax": "JAX"}
_PRECISIONS = {"float32": "32-bit precision", "bfloat16": "bfloat16 precision"}
_FILES = {"labels": "label images", "masks": "masks", "auto": "label images or masks"}
_CHOSEN = {
    "polarity": "whether its particles are brighter or darker than their surroundings",
    "magnification": "by which factor it is magnified for the network",
}
_SEPARATED = {
    "contact": "Touching particles were separated by a watershed transform that starts from the particle cores in the "
    "network's prediction.",
    "distance": "Touching particles were separated by a watershed transform that starts from the maxima of the "
    "distance to the background.",
}


def describe_prediction(provenance: Provenance, found: int) -> Iterator[str]:
    """Sentences to follow the one that says how many particles were `found`; none about what is not known."""
    subject = {0: "The images were segmented", 1: "It was predicted"}.get(found, "They were predicted")
    if provenance.labels:
        yield f"The particles were read from {_FILES[provenance.kind or 'auto']}."
    if provenance.model is not None:
        yield f"{subject} by the trained model {predictor_in_words(provenance.model, provenance)}."
    yield from _view(provenance)
    if provenance.minimum_score:
        score = f"{provenance.minimum_score:g}"
        yield f"Regions with a score, the estimated probability of being a particle, below {score} were left out."
    if provenance.segmentation is not None:
        yield from _particles(provenance.segmentation)


def predictor_in_words(model: TrainedModel, provenance: Provenance) -> str:
    """The name of the model, what is known of it, and what ran it."""
    return f"{_model(model)}{_engine(provenance)}"


def _model(model: TrainedModel) -> str:
    details = [_architecture(model.architecture)] if model.architecture else []
    details += [f"SHA-256 of the weights {model.weights_sha256[:8]}…"] if model.weights_sha256 else []
    return f'"{model.name}"' + (f" ({'; '.join(details)})" if details else "")


def _architecture(architecture: Architecture) -> str:
    """The published ones as they are called in papers, and any other by its plain name."""
    filters = architecture.parameters.get("filters")
    if architecture.name not in _ARCHITECTURES:
        return architecture.name
    widths = filters if isinstance(filters, list | tuple) else [] if filters is None else [filters]
    return _ARCHITECTURES[architecture.name] + (f" with {_enumerated(widths)} filters" if widths else "")


def _enumerated(numbers: Sequence[int]) -> str:
    *others, last = map(str, numbers)
    return f"{', '.join(others)} and {last}" if others else last


def _engine(provenance: Provenance) -> str:
    if provenance.engine is None:
        return ""
    precision = f" in {_PRECISIONS[provenance.precision]}" if provenance.precision else ""
    device = f" on {provenance.device}" if provenance.device else ""
    return f", run by {_ENGINES.get(provenance.engine, provenance.engine)}{precision}{device}"


def _view(provenance: Provenance) -> Iterator[str]:
    """How images were shown to the network, where that is not simply as they are."""
    chosen = " and ".join(_CHOSEN[name] for name in provenance.decided_per_image)
    if chosen:
        yield f"For each image, it was decided automatically, by how plausible the prediction is, {chosen}."
    if "magnification" in provenance.decided_per_image:
        yield "What was found in the reduced image was joined with that, by its scores, to find particles of all sizes."
    if provenance.polarity in ("bright", "dark"):
        yield f"Particles were taken to be {provenance.polarity}er than their surroundings."
    factor = provenance.magnification
    if isinstance(factor, float) and factor != 1:
        resized = f"magnified by a factor of {factor:g}" if factor > 1 else f"reduced by a factor of {1 / factor:g}"
        yield f"Images were {resized} for the network."


def _particles(options: InstanceOptions) -> Iterator[str]:
    automatic = f"the threshold that Otsu's method finds in each image (at least {LOWEST_OTSU:g})"
    threshold = automatic if options.threshold == "otsu" else f"{options.threshold:g}"
    yield f"Pixels with a foreground probability above {threshold} were assigned to particles."
    yield _SEPARATED[options.method]
    limits = [f"fewer than {options.minimum_size}"] if options.minimum_size > 1 else []
    limits += [f"more than {options.maximum_size}"] if options.maximum_size is not None else []
    if limits:
        yield f"Particles of {' or '.join(limits)} pixels were discarded."
    if options.exclude_edge:
        yield "Particles that touch the edge of the image were discarded."
    if options.li_factor is not None:
        yield (
            f"Only particles with a mean grey value above {options.li_factor:g} times Li's threshold of the image were "
            f"kept (for dark particles: below {1 / options.li_factor:.3g} times)."
        )
