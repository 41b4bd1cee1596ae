"""Neighbours by template texts against neighbours by a language model's texts, judged by what people bought.

    python benchmarks/texts.py RUN_DIR [--items 2000] [-o semantics.writer.KEY=VALUE ...]

RUN_DIR is a run that `sracl prepare` has been through. The most bought items of its training interactions are described
by the configured model (unless said otherwise: the local one, with short prompts), embedded and searched among
themselves. Answers go to RUN_DIR/answers.sqlite: stop it whenever you like, the same command goes on.

The measure. Two items are *held-out companions* if some user has one of them as validation or test target and the other
anywhere in the history: no text and no prompt has seen these pairs, for prompts hold training interactions only. Given
is the share of the k nearest items of an item that are its companions, averaged over the items with any companion among
those described; chance is the same share of items drawn at random. The items' own attributes may make texts alike that
are bought by the same people for other reasons, so this judges substitutes and complements together.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from sracl.config import RunConfig, read_config
from sracl.datasets.dataset import Dataset
from sracl.datasets.splits import Split, leave_one_out
from sracl.errors import SraclError
from sracl.semantics.embeddings import embed_texts
from sracl.semantics.encoders import make_encoder
from sracl.semantics.language_models.asking import Tally
from sracl.semantics.language_models.store import AnswerStore
from sracl.semantics.retrieval import Exclusion, nearest
from sracl.semantics.stages import pool_of
from sracl.semantics.writers import LanguageModelWriter, TemplateWriter, make_writer
from sracl.semantics.writers.answers import UnusableError, usable

K = 10
SHORT = (
    "kind=local",
    "histories=0",
    "summary_words=25",
    "analysis_words=20",
    "tries=2",
    "parameters={repeat_penalty: 1.15}",
)
"""What a model of 135 million parameters copes with: histories only make it repeat titles."""


def settings(run_dir: Path, overrides: list[str]) -> RunConfig:
    """The run's configuration with a language model."""
    short = [f"semantics.writer.{setting}" for setting in SHORT]
    store = f"semantics.writer.store={run_dir / 'answers.sqlite'}"
    return read_config(run_dir / "config.yaml", [*short, store, *overrides])


def described(writer: LanguageModelWriter, dataset: Dataset, config: RunConfig, items: list[int]) -> list[str | None]:
    """The model's texts of some items, None where its answers cannot be used."""
    pool = pool_of(leave_one_out(dataset.histories), config)
    requests = list(writer.item_requests(dataset, pool, items))
    with AnswerStore(config.semantics.writer.store) as store:
        writer.ask(
            "items", len(requests), store, iter(requests), lambda request, answer: usable(writer.read_item, answer)
        )
        answers = store.get_many([request.key for request in requests])
    texts: list[str | None] = []
    for request in requests:
        try:
            texts.append(writer.read_item(answers[request.key]))
        except (KeyError, UnusableError):
            texts.append(None)
    return texts


def companions(split: Split, place: NDArray[np.int64], count: int) -> NDArray[np.bool_]:
    """Whether two chosen items are held-out companions, `[count, count]`. place: of every item, -1 if not chosen."""
    found = np.zeros((count, count), dtype=bool)
    for user in split.test.users:
        history = place[split.histories[int(user)]]
        held, all_ = history[-2:], history[history >= 0]
        for target in held[held >= 0]:
            found[target, all_] = found[all_, target] = True
    np.fill_diagonal(found, False)
    return found


def share(neighbours: NDArray[np.int32], together: NDArray[np.bool_]) -> tuple[float, float]:
    """Mean share of companions among the neighbours, of items that have any, and its standard error."""
    judged = together.any(axis=1)
    rows = np.arange(len(neighbours))[:, None]
    shares = (together[rows, neighbours] & (neighbours >= 0)).mean(axis=1)[judged]
    return float(shares.mean()), float(shares.std() / len(shares) ** 0.5)


def told(what: str, tally: Tally) -> None:
    """Progress to standard error, now and then."""
    if tally.done % 20 == 0:
        print(f"{what}: {tally.answered} answered, {tally.failed} failed, {tally.seconds:.0f} s", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--items", type=int, default=2_000)
    parser.add_argument("-o", dest="overrides", action="append", default=[])
    arguments = parser.parse_args()
    config = settings(arguments.run_dir, arguments.overrides)
    dataset = Dataset.load(arguments.run_dir / "dataset")
    split = leave_one_out(dataset.histories)
    bought = np.bincount(split.training.values, minlength=dataset.item_count)
    chosen = np.argsort(-bought, kind="stable")[: arguments.items]
    writer = make_writer(config.semantics, told)
    if not isinstance(writer, LanguageModelWriter):
        raise SraclError("give a writer that asks a language model")
    pool = pool_of(split, config)
    template = TemplateWriter().describe_items(dataset, pool)["text"].gather(chosen)
    own = pl.Series(described(writer, dataset, config, chosen.tolist()), dtype=pl.String)
    both = np.flatnonzero((own.is_not_null() & template.is_not_null()).to_numpy())
    place = np.full(dataset.item_count, -1)
    place[chosen[both]] = np.arange(len(both))
    together = companions(split, place, len(both))
    encoder = make_encoder(config.semantics.encoder)
    texts = {
        "template": template.gather(both),
        writer.name: own.gather(both),
        f"template + {writer.name}": template.gather(both) + "\n" + own.gather(both),
    }
    table = Table(title=f"{len(both):,} of {len(chosen):,} items with both texts, {encoder.name}, k = {K}")
    for column in ("texts", "companions among the neighbours", "standard error"):
        table.add_column(column, justify="left" if column == "texts" else "right")
    chance = together.sum(axis=1)[together.any(axis=1)] / (len(both) - 1)
    table.add_row("chance", f"{chance.mean():.4f}", "")
    for name, column in texts.items():
        vectors = embed_texts(column, encoder)
        mean, error = share(nearest(vectors, K, Exclusion.itself(len(vectors))), together)
        table.add_row(name, f"{mean:.4f}", f"{error:.4f}")
    Console().print(table)


if __name__ == "__main__":
    main()
