"""Shards that know nothing of each other, and merged are what one run is."""

from pathlib import Path

import pytest

from autoseg.batch.options import BatchOptions
from autoseg.batch.run import run_batch
from autoseg.batch.shards import run_shard
from autoseg.cli import main
from autoseg.errors import OptionsError, StageError
from tests.batch.toy import FAST, Bright, tables_of, write_images

OPTIONS = ("--sizes.resamples", "100", "--save", "labels", "--title", "Of masks", "--geojson")


def measured(output, *more):
    return main(["measure", "images", "--output", str(output), *OPTIONS, *more])


def test_shards_merged_are_one_run(here, capsys):
    write_images(here / "images", 7, broken=False)
    assert measured("whole") == 1
    assert [measured("parts", "--shard", f"{part}/3") for part in (3, 1)] == [0, 1]
    assert not (here / "parts" / "particles.csv").exists()
    capsys.readouterr()
    assert main(["merge", "parts"]) == 1
    said = capsys.readouterr().err
    assert "3 of 8 images are not done: images/image_000.tif, " in said and "without --shard" in said
    assert measured("parts", "--shard", "2/3", "--chunk", "1") == 0
    assert "Shard 2/3: 3 images, 0 files failed" in capsys.readouterr().out
    assert main(["merge", "parts"]) == 1
    assert "images/broken.tif" in capsys.readouterr().err
    assert tables_of(here / "parts") == tables_of(here / "whole")


class Nested(Bright):
    """While it works, others try to."""

    def open(self):
        images = sorted([path] for path in Path("images").iterdir())
        with pytest.raises(StageError, match="is in use by process"):
            run_batch(Bright(), images, Path("out"), FAST)
        with pytest.raises(StageError, match="is in use by process"):
            run_shard(Bright(), images, Path("out"), FAST, BatchOptions(shard="1/2"))
        OTHERS.append(run_shard(Bright(), images, Path("out"), FAST, BatchOptions(shard="2/2")))
        return super().open()


OTHERS = []


def test_shards_work_at_the_same_time_but_nobody_else(images):
    own = run_shard(Nested(), images, Path("out"), FAST, BatchOptions(shard="1/2"))
    assert [one.images for one in (own, *OTHERS)] == [5, 5]
    assert [one.left for one in (own, *OTHERS)] == [0, 5]
    assert len(own.failures) + len(OTHERS[0].failures) == 1


@pytest.mark.parametrize("shard", ["0/3", "4/3", "1", "a/b", "1/3/5"])
def test_what_is_no_part_of_a_whole_is_refused(shard):
    with pytest.raises(OptionsError, match='such as "2/8"'):
        BatchOptions(shard=shard)


def test_a_folder_without_a_batch_cannot_be_merged(here, capsys):
    (here / "empty").mkdir()
    assert main(["merge", "empty"]) == 1
    assert "empty: holds no batch" in capsys.readouterr().err
