"""The space of a method holds the settings that it has, and nothing that the configuration would not take."""

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from pydantic import ValidationError

from sracl.config import RunConfig, TuneConfig, changed
from sracl.config.tune import Range
from sracl.errors import InputError
from sracl.studies.methods import methods
from sracl.tuning.space import configured_values, distribution_of, space_of


def config(**space: object) -> RunConfig:
    return RunConfig.model_validate({"dataset": {"name": "ml-100k"}, "tune": {"space": space} if space else {}})


def of_method(name: str, **space: object) -> dict:
    base = config(**space)
    return space_of(methods(base)[name].configured(base, 0))


def test_the_weights_of_all_losses_are_searched_where_a_method_has_them() -> None:
    shared = ["training.learning_rate", "backbone.dropout"]
    weights = ["objectives.cross_sequence.weight", "objectives.intra_sequence.weight"]
    assert list(of_method("plain")) == shared
    assert list(of_method("sracl")) == [*shared, *weights]
    assert list(of_method("cl4srec")) == [*shared, "objectives.cl4srec.weight"]


def test_a_key_of_every_loss_is_that_of_those_which_have_it() -> None:
    found = of_method("sracl", **{"objectives.*.substitution": [0.1, 0.2]})
    assert list(found) == ["objectives.intra_sequence.substitution"]


def test_what_is_said_of_one_loss_counts_more_than_what_is_said_of_all() -> None:
    one, all_of_them = {"objectives.cross_sequence.weight": [0.3, 0.4]}, {"objectives.*.weight": [0.1, 0.2]}
    for space in (one | all_of_them, all_of_them | one):
        found = of_method("sracl", **space)
        assert found == {"objectives.cross_sequence.weight": (0.3, 0.4), "objectives.intra_sequence.weight": (0.1, 0.2)}


def test_retrieval_is_searched_only_where_something_retrieves() -> None:
    space = {"semantics.neighbors": {"low": 1, "high": 20}}
    assert list(of_method("sracl", **space)) == ["semantics.neighbors"]
    assert of_method("plain", **space) == {}
    assert of_method("cl4srec", **space) == {}


@pytest.mark.parametrize(
    ("space", "told"),
    [
        ({"backbone.dropuot": [0.1]}, "tune.space, backbone.dropuot: "),
        ({"backbone.dropout": {"low": 0.5, "high": 1.5}}, "`backbone.dropout`"),
        ({"training.learning_rate": [0.1, -0.1]}, "`training.learning_rate`"),
        ({"dataset.max_length": [10, 20]}, "no setting of a method"),
        ({"seed": [0, 1]}, "no setting of a method"),
    ],
)
def test_a_space_that_does_not_fit_is_named(space: dict, told: str) -> None:
    with pytest.raises(InputError, match=told):
        of_method("sracl", **space)


def test_ranges_and_choices_are_what_optuna_calls_them() -> None:
    assert distribution_of(Range(low=1, high=9)) == IntDistribution(1, 9)
    assert distribution_of(Range(low=1, high=9, step=2)) == IntDistribution(1, 9, step=2)
    assert distribution_of(Range(low=1, high=9, step=0.5)) == FloatDistribution(1, 9, step=0.5)
    assert distribution_of(Range(low=0.1, high=1, log=True)) == FloatDistribution(0.1, 1, log=True)
    assert distribution_of(("a", None, 3)) == CategoricalDistribution(("a", None, 3))


@settings(deadline=None)
@given(st.integers(0, 40), st.sampled_from([None, 0.02, 0.1]))
def test_configured_values_that_the_search_could_not_draw_are_left_out(fiftieths: int, step: float | None) -> None:
    dropout = fiftieths / 50
    base = changed(config(), {"backbone.dropout": dropout})
    found = configured_values(base, {"backbone.dropout": Range(low=0.1, high=0.7, step=step)})
    drawn = {None: range(5, 36), 0.02: range(5, 36), 0.1: range(5, 36, 5)}[step]
    assert found == ({"backbone.dropout": dropout} if fiftieths in drawn else {})
    for value in found.values():
        study = optuna.create_study()
        study.enqueue_trial({"x": value})
        asked = study.ask({"x": distribution_of(Range(low=0.1, high=0.7, step=step))})
        assert asked.params["x"] == pytest.approx(value)


def test_nested_keys_are_dotted_ones() -> None:
    nested = TuneConfig(space={"training": {"learning_rate": {"low": 0.1, "high": 1}}, "backbone.dropout": [0.5]})
    assert nested.space == {"training.learning_rate": Range(low=0.1, high=1), "backbone.dropout": (0.5,)}


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"space": {"backbone.dropout": {"low": 0.5, "high": 0.5}}}, "must be below high"),
        ({"space": {"backbone.dropout": {"low": 0, "high": 0.5, "log": True}}}, "log needs a low above 0"),
        ({"trials": None}, "without either the search never ends"),
    ],
)
def test_a_search_that_could_not_be_made_is_refused(settings: dict, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        TuneConfig(**settings)
