from types import SimpleNamespace

import numpy as np
import pytest
from skimage.measure import label

from autoseg.heads import Head
from autoseg.images.segmentation import numbered
from autoseg.segmentation.evidence import measure_evidence
from autoseg.segmentation.instances.finding import InstanceOptions, find_instances
from autoseg.stages import scoring
from autoseg.stages.calibration import choose_prominence
from autoseg.stages.scoring import fit_scoring
from autoseg.training.labelled_views import LabelledImage
from autoseg.training.segmenter import SegmenterOptions
from autoseg.training.targets import make_targets

HEAD, EVERY = Head(kind="instances"), InstanceOptions(minimum_size=1)
LABELS = np.zeros((60, 60), np.uint16)
LABELS[10:50, 5:25], LABELS[10:50, 25:55] = 1, 2  # they touch along a line


def prediction(contact):
    """One that knows nothing of distances, and is as sure of the contact as told."""
    said = make_targets(LABELS, HEAD)
    said[..., 1] *= contact
    said[..., 2] = LABELS > 0
    return HEAD.named({"particles": said})


def test_a_network_that_is_unsure_of_contacts_gets_a_lower_prominence():
    pairs = [(np.zeros(LABELS.shape, np.uint8), LABELS)]
    assert choose_prominence(lambda image: prediction(0.22), pairs) == 0.15


def test_where_it_makes_no_difference_the_default_stays():
    pairs = [(np.zeros(LABELS.shape, np.uint8), LABELS)]
    assert choose_prominence(lambda image: prediction(1.0), pairs) == 0.25


class TestScoring:
    RNG = np.random.default_rng(0)

    def known(self, count):
        """Levels whose particles are true as often as their agreement tells."""
        for _ in range(count):
            evidence = self.RNG.uniform((0, 0, 2, 0, 0, 2), (1, 1, 6, 1, 1, 6), (100, 6))
            yield evidence, self.RNG.random(100) < evidence[:, 0]

    def test_of_particles_of_a_score_as_many_are_true(self):
        scoring = fit_scoring(list(self.known(100)))
        for evidence, true in [map(np.concatenate, zip(*self.known(100), strict=True))]:
            scores = scoring.score(evidence)
            for low in (0.1, 0.3, 0.5, 0.7):
                alike = (scores >= low) & (scores < low + 0.2)
                assert true[alike].mean() == pytest.approx(scores[alike].mean(), abs=0.05)

    def test_too_few_calibrate_nothing(self):
        assert fit_scoring([]) is None and fit_scoring(list(self.known(5))) is None
        assert fit_scoring(list(self.known(5)), enough=100) is not None

    def test_a_network_that_says_the_truth_is_believed_and_what_it_sees_in_inverted_images_is_not(self, monkeypatch):
        row, column = np.indices((128, 128)) % 16
        labels = numbered(label((row - 8) ** 2 + (column - 8) ** 2 < 25))
        pair = LabelledImage(image=np.where(labels > 0, 200, 50).astype(np.uint8), labels=labels)

        def predict(image):
            """True where particles are bright; small squares all over the ground elsewhere."""
            told = label(image > 0.5) if image.mean() < 0.5 else label((np.indices(image.shape) % 8 < 5).all(axis=0))
            return {"particles": make_targets(told.astype(np.int32), HEAD) * (1 if image.mean() < 0.5 else 0.6)}

        held_out = [SimpleNamespace(read=lambda head: pair)] * 30
        monkeypatch.setattr(scoring, "Predictor", lambda network: predict)
        monkeypatch.setattr(scoring, "MAGNIFICATIONS", (1.0,))
        options = SegmenterOptions(head=HEAD)
        chosen = scoring.choose_scoring(None, options, held_out, {"method": "contact", "minimum_size": 1})
        seen = predict(options.shown(pair.image)), predict(1 - options.shown(pair.image))
        true, false = (
            chosen.score(measure_evidence(HEAD.named(one), find_instances(HEAD.named(one), EVERY))) for one in seen
        )
        assert true.min() > 0.9 and false.max() < 0.1
        assert scoring.choose_scoring(None, options, held_out[:1], {"method": "contact"}) is None  # too few
        assert scoring.choose_scoring(None, options, [], {"method": "contact"}) is None
