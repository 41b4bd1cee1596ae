"""Sections `evaluation` and `recommendations`: what is measured and what is written for users."""

from itertools import pairwise
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, field_validator, model_validator

from sracl.config.section import Section


def _rising(bounds: tuple[int, ...]) -> tuple[int, ...]:
    if any(low >= high for low, high in pairwise(bounds)):
        raise ValueError(f"the bounds of groups must rise, but are {list(bounds)}")
    return bounds


Cutoff = Annotated[int, Field(ge=1)]
Bounds = Annotated[tuple[Cutoff, ...], Field(min_length=1), AfterValidator(_rising)]
PLAIN_BACKBONE = "backbone"
"""The one baseline that is trained."""


class BaselineConfig(Section):
    """A baseline by name, and its own settings beside it: `item-knn` alone, or `{name: item-knn, neighbors: 50}`.

    Settings are checked here against the baseline's own, and its defaults filled in.
    """

    model_config = ConfigDict(extra="allow")

    name: str

    @model_validator(mode="before")
    @classmethod
    def _with_settings(cls, values: Any) -> Any:
        # PyTorch comes along with the baselines, which takes seconds: `sracl --help` should not wait for it.
        from sracl.evaluation.baselines.settings import known_baseline

        return known_baseline(values, others=(PLAIN_BACKBONE,))

    @property
    def settings(self) -> dict[str, Any]:
        """All but the name."""
        return dict(self.__pydantic_extra__ or {})


def _usual_baselines() -> tuple[BaselineConfig, ...]:
    return tuple(BaselineConfig(name=name) for name in ("popularity", "repeat-last"))


class EvaluationConfig(Section):
    """Full ranking. exclude_seen: what recommendations do; metrics are always given both ways.

    baselines: rows beside the model's; `backbone` trains the same backbone without the contrastive losses.
    """

    targets: int | None = Field(
        None,
        ge=1,
        description="of validation and of test, drawn at random, the same ones for every seed and method, that are "
        "ranked at the end; null: all. For millions of users",
    )
    exclude_seen: bool = Field(False, description="whether recommendations leave out what a user had")
    cutoffs: tuple[Cutoff, ...] = Field((5, 10, 20), description="k of HR@k, NDCG@k, MRR@k")
    baselines: tuple[BaselineConfig, ...] = Field(
        default_factory=_usual_baselines, description="see docs/baselines.md; `backbone` trains the plain backbone too"
    )
    history_groups: Bounds = Field(
        (5, 10, 20), description="users by training interactions; each number begins a group"
    )
    popularity_groups: Bounds = Field((10, 20, 50), description="target items by training interactions")
    transition_groups: Bounds = Field(
        (1, 2, 5), description="targets by how often training has them right after the item before"
    )

    @property
    def measured_cutoffs(self) -> tuple[int, ...]:
        """Every k that is measured, rising: the configured ones and the 10 of headlines and comparisons."""
        return tuple(sorted({*self.cutoffs, 10}))

    @field_validator("baselines")
    @classmethod
    def _distinct(cls, baselines: tuple[BaselineConfig, ...]) -> tuple[BaselineConfig, ...]:
        twice = next((one.name for number, one in enumerate(baselines) if one in baselines[:number]), None)
        if twice is not None:
            raise ValueError(f"{twice} is named twice with the same settings")
        return baselines

    @property
    def plain_backbone(self) -> bool:
        """Whether the plain backbone is wanted beside the model."""
        return any(baseline.name == PLAIN_BACKBONE for baseline in self.baselines)

    @property
    def without_training(self) -> tuple[BaselineConfig, ...]:
        """The baselines that need no training."""
        return tuple(baseline for baseline in self.baselines if baseline.name != PLAIN_BACKBONE)

    @property
    def compares_texts(self) -> bool:
        """Whether a baseline reads the items' embeddings."""
        from sracl.evaluation.baselines import BASELINES

        return any(BASELINES[baseline.name].needs_texts for baseline in self.without_training)


class RecommendationsConfig(Section):
    """What `sracl recommend` writes: k items for every user."""

    k: int = Field(10, ge=1, description="items for every user")
    show_users: int = Field(3, ge=0, description="users whose recommendations are printed")
