"""What a study is: variants of one configuration, each run with every seed, and which of them are compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sracl.config import RunConfig, changed
from sracl.errors import InputError


def plain(config: RunConfig) -> dict[str, Any]:
    """The changes that make a run the plain backbone: no loss but the next item's, no texts, no pre-training."""
    changes: dict[str, Any] = {f"objectives.{name}.weight": 0.0 for name in config.objectives.switched_on}
    if config.item_embedding.needs_texts:
        changes["item_embedding.kind"] = "learned"
    if config.pretraining.switched_on:
        changes["pretraining.kind"] = "none"
    return changes


@dataclass(frozen=True)
class Variant:
    """One way to run. changes: configuration values by dotted key, or whole sections; baseline: one of `BASELINES`."""

    label: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    baseline: str | None = None

    def configured(self, config: RunConfig, seed: int) -> RunConfig:
        """The configuration of this variant's run with a seed."""
        return changed(config, {**self.changes, "seed": seed}, f"the variant `{self.label}`")


@dataclass(frozen=True)
class Study:
    """Variants in the order of the table. compared: pairs of labels, what is judged and what it is judged against.

    grouped: compare in groups of users and of items too.
    """

    name: str
    variants: tuple[Variant, ...]
    compared: tuple[tuple[str, str], ...]
    grouped: bool = False

    def only(self, labels: Sequence[str]) -> "Study":
        """The study of some variants. Raises InputError for a label that it does not have."""
        known = [variant.label for variant in self.variants]
        if unknown := [label for label in labels if label not in known]:
            raise InputError(f"the study {self.name} has no variant {unknown[0]!r}; it has: {', '.join(known)}")
        kept = tuple(variant for variant in self.variants if variant.label in labels)
        return replace(self, variants=kept, compared=tuple(p for p in self.compared if set(p) <= set(labels)))

    def beside(self, baselines: Sequence[str]) -> "Study":
        """The study with baselines as rows of their own. Raises InputError for an unknown one."""
        # PyTorch comes along with them, which takes seconds: `sracl --help` should not wait for it.
        from sracl.evaluation.baselines import BASELINES

        if unknown := [name for name in baselines if name not in BASELINES]:
            raise InputError(f"there is no baseline {unknown[0]!r}; known: {', '.join(BASELINES)}")
        added = tuple(Variant(name, baseline=name) for name in baselines)
        return replace(self, variants=added + self.variants)
