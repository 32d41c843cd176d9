import imageio.v3 as imageio
import numpy as np
import pytest

from autoseg.errors import StageError
from autoseg.stages.engine import Run
from autoseg.stages.grey import numbered_files, read_grey
from autoseg.stages.prepare import Prepare, PrepareOptions
from tests.simulation.particles.scenes import write_scenes


def prepared(folder, polarity="bright", **options):
    chosen = PrepareOptions(**{"tile": 48, "tiles": 10, "test_tiles": 2, **options})
    stage = Prepare(options=chosen, images=folder / "images", polarity=polarity)
    return Run(folder / "run", [stage], seed=3).execute()["prepare"]


def tiles_in(folder):
    return [read_grey(path) for path in numbered_files(folder)]


@pytest.mark.parametrize("polarity", ["bright", "dark"])
def test_only_tiles_with_particles_stay(tmp_path, polarity):
    write_scenes(tmp_path, 2, bright=polarity == "bright")
    tiles = prepared(tmp_path, polarity=polarity)
    sign = 1 if polarity == "bright" else -1
    means = [read.mean() for read in tiles_in(tiles.tiles)]
    assert len(means) == tiles.count >= 10
    ground = 0.0 if polarity == "bright" else 255.0  # the particles lie on the left: tiles of the right are empty
    assert all(sign * (mean - ground) > 40 for mean in means)


def test_missing_tiles_are_cut_at_random(tmp_path):
    write_scenes(tmp_path, 1)
    few, many = prepared(tmp_path, tiles=1, test_tiles=0), None
    side_by_side = few.count
    many = prepared(tmp_path, tiles=side_by_side + 7, test_tiles=3)
    assert many.count == side_by_side + 7
    assert len(tiles_in(many.test)) == 3
    assert all(tile.shape == (48, 48) for tile in tiles_in(many.tiles) + tiles_in(many.test))
    assert len({tile.tobytes() for tile in tiles_in(many.tiles)}) > side_by_side


def test_at_most_so_many_tiles_stay(tmp_path):
    write_scenes(tmp_path, 3)
    assert prepared(tmp_path, tiles=2, most_tiles=4, test_tiles=1).count == 4


def test_images_of_any_size_and_depth_share_a_run(tmp_path):
    write_scenes(tmp_path, 1)
    eight = imageio.imread(tmp_path / "images" / "0.png")
    imageio.imwrite(tmp_path / "images" / "1.png", eight[:100, :120].astype(np.uint16) * 16)
    tiles = tiles_in(prepared(tmp_path, contrast=0.0, tiles=1, tile=(32, 40)).tiles)
    assert {tile.shape for tile in tiles} == {(32, 40)}
    assert len(tiles) == 4 * 4 + 3 * 3 - 2
    assert all(np.ptp(tile) > 80 for tile in tiles)


def test_the_same_seed_gives_the_same_tiles(tmp_path):
    write_scenes(tmp_path, 2)
    first = [tile.tobytes() for tile in tiles_in(prepared(tmp_path).tiles)]
    (tmp_path / "run").rename(tmp_path / "other")
    assert [tile.tobytes() for tile in tiles_in(prepared(tmp_path).tiles)] == first


def test_an_image_smaller_than_a_tile_is_named(tmp_path):
    write_scenes(tmp_path, 1)
    with pytest.raises(
        StageError, match=r"0\.png: has a field of view of 144 x 160 pixels, less than a tile of 150 x 150"
    ):
        prepared(tmp_path, tile=150)


def test_images_without_particles_are_refused(tmp_path):
    write_scenes(tmp_path, 1)
    with pytest.raises(StageError, match=r"""above its micrograph's.*Set "polarity\""""):
        prepared(tmp_path, contrast=0.9)
