"""What is said of a prediction, as a scientist would write it."""

import pytest

from autoseg.errors import OptionsError
from autoseg.measurement.prediction import describe_prediction
from autoseg.segmentation.instances.finding import InstanceOptions
from autoseg.segmentation.provenance import Architecture, Provenance, TrainedModel


def said(found=2, **known):
    return " ".join(describe_prediction(Provenance(**known), found))


def model(name, **parameters):
    return TrainedModel(name="mine", architecture=Architecture(name=name, parameters=parameters))


@pytest.mark.parametrize(
    ("architecture", "expected"),
    [
        (model("unet", filters=[16, 32, 64], norm="batch"), '"mine" (U-Net with 16, 32 and 64 filters)'),
        (model("unet", filters=(4, 8)), '"mine" (U-Net with 4 and 8 filters)'),
        (model("multires_unet", filters=16), '"mine" (MultiRes U-Net with 16 filters)'),
        (model("multires_unet"), '"mine" (MultiRes U-Net)'),
        (model("resnet", filters=64), '"mine" (resnet)'),
        (TrainedModel(name="mine"), '"mine"'),
    ],
)
def test_networks_have_the_names_that_papers_use(architecture, expected):
    assert said(model=architecture) == f"They were predicted by the trained model {expected}."


@pytest.mark.parametrize(("found", "subject"), [(0, "The images were segmented"), (1, "It was predicted")])
def test_the_sentence_follows_any_number_of_particles(found, subject):
    assert said(found, model=TrainedModel(name="mine")) == f'{subject} by the trained model "mine".'


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"engine": "openvino", "precision": "float32"}, "run by OpenVINO in 32-bit precision"),
        ({"engine": "openvino", "precision": "bfloat16"}, "run by OpenVINO in bfloat16 precision"),
        ({"engine": "torch", "device": "gpu:0"}, "run by PyTorch on gpu:0"),
        ({"engine": "another"}, "run by another"),
    ],
)
def test_engines_have_the_names_that_people_use(known, expected):
    assert said(model=TrainedModel(name="mine"), **known).endswith(f'"mine", {expected}.')


def test_what_images_decided_is_said_and_what_they_could_not_is_not():
    both = said(polarity="auto", magnification="auto", decided_per_image=("polarity", "magnification"))
    assert both == (
        "For each image, it was decided automatically, by how plausible the prediction is, whether its particles are "
        "brighter or darker than their surroundings and by which factor it is magnified for the network. What was "
        "found in the reduced image was joined with that, by its scores, to find particles of all sizes."
    )
    assert "magnified" not in said(polarity="auto", magnification="auto", decided_per_image=("polarity",))
    assert said(polarity="auto", magnification="auto") == said(polarity="model", magnification=1) == ""


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"polarity": "dark"}, "Particles were taken to be darker than their surroundings."),
        ({"magnification": 2.5}, "Images were magnified by a factor of 2.5 for the network."),
        ({"magnification": 0.25}, "Images were reduced by a factor of 4 for the network."),
    ],
)
def test_how_images_were_shown_is_said_where_the_user_decided(known, expected):
    assert said(**known) == expected


def test_particles_that_were_discarded_are_named():
    every = said(segmentation=InstanceOptions(minimum_size=1))
    assert "at least 0.1" in every and "particle cores" in every and "discarded" not in every
    few = said(segmentation=InstanceOptions(maximum_size=900, exclude_edge=True, li_factor=0.5))
    assert "Particles of fewer than 20 or more than 900 pixels were discarded." in few
    assert "Particles that touch the edge of the image were discarded." in few
    assert "above 0.5 times Li's threshold of the image were kept (for dark particles: below 2 times)" in few


@pytest.mark.parametrize("wrong", [{"engine": object()}, {"seconds": {"load": float("nan")}}, {"enigne": "torch"}])
def test_what_is_no_provenance_is_refused(wrong):
    with pytest.raises(OptionsError):
        Provenance(**wrong)


def test_only_what_is_known_is_written():
    known = Provenance(engine="torch", predict=InstanceOptions(minimum_size=3), labels=["a.png"])
    expected = {"engine": "torch", "predict": {"minimum_size": 3}, "labels": ["a.png"]}
    assert known.model_dump(mode="json") == expected


@pytest.mark.parametrize(("kind", "expected"), [("masks", "masks"), ("auto", "label images or masks")])
def test_labels_from_elsewhere_were_read_not_predicted(kind, expected):
    assert said(labels=["a.png"], kind=kind) == f"The particles were read from {expected}."
