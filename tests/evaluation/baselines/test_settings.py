"""A baseline is named or configured in one line; what does not fit is said."""

import pytest

from sracl.config import make_config, read_config
from sracl.errors import InputError
from sracl.evaluation.baselines import BASELINES, BaselineData
from sracl.evaluation.baselines.settings import label_of, settings_of
from support.batches import unit_vectors
from support.lists import flat

DATA = {"dataset": {"name": "ml-100k"}}


def configured(*baselines: object):
    return make_config({**DATA, "evaluation": {"baselines": list(baselines)}}).evaluation


@pytest.mark.parametrize("name", BASELINES)
def test_the_defaults_build_every_baseline_and_have_its_name_alone(name: str) -> None:
    (entry,) = configured(name).without_training
    made = BASELINES[name](BaselineData(flat([[0, 1], [1, 2]]), 3, unit_vectors(3, 2)), **entry.settings)
    assert made.score(flat([[0]]), flat([[0]]).offsets[:1]).shape == (1, 3)
    assert label_of(name, entry.settings) == name


@pytest.mark.parametrize("name", BASELINES)
def test_every_setting_has_a_default_and_every_number_bounds_and_a_description(name: str) -> None:
    for key, field in settings_of(BASELINES[name]).model_fields.items():
        assert not field.is_required(), f"{name}.{key}"
        assert field.description, f"{name}.{key}"
        assert field.metadata or field.annotation not in (int, float), f"{name}.{key}"


def test_names_and_sections_stand_side_by_side_and_read_back(tmp_path) -> None:
    config = make_config({**DATA, "evaluation": {"baselines": ["ease", {"name": "ease", "regularization": 5}]}})
    assert [baseline.settings["regularization"] for baseline in config.evaluation.baselines] == [100.0, 5.0]
    labels = [label_of(baseline.name, baseline.settings) for baseline in config.evaluation.baselines]
    assert labels == ["ease", "ease (regularization=5.0)"]
    path = tmp_path / "config.yaml"
    path.write_text(config.to_yaml())
    assert read_config(path) == config


def test_the_plain_backbone_is_the_one_that_is_trained() -> None:
    evaluation = configured("popularity", "backbone")
    assert evaluation.plain_backbone
    assert [baseline.name for baseline in evaluation.without_training] == ["popularity"]
    assert not configured("popularity").plain_backbone


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("item-kn", "there is no baseline `item-kn`; did you mean `item-knn`?"),
        ("zzz", "known: random, popularity"),
        ({"name": "item-knn", "neighbours": 3}, "`neighbours` is not a setting of the baseline item-knn; did you mean"),
        ({"name": "popularity", "k": 3}, "its settings: none"),
        ({"name": "backbone", "k": 3}, "`k` is not a setting of the baseline backbone"),
        ({"name": "item-knn", "neighbors": 0}, "greater than or equal to 1"),
        ({"neighbors": 3}, r"baselines\.1\.name"),
        (7, r"baselines\.1"),
        ("popularity", "popularity is named twice with the same settings"),
    ],
)
def test_what_does_not_fit_is_said(entry: object, told: str) -> None:
    with pytest.raises(InputError, match=told.replace("?", r"\?")):
        configured("popularity", entry)
