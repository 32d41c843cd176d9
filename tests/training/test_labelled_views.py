import numpy as np
import pytest

from autoseg.errors import ImageError
from autoseg.heads import Head, Output
from autoseg.images.views import STRONG, GeometryOptions
from autoseg.training.labelled_views import LabelledImage, LabelledViews
from tests.heads import HEADS

HEAD = Head(
    kind="classes",
    classes=["background", "grain", "pore"],
    also=[
        Output(name="rows", channels=("rows",), activation="linear"),
        Output(name="sides", channels=("dark", "bright"), activation="softmax"),
    ],
)
GREY = np.array([0.0, 0.37, 1.0], "float32")
CERTAIN = np.array([0.25, 0.5, 1.0], "float32")


def patchwork(head=HEAD):
    """An image from whose grey values all that is known about it follows."""
    numbers = np.random.default_rng(3).integers(0, 3, (5, 6)).astype(np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    dark = np.float32(numbers == 0)
    also = {"rows": 3 - numbers, "sides": np.stack([dark, 1 - dark], axis=-1)} if head.also else {}
    return LabelledImage(GREY[numbers], numbers, CERTAIN[numbers], also)


def views(head=HEAD, **settings):
    return LabelledViews(head, shown=np.float32, **settings)


def check_aligned(image, targets, exactly):
    """Each channel tells what the image shows; what was interpolated between patches shows nothing."""
    nearest = np.abs(image - GREY).argmin(-1)
    pure = np.abs(image[..., 0] - GREY[nearest]) < 1e-6
    assert pure.all() if exactly else 0.3 < pure.mean() < 1
    numbers = targets["classes"][..., :3].argmax(-1)
    np.testing.assert_array_equal(numbers[pure], nearest[pure])
    np.testing.assert_array_equal(targets["classes"][..., 3], CERTAIN[numbers])
    np.testing.assert_array_equal(targets["rows"][..., 0], 3 - numbers)
    np.testing.assert_array_equal(targets["sides"][..., 0], numbers == 0)
    np.testing.assert_array_equal(targets["sides"][..., 1], numbers > 0)
    assert all(target.dtype == np.float32 for target in targets.values())


@pytest.mark.parametrize("crop", [None, 24])
@pytest.mark.parametrize(
    ("geometry", "exactly"),
    [
        (GeometryOptions(), True),
        (GeometryOptions(quarter_turns=True), True),
        (GeometryOptions(rotation=180, scale=(0.8, 1.25)), False),
    ],
)
def test_all_that_is_known_turns_with_the_image(geometry, exactly, crop):
    made, rng, seen = views(geometry=geometry, crop=crop), np.random.default_rng(0), set()
    for _ in range(12):
        image, targets = made(patchwork(), rng)
        assert image.shape in ([(24, 24, 1)] if crop else [(40, 48, 1), (48, 40, 1)])
        check_aligned(image, targets, exactly)
        seen.add(image.tobytes())
    assert len(seen) >= (4 if geometry.flip else 1)


def test_grey_values_change_for_themselves():
    plain, changed = (views(intensity=intensity)(patchwork(), np.random.default_rng(1)) for intensity in
                      (views().intensity, STRONG))  # fmt: skip
    assert not np.array_equal(plain[0], changed[0])
    for name, target in plain[1].items():
        np.testing.assert_array_equal(changed[1][name], target)


def test_the_random_numbers_decide():
    made = views(geometry=GeometryOptions(rotation=180), crop=16)
    first, again, other = (made(patchwork(), np.random.default_rng(seed))[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_classes_are_weighted_and_what_is_not_known_counts_in_no_output():
    pair = patchwork()
    pair.labels[:8], pair.certainty[8:16] = 255, 0
    _, targets = views(class_weights=(1.0, 2.0, 4.0))(pair, np.random.default_rng(0))
    expected = np.array([1, 2, 4])[pair.labels[16:]] * pair.certainty[16:]
    np.testing.assert_allclose(targets["classes"][16:, :, 3], expected)
    known = np.arange(40) >= 16
    for name, channels in (("classes", 4), ("rows", 2), ("sides", 3)):
        assert targets[name].shape == (40, 48, channels)
        np.testing.assert_array_equal(targets[name][..., -1].all(axis=1), known)
        assert not targets[name][~known, :, -1].any()


@pytest.mark.parametrize("certainty", [None, np.linspace(0, 1, 64, dtype="float32").reshape(8, 8)])
def test_a_further_output_of_particles_counts_as_the_labels_are_certain(certainty):
    head = Head(kind="mask", also=[Output(name="parts", channels=("a", "b"))])
    labels, parts = np.eye(8, dtype=int), np.random.default_rng(0).random((8, 8, 2)).astype("float32")
    _, targets = views(head)((labels * 1.0, labels, certainty, {"parts": parts}), np.random.default_rng(0))
    np.testing.assert_array_equal(targets["parts"][..., :2], parts)
    for channel in (2, 3):
        np.testing.assert_array_equal(targets["parts"][..., channel], 1 if certainty is None else certainty)


@pytest.mark.parametrize("kind", ["mask", "instances", "classes"])
def test_a_single_output_has_its_targets_alone(kind):
    image, targets = views(HEADS[kind])((np.zeros((6, 7)), np.ones((6, 7), int)), np.random.default_rng(0))
    assert image.shape == (6, 7, 1)
    assert targets.shape == (6, 7, {"mask": 1, "instances": 3, "classes": 4}[kind])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"labels": np.zeros((40, 40), int)}, r"an image of \(40, 48\) pixels cannot have a label image of \(40, 40\)"),
        ({"certainty": np.ones((48, 40))}, r"cannot have a map of certainty of \(48, 40\)"),
        ({"also": {}}, 'the head has an output "rows", of which a labelled image tells nothing'),
        ({"also": {**patchwork().also, "rows": np.ones((20, 24))}}, r'"rows" has a truth of \(40, 48, 1\), not of'),
        ({"also": {**patchwork().also, "sides": np.ones((40, 48))}}, r'"sides" has a truth of \(40, 48, 2\), not of'),
        ({"also": {**patchwork().also, "sides": np.ones((40, 48, 3))}}, r"not of \(40, 48, 3\)"),
    ],
)
def test_what_does_not_fit_together_is_refused(change, expected):
    with pytest.raises(ImageError, match=expected):
        views()(patchwork()._replace(**change), np.random.default_rng(0))


def test_centred_crops_show_rare_classes_as_often_as_frequent_ones():
    classes = np.zeros((300, 300), np.uint8)
    classes[10:60, 10:200], classes[250:252, 250:252] = 1, 2
    pair, rng = LabelledImage(np.zeros(classes.shape, "float32"), classes), np.random.default_rng(0)
    alone = Head(kind="classes", classes=HEAD.classes)
    shown = {}
    for centred in (0.0, 1.0):
        made = views(alone, crop=24, centred=centred)
        targets = [made(pair, rng)[1] for _ in range(60)]
        shown[centred] = [np.mean([target[..., number].any() for target in targets]) for number in (1, 2)]
    assert shown[0.0][0] < 0.5 and shown[0.0][1] < 0.1
    assert min(shown[1.0]) > 0.3 and sum(shown[1.0]) == pytest.approx(1)


@pytest.mark.parametrize("kind", ["mask", "classes"])
def test_crops_show_the_foreground_as_often_as_asked_for(kind):
    labels = np.full((64, 64), 255 if kind == "classes" else 0, np.uint8)  # unknown pixels are no foreground
    labels[40, 50] = 1
    pair, rng = (np.zeros((64, 64)), labels), np.random.default_rng(0)
    for share, expected in (1.0, 1.0), (0.5, 0.5):
        made = views(HEADS[kind], crop=16, centred=share)
        hits = [made(pair, rng)[1][..., 1 if kind == "classes" else 0].any() for _ in range(60)]
        assert abs(np.mean(hits) - expected) <= 0.2 * (expected < 1)
