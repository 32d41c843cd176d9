import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from skimage.filters import threshold_li, threshold_otsu
from skimage.measure import label
from skimage.segmentation import watershed

from autoseg.errors import ImageError, OptionsError
from autoseg.heads import CONTACT, DISTANCE, FOREGROUND
from autoseg.images.segmentation import numbered
from autoseg.segmentation.instances.finding import InstanceOptions, find_instances
from autoseg.segmentation.instances.watershed import draw_lines, flood

BY_DISTANCE = InstanceOptions(method="distance", threshold=0.5)
BY_CONTACT = InstanceOptions(method="contact", threshold=0.5)
CHANNELS = (FOREGROUND, CONTACT, DISTANCE)

quickly = settings(max_examples=150, deadline=None, derandomize=True)


def disc(row, column, radius, shape=(96, 128)):
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return (rows - row) ** 2 + (columns - column) ** 2 < radius**2


def rectangles(*boxes, shape=(64, 64)):
    """A mask of boxes (first row, first column, height, width)."""
    mask = np.zeros(shape, bool)
    for row, column, height, width in boxes:
        mask[row : row + height, column : column + width] = True
    return mask


def scattered_discs(seed, count=60):
    """Labels of discs, the later ones on top."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((192, 256), int)
    for number in range(1, count + 1):
        labels[disc(*rng.uniform((0, 0, 6), (192, 256, 24)), shape=labels.shape)] = number
    return numbered(labels)


def named(foreground, contact, distance):
    """The prediction of a network with the head "instances" by its channels."""
    return {FOREGROUND: foreground, CONTACT: contact, DISTANCE: distance}


def constant(value, shape):
    """The same value in each channel."""
    return dict.fromkeys(CHANNELS, np.full(shape, value, np.float32))


def learned(labels):
    """What a perfect network predicts: foreground, contact lines 3 pixels wide, distance to the rim up to 1."""
    nearest = [ndimage.distance_transform_cdt(labels != number) for number in range(1, labels.max() + 1)]
    contact = np.sort(nearest, axis=0)[1] <= 1 if len(nearest) > 1 else np.zeros(labels.shape, bool)
    distance = np.zeros(labels.shape)
    for number in range(1, labels.max() + 1):
        own = ndimage.distance_transform_edt(labels == number)
        distance = np.maximum(distance, own / own.max())
    return {
        name: channel.astype(np.float32)
        for name, channel in named(labels > 0, contact & (labels > 0), distance).items()
    }


def overlaps(truth, found):
    """The intersection over union of each true particle with the particle found that fits it best."""
    return [
        max(
            ((truth == one) & (found == other)).sum() / ((truth == one) | (found == other)).sum()
            for other in np.unique(found[truth == one])
            if other
        )
        for one in range(1, truth.max() + 1)
    ]


def assert_the_mask_tells_all(labels):
    for connectivity in (1, 2):
        np.testing.assert_array_equal(label(labels > 0, connectivity=connectivity), labels)


class TestDistance:
    def test_overlapping_discs_part_where_they_are_narrowest(self):
        mask = disc(48, 40, 18) | disc(48, 68, 18)
        labels = find_instances(mask, BY_DISTANCE)
        assert labels.max() == 2
        np.testing.assert_array_equal(labels > 0, mask)
        assert set(labels[:, :54][mask[:, :54]]) == {1}
        assert set(labels[:, 55:][mask[:, 55:]]) == {2}

    def test_a_line_parts_overlapping_discs(self):
        mask = disc(48, 40, 18) | disc(48, 68, 18)
        labels = find_instances(mask, BY_DISTANCE.changed(lines=True))
        assert labels.max() == 2
        assert_the_mask_tells_all(labels)
        lost = np.argwhere(mask & (labels == 0))
        np.testing.assert_array_equal(lost[:, 0], np.arange(lost[0, 0], lost[-1, 0] + 1))  # one pixel in each row
        assert 0 <= len(lost) - mask[:, 54].sum() <= 2
        assert np.abs(lost[:, 1] - 54).max() <= 1

    def test_separate_discs_stay_as_they_are(self):
        discs = [disc(20, 20, 12), disc(20, 50, 15), disc(60, 40, 4), disc(70, 90, 22)]
        labels = find_instances(np.any(discs, axis=0), BY_DISTANCE)
        assert labels.max() == 4
        for number, one in enumerate(sorted(discs, key=lambda one: np.flatnonzero(one)[0]), start=1):
            np.testing.assert_array_equal(labels == number, one)

    @pytest.mark.parametrize("lines", [False, True])
    def test_what_meets_at_a_corner_is_apart(self, lines):
        mask = rectangles((10, 10, 12, 12), (22, 22, 12, 12))
        labels = find_instances(mask, BY_DISTANCE.changed(lines=lines))
        assert labels.max() == 2
        assert (mask & (labels == 0)).sum() == lines
        if lines:
            assert_the_mask_tells_all(labels)

    def test_one_rod_is_one_particle(self):
        assert find_instances(rectangles((20, 4, 9, 56)), BY_DISTANCE).max() == 1

    def test_peaks_within_the_minimum_distance_are_one(self):
        mask = disc(48, 50, 10) | disc(48, 66, 10)
        counts = [find_instances(mask, BY_DISTANCE.changed(minimum_distance=n)).max() for n in (1, 9, 15, 16, 40)]
        assert counts == [2, 2, 2, 1, 1]

    def test_the_highest_of_peaks_within_the_minimum_distance_stays(self):
        mask = disc(48, 34, 7) | disc(48, 50, 12) | disc(48, 70, 12)
        assert find_instances(mask, BY_DISTANCE.changed(minimum_distance=7)).max() == 3
        labels = find_instances(mask, BY_DISTANCE.changed(minimum_distance=16))
        assert (labels.max(), labels[48, 34] == labels[48, 50], labels[48, 50] == labels[48, 70]) == (2, True, False)

    def test_smoothing_removes_small_peaks(self):
        mask = scattered_discs(3, 20) > 0
        rough = find_instances(mask, BY_DISTANCE.changed(smoothing=0, minimum_distance=2))
        smooth = find_instances(mask, BY_DISTANCE.changed(smoothing=6, minimum_distance=2))
        assert smooth.max() < rough.max()

    def test_a_pinhole_does_not_split_a_particle(self):
        mask = disc(48, 48, 30)
        mask[47:49, 47:52] = False
        labels = find_instances(mask, BY_DISTANCE)
        assert labels.max() == 1
        assert labels.all(where=disc(48, 48, 30))
        assert find_instances(mask, BY_DISTANCE.changed(pinhole_size=9)).max() > 1
        assert find_instances(mask, BY_DISTANCE.changed(pinhole_size=0)).max() > 1

    def test_the_foreground_is_found_in_all_channels(self):
        channels = learned(scattered_discs(0, 20))
        expected = find_instances(channels[FOREGROUND], BY_DISTANCE)
        np.testing.assert_array_equal(find_instances(channels, BY_DISTANCE), expected)
        np.testing.assert_array_equal(find_instances({FOREGROUND: channels[FOREGROUND]}, BY_DISTANCE), expected)


class TestLines:
    @pytest.mark.parametrize("seed", range(4))
    def test_the_binary_mask_tells_all_particles(self, seed):
        labels = find_instances(scattered_discs(seed) > 0, BY_DISTANCE.changed(lines=True))
        assert labels.max() > 20
        assert_the_mask_tells_all(labels)

    def test_pieces_that_a_line_leaves_meeting_at_a_corner_are_parted_too(self):
        labels = np.array([[0, 0, 2], [1, 1, 0], [0, 1, 0]])
        np.testing.assert_array_equal(draw_lines(labels), [[0, 0, 1], [0, 0, 0], [0, 2, 0]])

    def test_only_pixels_that_touch_another_particle_are_lost(self):
        truth = scattered_discs(1)
        whole = find_instances(truth > 0, BY_DISTANCE.changed(minimum_size=1))
        lined = find_instances(truth > 0, BY_DISTANCE.changed(minimum_size=1, lines=True))
        highest = ndimage.maximum_filter(whole, 3)
        lowest = ndimage.minimum_filter(np.where(whole > 0, whole, whole.max() + 1), 3)
        lost = (whole > 0) & (lined == 0)
        assert lost.any()
        assert np.all(highest[lost] > lowest[lost])


class TestContact:
    def test_touching_squares(self):
        truth = np.kron(np.arange(1, 10).reshape(3, 3), np.ones((20, 24), int))
        found = find_instances(learned(truth), BY_CONTACT)
        assert found.max() == 9
        assert min(overlaps(truth, found)) > 0.99

    @pytest.mark.parametrize("seed", range(3))
    def test_discs_on_top_of_each_other(self, seed):
        truth = np.zeros((96, 128), int)
        rng = np.random.default_rng(seed)
        centres = np.mgrid[20:90:28, 20:120:28].reshape(2, -1).T + rng.uniform(-3, 3, (12, 2))
        for number, (row, column) in enumerate(centres, start=1):
            truth[disc(row, column, rng.uniform(15, 18))] = number
        found = find_instances(learned(truth), BY_CONTACT)
        assert found.max() == 12
        assert min(overlaps(truth, found)) > 0.95

    def test_a_thin_contact_parts_what_distance_would_not(self):
        truth = np.zeros((64, 64), int)
        truth[10:40, 10:25], truth[10:40, 25:40] = 1, 2
        assert find_instances(truth > 0, BY_DISTANCE.changed(minimum_distance=12)).max() == 1
        assert overlaps(truth, find_instances(learned(truth), BY_CONTACT)) == [1, 1]

    def test_components_without_core_are_kept(self):
        channels = learned(label(rectangles((4, 4, 20, 20), (40, 40, 5, 5), (4, 40, 6, 6))))
        channels[DISTANCE][30:, 30:] = 0.1
        labels = find_instances(channels, BY_CONTACT)
        assert labels.max() == 3
        np.testing.assert_array_equal(labels > 0, channels[FOREGROUND] > 0)

    @pytest.mark.parametrize("size, count", [(11, 1), (12, 2)])
    def test_cores_below_the_minimum_are_none(self, size, count):
        foreground = rectangles((10, 10, 20, 40)).astype(float)
        cores = rectangles((12, 12, 10, 10), (15, 30, 1, size))
        assert find_instances(named(foreground, ~cores, foreground), BY_CONTACT).max() == count
        assert find_instances(named(foreground, 0 * foreground, cores), BY_CONTACT).max() == count

    def test_prominence_tells_how_deep_valleys_are(self):
        foreground = rectangles((10, 10, 20, 40)).astype(float)
        contact = 0.4 * rectangles((10, 30, 20, 3))  # leaves 0.54 of a height of 0.9
        distance = foreground * np.where(rectangles((10, 20, 20, 3)), 0.2, 0.9)
        channels = named(foreground, contact, distance)
        counts = [find_instances(channels, BY_CONTACT.changed(prominence=depth)).max() for depth in (0.3, 0.5, 0.8)]
        assert counts == [3, 2, 1]

    def test_the_order_and_further_channels_of_a_prediction_do_not_matter(self):
        channels = learned(scattered_discs(2, 20))
        mixed = {"rows": channels[CONTACT], **dict(reversed(channels.items()))}
        np.testing.assert_array_equal(find_instances(mixed, BY_CONTACT), find_instances(channels, BY_CONTACT))


class TestThreshold:
    def test_is_changed_without_a_new_prediction(self):
        probability = np.clip(1 - np.hypot(*np.ogrid[-48:48, -48:48]) / 40, 0, 1)
        for threshold in (0.2, 0.5, 0.8):
            labels = find_instances(probability, BY_DISTANCE.changed(threshold=threshold))
            np.testing.assert_array_equal(labels, probability.astype(np.float32) > np.float32(threshold))

    def test_otsu(self):
        probability = np.clip(1.2 - np.hypot(*np.ogrid[-48:48, -48:48]) / 40, 0, 1).astype(np.float32)
        labels = find_instances(probability, InstanceOptions(method="distance"))
        np.testing.assert_array_equal(labels, probability > threshold_otsu(probability))

    @pytest.mark.filterwarnings("error")
    @pytest.mark.parametrize("method", ["distance", "contact"])
    @pytest.mark.parametrize("value", [0, 0.3, 1])
    @pytest.mark.parametrize("lines", [False, True])
    def test_a_constant_probability_has_no_particles(self, method, value, lines):
        labels = find_instances(constant(value, (30, 40)), InstanceOptions(method=method, lines=lines))
        assert labels.dtype == np.uint16
        np.testing.assert_array_equal(labels, np.zeros((30, 40)))

    @pytest.mark.filterwarnings("error")
    def test_noise_of_an_empty_image_has_no_particles(self):
        probability = np.random.default_rng(0).uniform(0, 0.08, (64, 64))
        assert not find_instances(probability, InstanceOptions(method="distance", minimum_size=1)).any()

    @pytest.mark.filterwarnings("error")
    @pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (30, 40)])
    @pytest.mark.parametrize("method", ["distance", "contact"])
    def test_foreground_everywhere_is_one_particle(self, method, shape):
        options = InstanceOptions(method=method, threshold=0.5, minimum_size=1)
        np.testing.assert_array_equal(find_instances(constant(1, shape), options), np.ones(shape))


class TestHoles:
    RING = disc(48, 60, 40) & ~disc(48, 60, 30)

    def test_a_ring_becomes_a_disc(self):
        np.testing.assert_array_equal(find_instances(learned(label(self.RING)), BY_CONTACT), disc(48, 60, 40))
        kept = find_instances(learned(label(self.RING)), BY_CONTACT.changed(fill_holes=False))
        np.testing.assert_array_equal(kept, self.RING)

    def test_a_particle_in_a_ring_is_not_swallowed(self):
        truth = label(self.RING | disc(48, 60, 10))
        np.testing.assert_array_equal(find_instances(learned(truth), BY_CONTACT), truth)

    def test_a_speck_in_a_ring_is_swallowed(self):
        truth = label(self.RING | disc(48, 60, 2))
        np.testing.assert_array_equal(find_instances(learned(truth), BY_CONTACT), disc(48, 60, 40))

    @pytest.mark.parametrize("lines", [False, True])
    def test_a_gap_between_particles_stays(self, lines):
        truth = np.zeros((64, 64), int)
        truth[10:20, 10:40], truth[20:40, 10:20], truth[20:40, 30:40], truth[40:50, 10:40] = 1, 2, 3, 4
        labels = find_instances(learned(truth), BY_CONTACT.changed(lines=lines))
        assert labels.max() == 4
        assert not labels[20:40, 20:30].any()

    def test_a_bay_at_the_edge_of_the_image_is_no_hole(self):
        mask = rectangles((0, 10, 40, 40)) & ~rectangles((0, 20, 20, 20))
        np.testing.assert_array_equal(find_instances(learned(label(mask)), BY_CONTACT), mask)

    @pytest.mark.parametrize("corner", [False, True])
    def test_a_ring_that_closes_only_at_a_corner_is_open(self, corner):
        ring = rectangles((10, 10, 11, 11)) & ~rectangles((11, 11, 9, 9))
        ring[10, 10] = corner
        labels = find_instances(learned(label(ring, connectivity=1)), BY_CONTACT)
        assert (labels.max(), labels[15, 15]) == (1, corner)


class TestSizes:
    @pytest.mark.parametrize("size, stays", [(19, False), (20, True)])
    def test_the_minimum_stays(self, size, stays):
        mask = rectangles((10, 10, 1, size))
        assert find_instances(mask, BY_DISTANCE).any() == stays
        assert find_instances(learned(label(mask)), BY_CONTACT).any() == stays

    @pytest.mark.parametrize("maximum, stays", [(99, False), (100, True), (None, True)])
    def test_the_maximum_stays(self, maximum, stays):
        ring = rectangles((10, 10, 10, 10)) & ~rectangles((13, 13, 4, 4))
        options = BY_DISTANCE.changed(minimum_distance=20, maximum_size=maximum)
        assert find_instances(ring, options).sum() == 100 * stays

    def test_what_is_left_is_numbered_anew(self):
        mask = rectangles((2, 2, 3, 3), (2, 20, 9, 9), (2, 40, 20, 20), (40, 2, 8, 8))
        labels = find_instances(mask, BY_DISTANCE.changed(maximum_size=399))
        np.testing.assert_array_equal(labels, label(rectangles((2, 20, 9, 9), (40, 2, 8, 8))))


class TestEdge:
    MASK = rectangles((0, 20, 8, 8), (56, 20, 8, 8), (20, 0, 8, 8), (20, 56, 8, 8), (20, 20, 8, 8), (1, 40, 8, 8))

    def test_is_kept_or_dropped(self):
        assert find_instances(self.MASK, BY_DISTANCE).max() == 6
        labels = find_instances(self.MASK, BY_DISTANCE.changed(exclude_edge=True))
        np.testing.assert_array_equal(labels, label(rectangles((20, 20, 8, 8), (1, 40, 8, 8))))


class TestLi:
    MASK = rectangles((4, 4, 10, 10), (4, 30, 10, 10), (40, 20, 10, 10))

    def image(self, dtype=np.uint16):
        """Particles of 200, 120 and 20 on a ground of 20 with a bright spot."""
        image = np.full((64, 64), 20, dtype)
        image[4:14, 4:14], image[4:14, 30:40], image[60, :] = 200, 120, 200
        return image

    @pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
    def test_bright_particles(self, dtype):
        labels = find_instances(self.MASK, BY_DISTANCE.changed(li_factor=1), self.image(dtype))
        np.testing.assert_array_equal(labels, label(rectangles((4, 4, 10, 10), (4, 30, 10, 10))))

    def test_dark_particles(self):
        options = BY_DISTANCE.changed(li_factor=1, polarity="dark")
        labels = find_instances(self.MASK, options, 255 - self.image(np.uint8))
        np.testing.assert_array_equal(labels, label(rectangles((4, 4, 10, 10), (4, 30, 10, 10))))

    def test_a_factor_moves_the_threshold(self):
        image = self.image(np.float64)
        threshold = threshold_li(image)
        for mean in (20, 120, 200):
            for side, kept in ((0.999, True), (1.001, False)):
                labels = find_instances(self.MASK, BY_DISTANCE.changed(li_factor=side * mean / threshold), image)
                assert labels[np.where(self.MASK & (image == mean))].any() == kept
                options = BY_DISTANCE.changed(li_factor=side * threshold / mean, polarity="dark")
                assert find_instances(self.MASK, options, image)[self.MASK & (image == mean)].any() == kept

    def test_is_off_by_default(self):
        assert find_instances(self.MASK, BY_DISTANCE, self.image()).max() == 3

    @pytest.mark.parametrize(
        "image, message",
        [
            (None, "there is no image"),
            (np.zeros((64, 63)), r"the image has \(64, 63\) pixels, but the probability \(64, 64\)"),
            (np.full((64, 64), np.nan), "not finite"),
        ],
    )
    def test_an_image_that_does_not_fit(self, image, message):
        with pytest.raises((ImageError, OptionsError), match=message):
            find_instances(self.MASK, BY_DISTANCE.changed(li_factor=1), image)


class TestInput:
    @pytest.mark.parametrize("shape", [(8, 8), (8, 8, 1), (8, 8, 3), (8,), (3,), (1, 8, 8, 3), (0, 8, 3)])
    def test_the_method_contact_needs_channels_by_name(self, shape):
        message = r"needs 3 channels of shape \(rows, columns\): foreground, contact, distance, but this one is foregr"
        with pytest.raises(ImageError, match=message):
            find_instances(np.zeros(shape), BY_CONTACT)

    @pytest.mark.parametrize("shape", [(8, 8, 1), (8, 8, 3), (8,), (3,), (), (1, 8, 8, 1), (8, 0)])
    def test_a_foreground_has_rows_and_columns(self, shape):
        message = r"needs 1 channel of shape \(rows, columns\): foreground, but this one is foreground \("
        with pytest.raises(ImageError, match=message):
            find_instances(np.zeros(shape), BY_DISTANCE)

    @pytest.mark.parametrize("options", [BY_CONTACT, BY_DISTANCE])
    def test_probabilities_of_three_classes_are_not_taken_for_foreground_contact_and_distance(self, options):
        scores = np.exp(np.random.default_rng(0).normal(size=(16, 16, 3)))
        softmax = scores / scores.sum(axis=-1, keepdims=True)
        with pytest.raises(ImageError, match=r"\(rows, columns\): foreground.* this one is foreground \(16, 16, 3\)"):
            find_instances(softmax, options)
        by_class = {f"class_{number}": softmax[..., number] for number in range(3)}
        with pytest.raises(ImageError, match=r"but this one is class_0 \(16, 16\) and class_1 \(16, 16\) and class_2"):
            find_instances(by_class, options)

    @pytest.mark.parametrize(
        "shapes, found",
        [
            ({}, "nothing"),
            ({"foreground": (8, 8), "contact": (8, 8)}, r"foreground \(8, 8\) and contact \(8, 8\)"),
            ({"foreground": (8, 8), "contact": (8, 8), "flow": (8, 8)}, r"flow \(8, 8\)"),
            ({"foreground": (8, 8), "contact": (8, 8), "distance": (8, 9)}, r"distance \(8, 9\)"),
            ({"foreground": (8, 8, 1), "contact": (8, 8, 1), "distance": (8, 8, 1)}, r"contact \(8, 8, 1\)"),
        ],
    )
    def test_a_mapping_that_does_not_fit(self, shapes, found):
        with pytest.raises(ImageError, match=f"needs 3 channels.*but this one is.*{found}"):
            find_instances({name: np.zeros(shape) for name, shape in shapes.items()}, BY_CONTACT)

    @pytest.mark.parametrize("channel", CHANNELS)
    @pytest.mark.parametrize("value", [np.nan, np.inf, -0.1, 1.1])
    def test_what_is_no_probability(self, channel, value):
        probability = {name: np.full((8, 8), 0.5) for name in CHANNELS}
        probability[channel][2, 3] = value
        with pytest.raises(ImageError, match=f"the channel {channel} reaches from .*, not from 0 to 1"):
            find_instances(probability, BY_CONTACT)

    @pytest.mark.parametrize("dtype", [complex, object, "datetime64[s]"])
    def test_what_is_no_number(self, dtype):
        with pytest.raises(ImageError, match="not numbers from 0 to 1"):
            find_instances(np.zeros((8, 8), dtype), BY_DISTANCE)

    def test_is_not_changed(self):
        channels = learned(scattered_discs(0, 10))
        before = {name: channel.copy() for name, channel in channels.items()}
        for channel in channels.values():
            channel.setflags(write=False)
        find_instances(channels, BY_CONTACT)
        find_instances(channels, BY_DISTANCE)
        assert list(channels) == list(before)
        for name, channel in channels.items():
            np.testing.assert_array_equal(channel, before[name])

    @pytest.mark.parametrize(
        "options", [{"threshold": 1.5}, {"threshold": "li"}, {"method": "flow"}, {"minimum_size": 0}, {"li_factor": 0}]
    )
    def test_impossible_options(self, options):
        with pytest.raises(OptionsError):
            InstanceOptions(**options)

    def test_every_option_is_described(self):
        assert all(field.description for field in InstanceOptions.model_fields.values())


@pytest.mark.parametrize("lines", [False, True])
def test_more_particles_than_sixteen_bits_can_count(lines):
    mask = np.zeros((520, 520), bool)
    mask[::2, ::2] = True
    labels = find_instances(mask, BY_DISTANCE.changed(minimum_size=1, pinhole_size=0, lines=lines))
    assert labels.dtype == np.uint32
    np.testing.assert_array_equal(labels[mask], np.arange(1, 260**2 + 1))


def test_same_input_same_particles():
    mask = scattered_discs(5) > 0
    np.testing.assert_array_equal(find_instances(mask, BY_DISTANCE), find_instances(mask.copy(), BY_DISTANCE))


@pytest.mark.parametrize("seed", range(3))
def test_flooding_is_that_of_scikit_image(seed):
    rng = np.random.default_rng(seed)
    relief = ndimage.gaussian_filter(rng.random((60, 80)), 2)
    foreground = ndimage.gaussian_filter(rng.random((60, 80)), 3) > 0.49
    pieces = label(foreground, connectivity=1)
    seeds, _ = ndimage.label((ndimage.maximum_filter(relief, 9) == relief) & foreground)
    seeded = foreground & np.isin(pieces, pieces[seeds > 0])
    expected = watershed(-relief, seeds, mask=foreground)
    result = flood(relief, seeds, foreground)
    np.testing.assert_array_equal(result[seeded], expected[seeded])
    np.testing.assert_array_equal(numbered(np.where(seeded, 0, result)), numbered(np.where(seeded, 0, pieces)))


@st.composite
def cases(draw):
    """A small mask with three channels, and any options."""
    shape = draw(hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=16))
    truth = named(*draw(hnp.arrays(bool, (3, *shape))))
    options = InstanceOptions(
        method=draw(st.sampled_from(["contact", "distance"])),
        threshold=draw(st.sampled_from([0.5, "otsu"])),
        lines=draw(st.booleans()),
        fill_holes=draw(st.booleans()),
        pinhole_size=draw(st.sampled_from([0, 3])),
        minimum_core=draw(st.integers(1, 4)),
        minimum_distance=draw(st.integers(1, 4)),
        minimum_size=draw(st.integers(1, 4)),
        maximum_size=draw(st.none() | st.integers(1, 40)),
        exclude_edge=draw(st.booleans()),
    )
    return truth, options


@pytest.mark.filterwarnings("error")
@quickly
@given(cases())
def test_any_mask_and_any_options(case):
    channels, options = case
    labels = find_instances(channels, options)
    np.testing.assert_array_equal(labels, numbered(labels))
    np.testing.assert_array_equal(labels, label(labels, connectivity=1))  # each particle is 4-connected
    assert not np.any((labels > 0) & ~ndimage.binary_fill_holes(channels[FOREGROUND]))
    areas = np.bincount(labels.ravel())[1:]
    assert np.all(areas >= options.minimum_size)
    assert np.all(areas <= (options.maximum_size or labels.size))
    if options.lines:
        assert_the_mask_tells_all(labels)
    for dtype in (np.uint8, np.float16, np.float32, np.float64):
        cast = {name: channel.astype(dtype) for name, channel in channels.items()}
        np.testing.assert_array_equal(find_instances(cast, options), labels)


@pytest.mark.parametrize("ending", ["toml", "json"])
def test_a_file_leaves_unset_what_a_model_may_recommend(tmp_path, ending):
    path = tmp_path / f"options.{ending}"
    InstanceOptions(minimum_size=30, lines=False).to_file(path)
    found = InstanceOptions.from_file(path)
    assert found.model_fields_set == {"minimum_size", "lines"}
    assert found == InstanceOptions(minimum_size=30, lines=False)
