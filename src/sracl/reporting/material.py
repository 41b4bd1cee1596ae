"""What the sections read: the run's data and model, and how it and the baselines answer at test time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sracl.answers import blocks
from sracl.datasets.sequences import Int64, Sequences
from sracl.datasets.splits import Split, Targets
from sracl.errors import SraclError
from sracl.evaluation.evaluate import Scorer, evaluate
from sracl.evaluation.metrics import METRICS
from sracl.evaluation.ranking import Ranks, seen_cells, top_k

if TYPE_CHECKING:
    from sracl.pipeline.run import Run

HEADLINE, HEADLINE_CUTOFF = "NDCG", 10
"""The metric that charts show; tables have all."""


@dataclass(frozen=True)
class Method:
    """How the model or a baseline answers. label: its name; ranks: of the targets asked, `[n]`; lists: `[m, k]`.

    lists holds item numbers, best first, -1 where fewer items than k are left.
    """

    label: str
    ranks: Ranks
    lists: Int64

    def values(self, name: str, cutoff: int, unseen: bool = False) -> NDArray[np.float64]:
        """A metric of every target, `[n]`; unseen: with seen items removed from the ranking."""
        ranks = self.ranks.unseen if unseen else self.ranks.kept
        return METRICS[name](ranks, cutoff).double().numpy()


class Material:
    """A run with a trained model, opened. Raises InputError where there is none."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.config, self.settings = run.config, run.config.report
        self.model = run.load_model()
        self.dataset = run.dataset
        self.generator = np.random.default_rng(run.config.seed)
        self.left_out: dict[str, str] = {}
        self.all_targets = len(run.split.test)
        self.split: Split = replace(run.split, test=self._drawn(run.measured_split.test))

    def _drawn(self, test: Targets) -> Targets:
        """The test targets that the report asks for: those of the evaluation, or as many as the settings allow."""
        if len(test) <= self.settings.targets:
            return test
        rows = np.sort(self.generator.choice(len(test), self.settings.targets, replace=False))
        return test.chosen(rows)

    @property
    def cutoffs(self) -> tuple[int, ...]:
        """Each k of HR@k and others, rising."""
        return self.config.evaluation.measured_cutoffs

    @cached_property
    def titles(self) -> pl.Series:
        """A title for every item, its id where it has none."""
        return self.dataset.titles

    @cached_property
    def popularity(self) -> Int64:
        """Training interactions of every item, `[N]`."""
        return np.bincount(self.run.split.training.values, minlength=self.dataset.item_count)

    @cached_property
    def inputs(self) -> Sequences:
        """What is read before each target, a sequence a target."""
        return self.split.inputs("test")

    @cached_property
    def targets(self) -> Int64:
        """Item number of every target, `[n]`."""
        return self.split.targets("test")

    @cached_property
    def listed(self) -> Int64:
        """Which targets lists of recommendations are made for, `[m]`, rising."""
        some = min(self.settings.lists, len(self.split.test))
        return np.sort(self.generator.choice(len(self.split.test), some, replace=False))

    @cached_property
    def methods(self) -> list[Method]:
        """The model, then every baseline that can be made; why others cannot is in `left_out`."""
        from sracl.pipeline.baselines import baseline_makers
        from sracl.pipeline.naming import model_name

        found = [self._asked(model_name(self.run), lambda: self.model.scorer)]
        for label, make in baseline_makers(self.run):
            try:
                found.append(self._asked(label, make))
            except SraclError:
                self.left_out[label] = "what it is made of is missing or damaged; `sracl evaluate` makes it"
        return found

    @property
    def baselines(self) -> list[Method]:
        """All methods but the model."""
        return self.methods[1:]

    @property
    def rival(self) -> Method | None:
        """The baseline with the best headline metric."""
        return max(self.baselines, key=lambda one: float(one.values(HEADLINE, HEADLINE_CUTOFF).mean()), default=None)

    def _asked(self, label: str, make: Callable[[], Scorer]) -> Method:
        scorer = make()
        ranks = evaluate(scorer, self.split, "test", self.cutoffs).ranks
        return Method(label, ranks, self._lists(scorer))

    def _lists(self, scorer: Scorer) -> Int64:
        """The best items for the listed targets, as the run recommends: with or without what a user had."""
        items = self.dataset.item_count
        k = min(self.config.recommendations.k, items)
        parts = []
        for numbers in blocks(self.listed, k, items):
            histories = self.inputs.chosen(numbers)
            seen = seen_cells(histories) if self.config.evaluation.exclude_seen else None
            scores = scorer.score(histories, self.split.test.users[numbers]).cpu()
            parts.append(top_k(scores, k, seen)[0].numpy())
        return np.concatenate(parts)
