"""Sections of objectives: what `of` and the constructor take, checked, and nothing else."""

from typing import Any

import pytest
import torch
from pydantic import ValidationError

from sracl.backbones.rows import Rows
from sracl.config import ObjectivesConfig, make_config
from sracl.errors import InputError
from sracl.objectives import OBJECTIVES
from sracl.objectives.augmentations import Share
from sracl.objectives.context import ObjectiveContext
from sracl.objectives.contrastive import ContrastiveObjective, Drawn, Temperature
from sracl.objectives.settings import section_of

DATA = {"dataset": {"name": "ml-100k"}}


class Own(ContrastiveObjective[Drawn]):
    """Takes its item count from the context, and more than that in `of` and in the constructor."""

    usual_weight = 0.3

    @classmethod
    def of(cls, context: ObjectiveContext, twice: bool = False, **settings: Any) -> "Own":
        return cls(context.item_count * (2 if twice else 1), **settings)

    def __init__(self, item_count: int, crop: Share = 0.6, temperature: Temperature = 1.0) -> None:
        super().__init__()

    def draw(self, batch, anchors, generator) -> Drawn:
        return Drawn(Rows(torch.empty(0, dtype=torch.long), torch.empty(0, dtype=torch.long)))

    def loss(self, anchor_states, encoded, drawn) -> torch.Tensor:
        return anchor_states.sum()


class AnyName(Own):
    def __init__(self, item_count: int, *shares: float) -> None:
        super().__init__(item_count)


def test_settings_are_what_of_takes_and_the_constructors_defaults() -> None:
    section = section_of(Own)
    assert list(section.model_fields) == ["weight", "crop", "temperature", "twice"]
    assert section().model_dump() == {"weight": 0.0, "crop": 0.6, "temperature": 1.0, "twice": False}
    assert section(weight=1).settings == {"crop": 0.6, "temperature": 1.0, "twice": False}
    for wrong in ({"crop": 1.5}, {"temperature": 0}, {"weight": -1}, {"item_count": 3}, {"context": None}):
        with pytest.raises(ValidationError):
            section(**wrong)


def test_parameters_that_cannot_be_settings_are_refused() -> None:
    with pytest.raises(InputError, match=r"AnyName\.__init__ takes \*shares.*: give every setting a name"):
        section_of(AnyName)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_number_of_a_known_objective_has_bounds_and_every_method_a_title(name: str) -> None:
    for key, field in section_of(OBJECTIVES[name]).model_fields.items():
        if field.annotation in (int, float):
            assert field.metadata, f"{name}.{key}"
    assert OBJECTIVES[name].title
    assert OBJECTIVES[name].usual_weight > 0


def test_by_default_the_papers_own_losses_are_on_and_all_rivals_off() -> None:
    objectives = make_config(DATA).objectives
    assert set(objectives.sections) == set(OBJECTIVES)
    assert {name: section.weight for name, section in objectives.switched_on.items()} == {
        "cross_sequence": 0.1,
        "intra_sequence": 0.1,
    }
    assert objectives.semantic


def test_without_texts_what_needs_them_is_off_and_nothing_else_changes() -> None:
    objectives = ObjectivesConfig.model_validate({"intra_sequence": {"substitutes": "random"}})
    assert set(objectives.without_texts().switched_on) == {"intra_sequence"}
    assert objectives.without_texts().intra_sequence == objectives.intra_sequence
    learned = ObjectivesConfig.model_validate({"cross_sequence": {"neighbors": "learned"}})
    assert set(learned.without_texts().switched_on) == {"cross_sequence"}
    assert not learned.without_texts().semantic


@pytest.mark.parametrize(
    ("objectives", "told"),
    [
        ({"cross_sequnce": {}}, r"unknown key `objectives\.cross_sequnce`; did you mean `cross_sequence`\?"),
        (
            {"zzz": 1},
            r"unknown key `objectives\.zzz`; known keys: next_item, anchors_per_row, warm_up, cross_sequence",
        ),
        ({"intra_sequence": {"subst": 1}}, r"unknown key `objectives\.intra_sequence\.subst`; did you mean"),
        ({"cross_sequence": {"dropout": 1}}, r"`objectives\.cross_sequence\.dropout`.*less than 1.*given: 1"),
        ({"cross_sequence": {"neighbors": "any"}}, r"`objectives\.cross_sequence\.neighbors`.*given: 'any'"),
        ({"cross_sequence": 0.1}, r"`objectives\.cross_sequence`"),
        ({"anchors_per_row": 0}, r"`objectives\.anchors_per_row`.*given: 0"),
        (["cross_sequence"], "`objectives`"),
    ],
)
def test_mistakes_are_named_with_the_key_and_the_value(objectives: object, told: str) -> None:
    with pytest.raises(InputError, match=told):
        make_config({**DATA, "objectives": objectives})
