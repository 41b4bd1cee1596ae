"""A backbone that does not do what it must is refused before it is trained, with the reason."""

import pytest
import torch
from torch import Tensor, nn

from sracl.backbones import BACKBONES, Backbone
from sracl.backbones.behaviour import check_behaviour
from sracl.errors import InputError


class Fine(Backbone):
    causal = True

    def __init__(self, item_count: int = 9, dimension: int = 4, max_length: int = 5) -> None:
        super().__init__(item_count, dimension, max_length)
        self.drop = nn.Dropout(0.5)

    def encode(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        return self.drop(embedded.cumsum(dim=1))


class SeesTheFuture(Fine):
    def encode(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        return embedded.sum(dim=1, keepdim=True) + embedded


class SeesItsRowButSaysSo(SeesTheFuture):
    causal = False


class SeesOtherRows(Fine):
    def encode(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        return embedded + embedded.sum(dim=0, keepdim=True)


class SeesPadding(Fine):
    causal = False

    def encode(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        return embedded.mean(dim=1, keepdim=True) + embedded


class TooWide(Fine):
    def encode(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        return torch.cat([embedded, embedded], dim=2)


class Infinite(Fine):
    def encode(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        return embedded / 0


class Raises(Fine):
    def encode(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        return embedded @ torch.ones(3)


class Forgets(Fine):
    def encode(self, embedded: Tensor, lengths: Tensor) -> Tensor:
        return self.missing(embedded)


@pytest.mark.parametrize("backbone", [*BACKBONES.values(), Fine, SeesItsRowButSaysSo])
@pytest.mark.parametrize("max_length", [2, 20])
def test_good_backbones_pass_and_stay_as_they_were(backbone: type[Backbone], max_length: int) -> None:
    torch.manual_seed(0)
    made = backbone(item_count=9, dimension=4, max_length=max_length)
    before = {name: value.clone() for name, value in made.state_dict().items()}
    state = torch.get_rng_state()
    check_behaviour(made)
    assert made.training
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(before[name], value) for name, value in made.state_dict().items())


@pytest.mark.parametrize(
    ("backbone", "told"),
    [
        (SeesTheFuture, "says `causal = True`, but its states depend on later items"),
        (SeesOtherRows, "depend on its padding or on other rows"),
        (SeesPadding, "depend on its padding or on other rows"),
        (TooWide, r"must give states of the shape of its input, \(1, 5, 4\): it gave \(1, 5, 8\)"),
        (Infinite, "not finite"),
        (Raises, "failed on rows of 5 items and of 4: RuntimeError"),
        (Forgets, "failed on rows of 5 items and of 4: AttributeError.*missing"),
    ],
)
def test_bad_ones_are_refused_with_the_reason(backbone: type[Backbone], told: str) -> None:
    torch.manual_seed(0)
    with pytest.raises(InputError, match=told):
        check_behaviour(backbone())


def test_a_catalogue_of_one_item_can_be_checked() -> None:
    check_behaviour(Fine(item_count=1, max_length=1))
