import numpy as np
import pytest

from autoseg.errors import OptionsError
from autoseg.stm.rules import Rules


def pixel(*probabilities):
    return np.array([[probabilities]], np.float32)


BACKGROUND, TWO = pixel(0.95, 0, 0.05, 0), pixel(0.2, 0.1, 0.6, 0.1)


def of(rules, first, second=None, rows=None):
    return int(rules.apply(first, second, None if rows is None else np.full((1, 1), rows))[0, 0])


def test_the_mean_decides_unless_told_otherwise():
    assert of(Rules(), TWO) == 2 and of(Rules(), TWO, BACKGROUND) == 0
    assert of(Rules(), pixel(0.3, 0.1, 0.1, 0.5), pixel(0.4, 0.1, 0.1, 0.4)) == 3


def test_the_ensemble_lets_either_find_two_dimers_and_the_other_forbid_them():
    rules, doubt = Rules(combine="ensemble"), pixel(0.7, 0.1, 0.1, 0.1)
    assert of(rules, TWO, doubt) == 2 and of(rules, doubt, TWO) == 2
    assert of(rules, TWO, BACKGROUND) == 0 and of(rules, BACKGROUND, TWO) == 0
    assert of(rules, pixel(0.1, 0.8, 0.1, 0), BACKGROUND) == 1  # other classes are the first model's alone


def test_the_second_model_adds_and_clears():
    rules = Rules(combine="add_and_clear")
    assert of(rules, pixel(0.9, 0.1, 0, 0), pixel(0.1, 0, 0.1, 0.8)) == 3
    assert of(rules, pixel(0.9, 0.1, 0, 0), pixel(0.3, 0, 0, 0.7)) == 0
    assert of(rules, pixel(0.4, 0.6, 0, 0), pixel(0.7, 0.3, 0, 0)) == 0
    assert of(rules, pixel(0.3, 0.7, 0, 0), pixel(0.7, 0.3, 0, 0)) == 1
    sure_of_two = pixel(0.05, 0, 0.95, 0)
    assert of(rules, pixel(0.51, 0, 0.49, 0), sure_of_two) == 0  # as published: never
    assert of(rules.changed(add_two_above=0.4), pixel(0.51, 0, 0.49, 0), sure_of_two) == 2


@pytest.mark.parametrize(
    ("gate", "rows", "expected"), [("off_rows", 0.9, 0), ("off_rows", 0.1, 2), ("on_rows", 0.9, 2), ("on_rows", 0.1, 0)]
)
def test_gates_have_a_direction(gate, rows, expected):
    assert of(Rules(gate=gate), TWO, rows=rows) == expected


def test_rows_boost_two_dimers():
    doubtful = pixel(0.55, 0, 0.45, 0)
    assert of(Rules(boost=True), doubtful, rows=0.8) == 2
    assert of(Rules(boost=True), doubtful, rows=0.6) == 0
    assert of(Rules(boost=True, boost_above=0.5), doubtful, rows=0.8) == 0


def test_the_published_gate_of_two_dimers_asks_for_nearly_all():
    published, plain = Rules(two_gate="published"), Rules(two_gate="probability")
    assert of(plain, TWO) == 2 and of(plain, pixel(0.4, 0, 0.6, 0)) == 0
    assert of(published, TWO) == 0 and of(published, pixel(0.002, 0, 0.998, 0)) == 0
    assert of(published, pixel(0.0005, 0, 0.9995, 0)) == 2


@pytest.mark.parametrize("rules", [{"combine": "ensemble"}, {"gate": "off_rows"}, {"boost": True}])
def test_rules_that_need_more_than_there_is_say_so(rules):
    with pytest.raises(OptionsError, match="need"):
        Rules(**rules).apply(TWO)
