"""Sections `evaluation` and `recommendations`: what is measured and what is written for users."""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from sracl.config.section import Section


def _rising(bounds: tuple[int, ...]) -> tuple[int, ...]:
    if any(low >= high for low, high in pairwise(bounds)):
        raise ValueError(f"the bounds of groups must rise, but are {list(bounds)}")
    return bounds


Cutoff = Annotated[int, Field(ge=1)]
Bounds = Annotated[tuple[Cutoff, ...], Field(min_length=1), AfterValidator(_rising)]


class EvaluationConfig(Section):
    """Full ranking. exclude_seen: what recommendations do; metrics are always given both ways.

    baselines: rows beside the model's; `backbone` trains the same backbone without the contrastive losses.
    """

    exclude_seen: bool = Field(False, description="whether recommendations leave out what a user had")
    cutoffs: tuple[Cutoff, ...] = Field((5, 10, 20), description="k of HR@k, NDCG@k, MRR@k")
    baselines: tuple[Literal["popularity", "repeat-last", "backbone"], ...] = Field(
        ("popularity", "repeat-last"), description="`backbone` trains the plain backbone too"
    )
    history_groups: Bounds = Field(
        (5, 10, 20), description="users by training interactions; each number begins a group"
    )
    popularity_groups: Bounds = Field((10, 20, 50), description="target items by training interactions")


class RecommendationsConfig(Section):
    """What `sracl recommend` writes: k items for every user."""

    k: int = Field(10, ge=1, description="items for every user")
    show_users: int = Field(3, ge=0, description="users whose recommendations are printed")
