"""A model as the service holds it: look-ups by id ready, scoring of many histories at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from jaxtyping import Bool
from numpy.typing import NDArray

from sracl.answers import OrPopularity
from sracl.datasets.sequences import Sequences
from sracl.errors import InputError
from sracl.recommender import TRANSITIONS, Recommender
from sracl.serving.graph import faster_scorer
from sracl.training.checkpoint import version_of_weights

Id = str | int


class UnknownIdError(InputError):
    """An id that the model does not know."""


@dataclass(frozen=True)
class Question:
    """What one request asks of the model, in numbers. history: item numbers; banned: items not to recommend."""

    history: NDArray[np.int64]
    k: int
    banned: NDArray[np.int64]
    allowed: Bool[torch.Tensor, "N"] | None = None


@dataclass(frozen=True)
class Best:
    """Item numbers and scores, best first."""

    items: list[int]
    scores: list[float]


class ServedModel:
    """A recommender with its name and version. Nothing here changes after it is made, so that requests may share it."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.version = version_of(folder)
        self.recommender = Recommender.load(folder)
        self.dataset = self.recommender.dataset
        self.titles: list[str] = self.dataset.titles.to_list()
        self.item_ids: list[Any] = self.dataset.catalogue["item_id"].to_list()
        self._item_numbers = {str(known): number for number, known in enumerate(self.item_ids)}
        self._user_numbers = {str(known): number for number, known in enumerate(self.dataset.users["user_id"])}
        self.recommender.backbone.eval()
        weights = version_of_weights(_weights(folder).read_bytes())
        self.choice = faster_scorer(self.recommender.alone, folder, weights, self.dataset.histories)
        self._scorer = OrPopularity(self.recommender.remembering(self.choice.scorer), self.dataset.popularity)

    @property
    def label(self) -> str:
        """Name and version, as answers state them."""
        return f"{self.name}@{self.version}"

    def items(self, ids: Sequence[Id]) -> NDArray[np.int64]:
        """Numbers of item ids. Raises UnknownIdError naming the first unknown ones."""
        found = [self._item_numbers.get(str(one), -1) for one in ids]
        if -1 in found:
            unknown = [one for one, number in zip(ids, found, strict=True) if number < 0]
            shown = ", ".join(repr(one)[:80] for one in unknown[:3])
            raise UnknownIdError(f"{len(unknown)} unknown item id(s): {shown}")
        return np.array(found, dtype=np.int64)

    def known_items(self, ids: Sequence[Id]) -> NDArray[np.int64]:
        """Numbers of those of the ids that are known."""
        found = [number for one in ids if (number := self._item_numbers.get(str(one))) is not None]
        return np.array(found, dtype=np.int64)

    def history_of(self, user: Id) -> NDArray[np.int64]:
        """Item numbers of a known user's whole history, oldest first. Raises UnknownIdError."""
        number = self._user_numbers.get(str(user))
        if number is None:
            raise UnknownIdError(f"unknown user id: {user!r}"[:200])
        return self.dataset.histories[number].astype(np.int64)

    def allowed(self, filters: dict[str, Any]) -> Bool[torch.Tensor, "N"] | None:
        """Which items have one of the wanted values in every field. Raises InputError for a field that is not there."""
        if not filters:
            return None
        keep = np.ones(len(self.item_ids), dtype=bool)
        for field, wanted in filters.items():
            if field not in self._as_text.columns:
                raise InputError(f"items have no field {field[:80]!r}; there are: {', '.join(self._as_text.columns)}")
            values = [str(value) for value in (wanted if isinstance(wanted, list) else [wanted])]
            keep &= self._as_text[field].is_in(values).fill_null(False).to_numpy()
        return torch.from_numpy(keep)

    @cached_property
    def _as_text(self) -> pl.DataFrame:
        catalogue = self.dataset.catalogue.drop("item_id")
        return catalogue.select(pl.all().cast(pl.String, strict=False))

    @torch.inference_mode()
    def best(self, questions: Sequence[Question]) -> list[Best]:
        """The best items for each question, scored in one pass; among equal scores the lower number first."""
        flat = Sequences.from_lengths(
            np.concatenate([question.history for question in questions]),
            np.array([len(question.history) for question in questions]),
        )
        scores = self._scorer.score(flat, np.arange(len(flat)))
        for row, question in zip(scores, questions, strict=True):
            row[torch.from_numpy(question.banned)] = float("-inf")
            if question.allowed is not None:
                row.masked_fill_(~question.allowed, float("-inf"))
        most = min(max(question.k for question in questions), scores.shape[1])
        values, items = scores.topk(most, dim=1)
        found = []
        for question, row_values, row_items in zip(questions, values.tolist(), items.tolist(), strict=True):
            pairs = [pair for pair in zip(row_items, row_values, strict=True) if pair[1] != float("-inf")]
            pairs = sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[: question.k]
            found.append(Best([item for item, _ in pairs], [value for _, value in pairs]))
        return found


def version_of(folder: Path) -> str:
    """The first characters of a digest of a model's weights, and of its memory where it has one: equal, equal version.

    Raises InputError where there is no model.
    """
    path = _weights(folder)
    memory = path.with_name(TRANSITIONS)
    try:
        return version_of_weights(path.read_bytes() + (memory.read_bytes() if memory.exists() else b""))
    except OSError as error:
        raise InputError(
            f"{folder} holds no trained model ({path.name} is missing); train one with `sracl run`"
        ) from error


def _weights(folder: Path) -> Path:
    return model_folder(folder) / "weights.safetensors"


def model_folder(folder: Path) -> Path:
    """The folder of the model itself, in a run's folder or as it is."""
    return folder / "model" if (folder / "model" / "model.json").exists() else folder
