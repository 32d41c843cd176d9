"""Shapes of known size, at many places between the pixels, turned and touching."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_fill_holes
from skimage.measure import label, regionprops_table

from autoseg.errors import ImageError
from autoseg.images.micrograph import Micrograph
from autoseg.images.segmentation import Segmentation
from autoseg.measurement.shape import measure, measure_labels


def ellipse(a, b, angle=0.0, centre=(0.0, 0.0), inner=0.0):
    """Pixels whose centres lie in an ellipse with half axes a and b, x to y turned by `angle`; without its inside."""
    radius = distances(a, b, angle, centre, lambda u, v: np.hypot(u, v))
    return (radius <= 1) & (radius >= inner)


def rectangle(a, b, angle=0.0, centre=(0.0, 0.0)):
    return distances(a, b, angle, centre, lambda u, v: np.maximum(abs(u), abs(v))) <= 1


def distances(a, b, angle, centre, norm):
    reach = int(np.hypot(a, b)) + 3
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    y, x = y - centre[0], x - centre[1]
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    return norm(along / a, across / b)


def one(mask, **changes):
    """The one row of measures of one mask."""
    (row,) = measure_labels(mask.astype(np.uint8), np.zeros(mask.shape), **changes).to_dict("records")
    return row


def test_a_pixel_is_a_unit_square():
    found = one(np.ones((1, 1), bool))
    expected = {"area_px2": 1, "feret_diameter_max_px": 2**0.5, "feret_diameter_min_px": 1, "solidity": 1}
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    assert found["axis_major_length_px"] == found["eccentricity"] == found["orientation"] == 0


@pytest.mark.parametrize(("rows", "columns"), [(1, 7), (10, 10), (12, 30)])
def test_upright_rectangles_are_exact(rows, columns):
    mask = np.zeros((40, 50), bool)
    mask[3 : 3 + rows, 5 : 5 + columns] = True
    expected = {
        "area_px2": rows * columns,
        "feret_diameter_max_px": np.hypot(rows, columns),
        "feret_diameter_min_px": rows,
        "min_feret_rectangle_length_px": columns,
        "min_area_rectangle_length_px": columns,
        "min_area_rectangle_width_px": rows,
        "solidity": 1,
        "convexity": 1,
        "centroid_row_px": 3 + (rows - 1) / 2,
        "centroid_column_px": 5 + (columns - 1) / 2,
        **{"box_top_px": 3, "box_left_px": 5, "box_bottom_px": 3 + rows, "box_right_px": 5 + columns},
    }
    found = one(mask)
    assert {name: found[name] for name in expected} == pytest.approx(expected)


@pytest.mark.parametrize("radius", [2, 3, 5, 10, 30])
def test_discs_of_any_size_have_no_bias(radius):
    places = [(y, x) for y in np.arange(0.04, 1, 0.12) for x in np.arange(0.04, 1, 0.12)]
    found = pd.DataFrame([one(ellipse(radius, radius, centre=place)) for place in places]).mean()
    assert found["area_px2"] == pytest.approx(np.pi * radius**2, rel=0.01)
    assert found["equivalent_diameter_area_px"] == pytest.approx(2 * radius, rel=0.01)
    assert found["perimeter_crofton_px"] == pytest.approx(2 * np.pi * radius, rel=0.025)
    longest, shortest = found["feret_diameter_max_px"], found["feret_diameter_min_px"]
    assert (longest, shortest) == pytest.approx((2 * radius, 2 * radius), abs=0.65)
    assert (longest + shortest) / 2 == pytest.approx(2 * radius, abs=0.2)


@pytest.mark.parametrize("shape", [ellipse, rectangle])
@pytest.mark.parametrize(("a", "b"), [(10, 10), (20, 12), (60, 15), (100, 90)])
def test_turned_shapes_have_their_area_and_feret_diameters(shape, a, b):
    rng = np.random.default_rng(1)
    longest = 2 * (a if shape is ellipse else np.hypot(a, b))
    area = (np.pi if shape is ellipse else 4) * a * b
    found = [one(shape(a, b, rng.uniform(0, np.pi), rng.random(2))) for _ in range(12)]
    assert np.mean([row["area_px2"] for row in found]) == pytest.approx(area, rel=0.01)
    longest_found, shortest_found = (
        np.array([row[f"feret_diameter_{end}_px"] for row in found]) for end in ("max", "min")
    )
    assert np.abs(shortest_found - 2 * b).max() < 0.7
    assert np.abs(longest_found - longest).max() < (1 if shape is ellipse else 2**0.5)  # a sharp corner holds no pixel
    assert (longest_found.mean(), shortest_found.mean()) == pytest.approx((longest, 2 * b), abs=0.7)


@pytest.mark.parametrize("half_width", [1.5, 3, 10])
def test_the_width_of_turned_rods_has_no_bias(half_width):
    rng = np.random.default_rng(4)
    rods = [rectangle(40, half_width, rng.uniform(0, np.pi), rng.random(2)) for _ in range(60)]
    widths = [one(rod)["feret_diameter_min_px"] for rod in rods]
    assert np.mean(widths) == pytest.approx(2 * half_width, abs=0.1)


def test_a_turned_rectangle_is_found_again():
    found = one(rectangle(40, 15, angle=0.5))
    assert found["min_area_rectangle_length_px"] == pytest.approx(80, abs=1.5)
    assert found["min_area_rectangle_width_px"] == pytest.approx(30, abs=1.5)
    assert found["min_feret_rectangle_length_px"] == pytest.approx(80, abs=1.5)
    assert found["aspect_ratio"] == pytest.approx(30 / np.hypot(80, 30), abs=0.02)


def test_an_ellipse_is_found_again():
    found = one(ellipse(30, 12, angle=0.4))
    assert found["axis_major_length_px"] == pytest.approx(60, rel=0.01)
    assert found["axis_minor_length_px"] == pytest.approx(24, rel=0.01)
    assert found["eccentricity"] == pytest.approx((1 - (12 / 30) ** 2) ** 0.5, abs=0.01)
    assert abs(found["orientation"]) == pytest.approx(np.pi / 2 - 0.4, abs=0.01)


def test_holes_do_not_belong_to_a_particle():
    found, disc = (one(ellipse(20, 20, centre=(0.3, 0.6), inner=inner)) for inner in (0.5, 0))
    assert found["area_px2"] == pytest.approx(np.pi * (20**2 - 10**2), rel=0.01)
    assert found["holes"] == 1
    assert found["hole_area_px2"] == disc["area_px2"] - found["area_px2"]
    assert found["perimeter_crofton_px"] == pytest.approx(2 * np.pi * (20 + 10), rel=0.01)
    assert found["feret_diameter_max_px"] == disc["feret_diameter_max_px"]
    assert disc["holes"] == disc["hole_area_px2"] == 0


def test_a_notch_at_the_edge_of_the_box_is_no_hole():
    mask = np.ones((7, 7), bool)
    mask[0, 3] = mask[3, 0] = mask[3, 3] = False
    assert (one(mask)["holes"], one(mask)["hole_area_px2"]) == (1, 1)


def test_convex_particles_of_any_size_are_convex():
    rng = np.random.default_rng(2)
    for radius in (1.5, 3, 8, 20):
        found = one(ellipse(radius * 2, radius, rng.uniform(0, np.pi), rng.random(2)))
        assert (found["solidity"], found["convexity"]) == pytest.approx((1, 1))


def test_what_scikit_image_also_has_is_the_same():
    rng = np.random.default_rng(3)
    labels = label(rng.random((60, 70)) < 0.5, connectivity=1).astype(np.int32)
    image = rng.integers(0, 1000, labels.shape).astype(np.uint16)
    names = {
        **{"label": "label", "area": "area_px2", "equivalent_diameter_area": "equivalent_diameter_area_px"},
        **{"perimeter_crofton": "perimeter_crofton_px", "eccentricity": "eccentricity"},
        **{"axis_major_length": "axis_major_length_px", "axis_minor_length": "axis_minor_length_px"},
        **{"centroid-0": "centroid_row_px", "centroid-1": "centroid_column_px"},
        **{"bbox-0": "box_top_px", "bbox-1": "box_left_px", "bbox-2": "box_bottom_px", "bbox-3": "box_right_px"},
        **{"intensity_mean": "mean_intensity", "intensity_min": "min_intensity", "intensity_max": "max_intensity"},
    }
    expected = regionprops_table(labels, image, properties={name.partition("-")[0] for name in names})
    found = measure_labels(labels, image)
    for theirs, ours in names.items():
        np.testing.assert_allclose(found[ours], expected[theirs], rtol=1e-6, atol=1e-6, err_msg=ours)


def test_the_orientation_is_that_of_scikit_image():
    for angle in (0.1, 0.8, 1.7, 3.0):
        mask = ellipse(20, 8, angle)
        (expected,) = regionprops_table(mask.astype(int), properties=["orientation"])["orientation"]
        assert one(mask)["orientation"] == pytest.approx(expected)


@pytest.mark.parametrize("length", [2, 3, 10])
def test_a_diagonal_of_pixels_is_as_wide_as_its_lines_are_apart(length):
    found = one(np.eye(length))
    assert found["feret_diameter_min_px"] == pytest.approx(np.sqrt(1 / 2))
    assert found["min_feret_rectangle_length_px"] == pytest.approx(length * np.sqrt(2))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_any_pixels_have_sane_measures(rows, columns, seed):
    mask = np.random.default_rng(seed).random((rows, columns)) < 0.6
    mask[rows // 2, columns // 2] = True
    found = one(mask)
    assert found["area_px2"] == mask.sum()
    assert found["hole_area_px2"] == binary_fill_holes(mask).sum() - mask.sum()
    assert found["feret_diameter_min_px"] <= found["feret_diameter_max_px"]
    assert found["feret_diameter_min_px"] * found["min_feret_rectangle_length_px"] >= mask.sum() - 1e-9
    assert found["min_area_rectangle_width_px"] * found["min_area_rectangle_length_px"] >= mask.sum() - 1e-9
    assert 0 < found["solidity"] <= 1
    assert all(np.isfinite(value) for value in found.values())


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.floats(4, 20), st.floats(2, 4), st.floats(0, np.pi))
def test_turning_and_mirroring_pixels_changes_no_size(a, b, angle):
    mask = ellipse(a, b, angle)
    names = ["area_px2", "perimeter_crofton_px", "feret_diameter_max_px", "feret_diameter_min_px", "solidity"]
    sizes, *others = ([one(pixels)[name] for name in names] for pixels in (mask, np.rot90(mask), mask[::-1], mask.T))
    for other in others:
        assert other == pytest.approx(sizes)


def test_a_pixel_size_scales_lengths_and_areas_but_no_positions():
    mask = np.pad(ellipse(9, 5, 0.3), 2)
    pixels, nanometres = one(mask), one(mask, pixel_size=2.5)
    for name, value in pixels.items():
        if name.startswith(("centroid", "box")) or not name.endswith(("_px", "_px2")):
            assert nanometres[name] == value
        else:
            factor = 2.5**2 if name.endswith("2") else 2.5
            assert nanometres[name.replace("_px", "_nm")] == pytest.approx(value * factor)


def test_intensities_do_not_depend_on_the_pixel_size():
    labels, image = np.array([[1, 1, 0], [0, 1, 2]]), np.array([[10, 20, 99], [99, 60, 7]], np.uint8)
    table = measure_labels(labels, image, pixel_size=4.0)
    assert table[["mean_intensity", "min_intensity", "max_intensity"]].values.tolist() == [[30, 10, 60], [7, 7, 7]]


def test_particles_at_the_edge_are_marked_and_do_not_count():
    labels = np.zeros((20, 30), int)
    labels[0:3, 10:12], labels[5:8, 10:12], labels[17:20, 5:9], labels[5:9, 28:30] = 1, 2, 3, 4
    table = measure_labels(labels, labels)
    assert table["touches_edge"].tolist() == [True, False, True, True]
    # A box of 3 x 2 has 16 x 27 places among 20 x 30 that do not touch the edge.
    assert table["edge_weight"].tolist() == [0, pytest.approx(20 * 30 / (16 * 27)), 0, 0]


def test_touching_is_seen_across_a_line_of_one_pixel():
    labels = np.zeros((30, 60), int)
    labels[5:15, 5:15], labels[5:15, 16:26], labels[5:15, 28:38], labels[20:28, 5:15] = 1, 2, 3, 4
    contact = measure_labels(labels, labels)["contact"]
    assert contact[0] == contact[1] == pytest.approx(0.25, abs=0.03)
    assert contact[2] == contact[3] == 0


def test_the_covered_particle_is_the_occluded_one():
    y, x = np.mgrid[:60, :90]
    front, behind = np.hypot(y - 30, x - 30) < 20, np.hypot(y - 30, x - 55) < 20
    labels = np.where(front, 1, np.where(behind, 2, 0))
    in_front, covered = measure_labels(labels, labels)["occlusion"]
    assert in_front < 0.02 < 0.05 < covered
    alone = measure_labels(np.where(labels == 2, 2, 0), labels)["occlusion"]
    assert alone.tolist() == [0]


def test_numbers_may_be_left_out_and_particles_be_in_pieces():
    labels = np.zeros((10, 12), np.uint32)
    labels[1:3, 1:3] = labels[6:8, 1:3] = 4_000_000_000
    labels[5, 5:9] = 7
    table = measure_labels(labels, labels)
    assert table["label"].tolist() == [7, 4_000_000_000]
    assert table["area_px2"].tolist() == [4, 8]
    assert table["feret_diameter_max_px"].tolist() == pytest.approx([17**0.5, 53**0.5])


@pytest.mark.parametrize("labels", [np.zeros((4, 5), np.uint16), np.zeros((0, 5), np.uint16)])
def test_no_particles_give_an_empty_table_with_all_columns(labels):
    empty = measure_labels(labels, labels)
    full = measure_labels(np.ones((1, 1), np.uint16), np.ones((1, 1)))
    assert len(empty) == 0
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()


def test_a_segmentation_gives_its_name_and_pixel_size():
    labels = np.zeros((6, 8), np.uint16)
    labels[1:4, 2:6] = 1
    table = measure(Segmentation(labels, None, Micrograph(labels, pixel_size=2.0)))
    assert list(table.columns[:3]) == ["image", "label", "area_nm2"]
    assert table.loc[0, ["image", "label", "area_nm2"]].tolist() == ["micrograph", 1, 48.0]
    empty = measure(Segmentation(np.zeros_like(labels), None, Micrograph(labels, pixel_size=2.0)))
    assert empty.dtypes.to_dict() == table.dtypes.to_dict()


@pytest.mark.parametrize(
    ("labels", "image"),
    [
        (np.zeros((4, 4), float), np.zeros((4, 4))),
        (np.zeros((4, 4), bool), np.zeros((4, 4))),
        (np.full((4, 4), -1), np.zeros((4, 4))),
        (np.zeros((4, 4, 3), int), np.zeros((4, 4, 3))),
        (np.zeros((4, 4), int), np.zeros((4, 5))),
    ],
)
def test_what_is_no_label_image_is_refused(labels, image):
    with pytest.raises(ImageError, match="labels"):
        measure_labels(labels, image)
