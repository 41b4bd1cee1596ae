"""Settings are what a constructor takes, with its bounds and defaults, and nothing else."""

from collections.abc import Callable
from typing import Annotated

import pytest
from pydantic import Field, ValidationError
from pydantic_core import PydanticCustomError
from torch import Tensor

from sracl.backbones import BACKBONES, Backbone, GRU4Rec, SASRec
from sracl.backbones.settings import Heads, checked_settings, settings_of
from sracl.errors import InputError


class Own(Backbone):
    causal = True

    def __init__(
        self,
        item_count: int,
        max_length: int,
        width: Annotated[int, Field(ge=2, description="how wide")],
        *,
        heads: Heads = 1,
        free="anything",
    ) -> None:
        super().__init__(item_count, width, max_length)

    def encode(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        return embedded


class AnyNumber(Own):
    def __init__(self, item_count: int, max_length: int, *sizes: int) -> None:
        super().__init__(item_count, max_length, 2)


class AnyName(Own):
    def __init__(self, item_count: int, max_length: int, **settings: int) -> None:
        super().__init__(item_count, max_length, 2)


class WithoutTheData(Own):
    def __init__(self, width: int = 2) -> None:
        super().__init__(5, 5, width)


class Thing:
    """Of no type that a configuration has."""


class OfThings(Own):
    def __init__(self, item_count: int, max_length: int, thing: Thing = None) -> None:
        super().__init__(item_count, max_length, 2)


class OfFuture(Own):
    def __init__(self, item_count: int, max_length: int, thing: "Unknown" = 1) -> None:
        super().__init__(item_count, max_length, 2)


@pytest.mark.parametrize("name", BACKBONES)
def test_the_defaults_build_every_known_backbone_as_its_constructor_alone_does(name: str) -> None:
    backbone = BACKBONES[name]
    settings = checked_settings(name, backbone, {})
    made, plain = backbone(item_count=5, **settings), backbone(5)
    shapes = {key: value.shape for key, value in plain.state_dict().items()}
    assert {key: value.shape for key, value in made.state_dict().items()} == shapes
    assert made.dimension == settings["dimension"] == 64


@pytest.mark.parametrize("name", BACKBONES)
def test_every_number_of_a_known_backbone_has_bounds(name: str) -> None:
    for key, field in settings_of(BACKBONES[name]).model_fields.items():
        if field.annotation in (int, float):
            assert field.metadata, f"{name}.{key}"


def test_bounds_defaults_and_descriptions_come_from_the_constructor() -> None:
    fields = settings_of(Own).model_fields
    assert list(fields) == ["width", "heads", "free"]
    assert fields["width"].is_required()
    assert fields["width"].description == "how wide"
    assert checked_settings("own", Own, {"width": "4"}) == {"width": 4, "heads": 1, "free": "anything"}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "width"),
        ({"width": 1}, "greater than or equal to 2"),
        ({"width": "wide"}, "valid integer"),
    ],
)
def test_values_that_do_not_fit_are_pydantics_errors(values: dict, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        checked_settings("own", Own, values)


def test_heads_must_divide_the_dimension() -> None:
    with pytest.raises(ValidationError, match=r"dimension 64 is no multiple of backbone\.heads 3"):
        checked_settings("sasrec", SASRec, {"heads": 3})
    assert checked_settings("sasrec", SASRec, {"heads": 3, "dimension": 9})["dimension"] == 9


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("heads", r"`backbone\.heads` is not a setting of gru4rec; its settings: dimension, layers, hidden, dropout"),
        ("hiden", r"`backbone\.hiden` is not a setting of gru4rec; did you mean `hidden`\?"),
        ("item_count", "is not a setting"),
        ("max_length", "is not a setting"),
    ],
)
def test_keys_that_are_no_settings_are_named(key: str, told: str) -> None:
    with pytest.raises(PydanticCustomError, match=told):
        checked_settings("gru4rec", GRU4Rec, {key: 2})


@pytest.mark.parametrize(
    ("backbone", "told"),
    [
        (AnyNumber, r"takes \*sizes.*: give every setting a name"),
        (AnyName, r"takes \*\*settings.*: give every setting a name"),
        (WithoutTheData, r"WithoutTheData\.__init__ must take item_count and max_length"),
        (OfThings, r"parameters of OfThings\.__init__ cannot be settings"),
        (OfFuture, r"parameters of OfFuture\.__init__ cannot be settings.*Unknown"),
    ],
)
def test_constructors_whose_parameters_cannot_be_settings_are_refused(backbone: type[Backbone], told: str) -> None:
    with pytest.raises(InputError, match=told):
        settings_of(backbone)


def test_a_function_may_be_a_default_that_no_configuration_sets() -> None:
    class WithFunction(Own):
        def __init__(self, item_count: int, max_length: int, how: Callable[[int], int] = abs) -> None:
            super().__init__(item_count, max_length, 2)

    assert checked_settings("own", WithFunction, {}) == {"how": abs}
