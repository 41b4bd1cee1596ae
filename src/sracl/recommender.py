"""The trained recommender: save, load, recommend. It needs no language model, no text and no retrieval."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from torch.nn import functional

from sracl.answers import Answers, Ids, blocks, ranked_frame, series_of
from sracl.backbones.base import Backbone
from sracl.backbones.named import is_own
from sracl.backbones.scorer import BackboneScorer
from sracl.cold_items import Known, vectors_of
from sracl.cold_items.growing import with_catalogue_rows, with_item_vectors
from sracl.config import BackboneConfig, ColdItemsConfig, ItemEmbeddingConfig
from sracl.datasets.dataset import Dataset
from sracl.errors import InputError, SraclError
from sracl.evaluation.evaluate import Scorer
from sracl.evaluation.ranking import top_k
from sracl.files import folder_written_aside, write_json
from sracl.item_embeddings import fold, folded_shell
from sracl.training.assembly import make_backbone
from sracl.training.checkpoint import load_tensors, save_tensors
from sracl.transition_memory import RememberingScorer, TransitionMemory

FORMAT = 1
TRANSITIONS = "transitions.safetensors"
"""The memory beside the weights, where there is one."""


@dataclass(frozen=True)
class Recommender:
    """Recommends to users it was trained on, and to anyone with a history of known items.

    backbone: with its trained weights; item vectors made of texts are folded into a table here. settings: what it was
    built from. dataset: ids, catalogue, and every user's whole history, which recommendations continue. item_embedding:
    where its item vectors came from. memory: transitions that its scores remember; None: the backbone answers alone.
    """

    backbone: Backbone
    settings: BackboneConfig
    dataset: Dataset
    item_embedding: ItemEmbeddingConfig = field(default_factory=ItemEmbeddingConfig)
    memory: TransitionMemory | None = None

    def __post_init__(self) -> None:
        fold(self.backbone)

    @property
    def alone(self) -> BackboneScorer:
        """The backbone's scores, without memory, as its weights are now."""
        return BackboneScorer(self.backbone)

    @property
    def scorer(self) -> Scorer:
        """The scores that it recommends by, as the backbone's weights are now."""
        return self.remembering(self.alone)

    def remembering(self, scorer: Scorer) -> Scorer:
        """What scores as `scorer` does, with this recommender's memory where it has one."""
        return scorer if self.memory is None else RememberingScorer(scorer, self.memory)

    @property
    def answers(self) -> Answers:
        """What answers by these scores."""
        return Answers(self.scorer, self.dataset)

    def recommend(
        self, users: Ids | None = None, k: int = 10, exclude_seen: bool = False, source: bool = False
    ) -> pl.DataFrame:
        """The k best items for each user: columns `user_id, item_id, rank, score`, best first, in the users' order.

        users: their ids; None takes all. exclude_seen: leave out what a user had already; then there may be fewer
        than k. source: add a column of that name that says what ranked: `model`, or `popularity` for a user without
        any history. Raises InputError for unknown users and for k below 1.
        """
        return self.answers.to_users(users, k, exclude_seen, source)

    def recommend_in_blocks(
        self, users: Ids | None = None, k: int = 10, exclude_seen: bool = False
    ) -> Iterator[pl.DataFrame]:
        """`recommend`, a block of users at a time, so that millions of them need little memory."""
        yield from self.answers.to_users_in_blocks(users, k, exclude_seen)

    def recommend_histories(
        self, histories: Sequence[Ids], k: int = 10, exclude_seen: bool = False, source: bool = False
    ) -> pl.DataFrame:
        """The k best next items after histories of item ids, oldest first: `history, item_id, rank, score`.

        history: the list's index, from 0. An empty one is answered with the items most often chosen, the score being
        their number of interactions. source: as in `recommend`. Raises InputError for unknown items and k below 1.
        """
        return self.answers.to_histories(histories, k, exclude_seen, source)

    def similar_items(self, items: Ids, k: int = 10) -> pl.DataFrame:
        """The k items whose learned vectors are most alike by cosine: `item_id, similar_item_id, rank, score`.

        Raises InputError for unknown items and for k below 1.
        """
        numbers = self.dataset.item_numbers(series_of(items))
        ids = self.dataset.catalogue["item_id"]
        table = functional.normalize(self.backbone.item_table.detach().float(), dim=1)
        found = [ranked_frame(self.dataset, torch.empty(0, 0, dtype=torch.long), torch.empty(0, 0))]
        for part in blocks(numbers, k, self.dataset.item_count):
            rows = torch.from_numpy(part)
            scores = table[rows] @ table.T
            itself = (torch.arange(len(rows)), rows)
            best = ranked_frame(self.dataset, *top_k(scores, min(k, self.dataset.item_count), itself))
            found.append(best.with_columns(row=pl.Series(part[best["row"].to_numpy()], dtype=pl.Int64)))
        all_found = pl.concat(found)
        queries = ids.gather(all_found["row"].cast(pl.UInt32)).alias("item_id")
        return all_found.select(queries, pl.col("item_id").alias("similar_item_id"), "rank", "score")

    def add_items(
        self,
        items: pl.DataFrame,
        texts: NDArray[np.float32],
        known_texts: NDArray[np.float32],
        settings: ColdItemsConfig | None = None,
        trained: NDArray[np.bool_] | None = None,
    ) -> "Recommender":
        """A recommender that also knows items that came after training, by their texts; this one stays as it is.

        It recommends them, reads them in histories and saves like any other; ids, scores and numbers of the known items
        are as they were. Items without text score like the average item.

        items: column `item_id`, and what they have of the catalogue's other columns, a row a new item. texts: their
        texts' embeddings `[M, D]`; known_texts: those of the catalogue's items `[N, D]`, by the same encoder, as a run
        has them in `semantics/item_embeddings.npy`; zeros for an item without text. settings: how vectors are made of
        them. trained: which known items to learn from, `[N]`; None: all with interactions.

        Raises InputError for ids that are known, repeated or of another type, and for embeddings that do not fit.
        """
        _check_texts(texts, known_texts, items.height, self.dataset.item_count)
        trained = self.dataset.popularity > 0 if trained is None else trained
        table = self.backbone.item_embedding.weight.detach()[: self.dataset.item_count].float().cpu().numpy()
        known = Known.among(_unit(known_texts), table, trained)
        grown = with_catalogue_rows(self.dataset, items)
        vectors = vectors_of(known, _unit(texts), settings or ColdItemsConfig())
        memory = self.memory and self.memory.for_items(grown.item_count)
        return replace(self, backbone=with_item_vectors(self.backbone, vectors), dataset=grown, memory=memory)

    def save(self, folder: Path | str) -> None:
        """Write the recommender to a folder that `load` opens, whole or not at all."""
        with folder_written_aside(Path(folder)) as aside:
            replace(self.dataset, clock="none", times=None).save(aside / "dataset")
            save_tensors(aside / "weights.safetensors", self.backbone.state_dict(), {})
            if self.memory is not None:
                self.memory.save(aside / TRANSITIONS)
            write_json(
                aside / "model.json",
                {
                    "format": FORMAT,
                    "backbone": self.settings.model_dump(mode="json"),
                    "item_embedding": self.item_embedding.model_dump(mode="json"),
                    "item_count": self.backbone.item_count,
                    "max_length": self.backbone.max_length,
                    "transition_memory": self.memory is not None,
                },
            )

    @classmethod
    def load(
        cls, folder: Path | str, backbone: type[Backbone] | None = None, with_memory: bool = True
    ) -> "Recommender":
        """Open a folder written by `save`, or a run's folder. Raises InputError or SraclError where it cannot.

        backbone: the class of a backbone of one's own. A folder names it, but nothing that a folder names is imported.
        with_memory: take along its memory of transitions, where it has one.
        """
        folder = Path(folder)
        if not (folder / "model.json").exists() and (folder / "model" / "model.json").exists():
            folder = folder / "model"
        try:
            facts = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise InputError(f"{folder} holds no trained model (no model.json); train one with `sracl run`") from error
        except ValueError as error:
            raise SraclError(f"{folder / 'model.json'} is damaged ({error}); train the model again") from error
        if facts.get("format") != FORMAT:
            raise SraclError(f"{folder} has the format {facts.get('format')}; this version of sracl reads {FORMAT}")
        try:
            settings = BackboneConfig.model_validate(facts["backbone"])
            # Models of before there were other item vectors do not say where theirs came from.
            vectors = ItemEmbeddingConfig.model_validate(facts.get("item_embedding", {}))
            _check_class(folder, settings.name, backbone)
            made = make_backbone(settings, facts["item_count"], facts["max_length"], backbone)
            made = folded_shell(made, vectors)
            made.load_state_dict(load_tensors(folder / "weights.safetensors")[0])
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            told = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error).splitlines()[0]
            raise SraclError(f"{folder} is damaged: {told}; train the model again") from error
        dataset = Dataset.load(folder / "dataset")
        if dataset.item_count != made.item_count:
            raise SraclError(f"{folder} is damaged: {dataset.item_count} items, weights for {made.item_count}")
        memory = None
        if with_memory and facts.get("transition_memory"):
            memory = TransitionMemory.load(folder / TRANSITIONS, made.item_count)
        return cls(made.eval(), settings, dataset, vectors, memory)


def remembers(folder: Path) -> bool:
    """Whether the model in a folder has a memory of transitions."""
    return (folder / TRANSITIONS).exists()


def _check_texts(texts: NDArray[np.float32], known: NDArray[np.float32], new: int, count: int) -> None:
    for what, array, rows in (("texts", texts, new), ("known_texts", known, count)):
        if array.ndim != 2 or len(array) != rows or array.shape[1] != texts.shape[-1]:
            raise InputError(f"{what} has the shape {array.shape}, but {rows} rows of {texts.shape[-1]} are needed")
        if not np.isfinite(array).all():
            raise InputError(f"{what} holds NaN or infinite values; embed the texts again")


def _unit(texts: NDArray[np.float32]) -> NDArray[np.float32]:
    norms = np.linalg.norm(texts, axis=1, keepdims=True)
    return np.asarray(texts / np.where(norms > 0, norms, 1.0), dtype=np.float32)


def _check_class(folder: Path, name: str, backbone: type[Backbone] | None) -> None:
    if backbone is None and is_own(name):
        raise InputError(
            f"{folder} was trained with a backbone of somebody's own, {name}; loading runs no code that it names.\n"
            "If you trust that class, import it yourself and pass it: Recommender.load(folder, backbone=TheClass)"
        )
    if backbone is not None and not is_own(name):
        raise InputError(f"{folder} was trained with {name}, which comes along: leave `backbone` out")
