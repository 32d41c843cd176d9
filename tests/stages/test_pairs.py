from pathlib import Path

import numpy as np
import pytest

from autoseg.errors import AutosegError
from autoseg.heads import ClassLabel, Head, Output
from autoseg.images.class_files import read_classes
from autoseg.stages.pairs import ClassPair, ClassPairs, ParticlePair, ParticlePairs, files_of, held_out_of

LEGEND = [ClassLabel(name="ground"), ClassLabel(name="grain", colour="#ff0000"), ClassLabel(name="pore")]
ALSO = [Output(name="rows", channels=("rows",)), Output(name="sides", channels=("dark", "bright"))]
HEAD = Head(kind="classes", classes=LEGEND, also=ALSO)


def grey(seed, shape=(12, 16)):
    """An image in 0..1 that 8 bits hold exactly, and its bytes."""
    stored = np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)
    return stored / 255, stored


def two_squares():
    """Labels of two squares that touch, and a mask in which a dark rim parts them."""
    labels = np.zeros((12, 16), np.uint16)
    labels[2:10, 1:8], labels[2:10, 8:15] = 1, 2
    mask = labels > 0
    mask[:, 7] = False
    return labels, mask


def particle_pairs(folder, names=("00000",)):
    pairs = ParticlePairs(images=Path("images"), truth=Path("masks"))
    for seed, name in enumerate(names):
        pairs.write(folder, name, grey(seed)[0], two_squares()[1], two_squares()[0])
    return pairs.changed(images=folder / "images", truth=folder / "masks")


def class_pairs(folder, names=("00000",)):
    pairs = ClassPairs(images=Path("images"), truth=Path("truth"))
    for seed, name in enumerate(names):
        also = {channel: grey(100 * seed + i)[0] for i, channel in enumerate(("rows", "dark", "bright"), start=1)}
        pairs.write(folder, name, grey(seed)[0], class_map(seed), LEGEND, also)
    return pairs.changed(images=folder / "images", truth=folder / "truth")


def class_map(seed):
    return np.random.default_rng(seed).choice(np.array([0, 1, 2, 255], np.uint8), (12, 16))


@pytest.mark.parametrize("kind", ["mask", "instances"])
def test_particles_come_back_as_the_head_learns_them(tmp_path, kind):
    (pair,) = particle_pairs(tmp_path).files()
    assert isinstance(pair, ParticlePair)
    found, (labels, mask) = pair.read(Head(kind=kind)), two_squares()
    assert found.image.dtype == np.uint8 and found.labels.dtype.kind == "u"
    np.testing.assert_array_equal(found.image, grey(0)[1])
    np.testing.assert_array_equal(found.labels, labels * mask if kind == "mask" else labels)
    assert found.certainty is None and not found.also


def test_classes_and_further_outputs_come_back_as_they_were_written(tmp_path):
    (pair,) = class_pairs(tmp_path).files()
    assert isinstance(pair, ClassPair)
    found = pair.read(HEAD)
    np.testing.assert_array_equal(found.image, grey(0)[1])
    np.testing.assert_array_equal(found.labels, class_map(0))
    assert found.labels.dtype == np.uint8 and (found.labels == 255).any()
    assert {name: truth.shape for name, truth in found.also.items()} == {"rows": (12, 16, 1), "sides": (12, 16, 2)}
    np.testing.assert_allclose(found.also["rows"][..., 0], grey(1)[0])
    np.testing.assert_allclose(found.also["sides"], np.dstack([grey(2)[0], grey(3)[0]]))
    assert found.certainty is None


def test_a_head_without_further_outputs_reads_none(tmp_path):
    (pair,) = class_pairs(tmp_path).files()
    assert not pair.read(Head(kind="classes", classes=LEGEND)).also


def test_the_file_of_a_class_map_tells_its_classes(tmp_path):
    (pair,) = class_pairs(tmp_path).files()
    legend = read_classes(pair.classes).legend
    assert [one.name for one in legend] == ["ground", "grain", "pore"] and legend[1].colour == "#ff0000"


def test_a_class_without_a_name_is_not_written(tmp_path):
    pairs = ClassPairs(images=Path("images"), truth=Path("truth"))
    with pytest.raises(AutosegError, match="class 3"):
        pairs.write(tmp_path, "00000", grey(0)[0], np.full((12, 16), 3, np.uint8), LEGEND)


def test_a_missing_file_of_a_further_output_is_named(tmp_path):
    (pair,) = class_pairs(tmp_path).files()
    (tmp_path / "truth" / "00000_also_dark.tif").unlink()
    with pytest.raises((AutosegError, FileNotFoundError), match=r"00000_also_dark\.tif"):
        pair.read(HEAD)


def test_the_pairs_of_all_sources_are_in_the_order_of_their_numbers(tmp_path):
    first = particle_pairs(tmp_path / "a", ("00010", "00002"))
    second = class_pairs(tmp_path / "b", ("00000", "00001"))
    (tmp_path / "a" / "images" / "notes.tif").write_bytes(b"not one of ours")
    found = files_of((first, second))
    assert [(type(pair), pair.image.parts[-3], pair.image.stem) for pair in found] == [
        (ParticlePair, "a", "00002"),
        (ParticlePair, "a", "00010"),
        (ClassPair, "b", "00000"),
        (ClassPair, "b", "00001"),
    ]
    np.testing.assert_array_equal(found[0].read(Head(kind="instances")).image, grey(1)[1])
    np.testing.assert_array_equal(found[3].read(HEAD).labels, class_map(1))


def test_sources_say_themselves_what_is_held_out(tmp_path):
    sources = []
    for name, held_out in (("a", ()), ("b", (0, 2))):
        source = ParticlePairs(images=tmp_path / name / "images", truth=tmp_path / name / "truth", held_out=held_out)
        for number in range(3):
            source.write(tmp_path, f"{number:05}", np.zeros((4, 4)), np.eye(4) > 0, np.eye(4, dtype=int))
        sources.append(source)
    assert held_out_of(sources) == [3, 5]
    assert held_out_of(sources[:1]) == []
