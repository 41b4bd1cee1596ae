"""SRA-CL on RecBole's SASRec: RecBole reads, trains and evaluates; the two contrastive losses join its own loss.

    python examples/recbole_sasrec.py [--interactions FILE --items FILE] [--epochs 3] [--weight 0.02]

RecBole 1.2.1 wants older libraries than sracl names; an environment for both:

    pip install "recbole==1.2.1" "numpy<2" "pandas<3" "setuptools<81"
    pip install --no-deps sracl      # and what sracl needs besides numpy: see its pyproject.toml

Without files it takes MovieLens-100k. What it prints is RecBole's result on its test set, all items ranked.
"""

import argparse
import contextlib
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.model.sequential_recommender import SASRec
from recbole.trainer import Trainer
from recbole.utils import init_seed

from sracl.backbones.rows import Rows
from sracl.config import make_config
from sracl.datasets.build import Columns, build_dataset
from sracl.datasets.dataset import Dataset
from sracl.datasets.named import load_named
from sracl.datasets.splits import leave_one_out
from sracl.fitting import build_index
from sracl.objectives.batch import NO_TARGET, Batch
from sracl.objectives.contrastive import ContrastiveObjective
from sracl.objectives.cross_sequence import CrossSequence
from sracl.objectives.intra_sequence import IntraSequence
from sracl.semantics.index import SemanticIndex

NAME = "sracl"
MAX_LENGTH = 20


class ContrastiveSASRec(SASRec):
    """RecBole's SASRec with contrastive objectives; a line of its loss differs from the original's.

    objectives: any of sracl's, each weighted by `weight`.
    """

    def __init__(self, config: Config, dataset: Any, objectives: list[ContrastiveObjective], weight: float) -> None:
        super().__init__(config, dataset)
        self.objectives = torch.nn.ModuleList(objectives)
        self.weight = weight
        self.generator = torch.Generator().manual_seed(config["seed"])
        # RecBole numbers users and items by first appearance from 1; its tokens are our numbers.
        self.users = _numbers(dataset.field2id_token[self.USER_ID])
        self.items = _numbers(dataset.field2id_token[self.ITEM_ID])
        self.ids = torch.zeros(int(self.items.max()) + 1, dtype=torch.long)
        self.ids[self.items[1:]] = torch.arange(1, len(self.items))

    def calculate_loss(self, interaction: Any) -> torch.Tensor:
        """RecBole's cross entropy, plus each objective's loss of the prefixes in this batch."""
        states = self.forward(interaction[self.ITEM_SEQ], interaction[self.ITEM_SEQ_LEN])
        loss = self.loss_fct(states @ self.item_embedding.weight.T, interaction[self.POS_ITEM_ID])
        batch = self.batch_of(interaction)
        for objective in self.objectives:
            drawn = objective.draw(batch, batch.rows.last, self.generator)
            if len(drawn.rows):
                loss = loss + self.weight * objective.loss(states, self.encoded(drawn.rows), drawn)
        return loss

    def batch_of(self, interaction: Any) -> Batch:
        """The prefixes as sracl's rows, one a prefix, whose last place is what contrasts."""
        sequences, lengths = interaction[self.ITEM_SEQ].cpu(), interaction[self.ITEM_SEQ_LEN].cpu()
        rows = Rows(self.items[sequences[torch.arange(sequences.shape[1]) < lengths[:, None]]], lengths)
        # An item's time is its place in the history, so that the target's time is how many items came before it.
        before = interaction["timestamp"].cpu().long()
        within = torch.arange(len(rows.items)) - rows.starts[rows.owner]
        positions = before[rows.owner] - lengths[rows.owner] + within + 1
        return Batch(
            rows=rows,
            users=self.users[interaction[self.USER_ID].cpu()],
            targets=torch.full_like(rows.items, NO_TARGET),
            positions=positions,
        )

    def encoded(self, rows: Rows) -> torch.Tensor:
        """RecBole's f of sracl's rows."""
        padded = torch.zeros(len(rows), self.max_seq_length, dtype=torch.long)
        padded[torch.arange(self.max_seq_length) < rows.lengths[:, None]] = self.ids[rows.items]
        return self.forward(padded.to(self.device), rows.lengths.to(self.device))


def train(dataset: Dataset, index: SemanticIndex, folder: Path, epochs: int, weight: float) -> dict[str, float]:
    """Train and test in RecBole's way; gives its test metrics."""
    write_atomic_file(dataset, folder / NAME / f"{NAME}.inter")
    config = recbole_config(folder, epochs)
    init_seed(config["seed"], config["reproducibility"])
    train_data, valid_data, test_data = data_preparation(config, create_dataset(config))
    objectives = [
        CrossSequence(index.pool, index.prefix_neighbors, index.prefix_embeddings, config["hidden_size"]),
        IntraSequence(index.item_neighbors),
    ]
    model = ContrastiveSASRec(config, train_data.dataset, objectives if weight else [], weight).to(config["device"])
    trainer = Trainer(config, model)
    trainer.fit(train_data, valid_data, saved=False, show_progress=False)
    return dict(trainer.evaluate(test_data, load_best_model=False))


def recbole_config(folder: Path, epochs: int) -> Config:
    """Leave-one-out, all items ranked, cross entropy."""
    return Config(
        model="SASRec",
        dataset=NAME,
        config_dict={
            "data_path": str(folder),
            "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
            "MAX_ITEM_LIST_LENGTH": MAX_LENGTH,
            "loss_type": "CE",
            "train_neg_sample_args": None,
            "eval_args": {"split": {"LS": "valid_and_test"}, "order": "TO", "group_by": "user", "mode": "full"},
            "metrics": ["Hit", "NDCG", "MRR"],
            "topk": [10],
            "valid_metric": "MRR@10",
            "epochs": epochs,
            "train_batch_size": 512,
            "hidden_dropout_prob": 0.2,
            "attn_dropout_prob": 0.2,
            "checkpoint_dir": str(folder / "checkpoints"),
            "use_gpu": False,
            "show_progress": False,
            "state": "ERROR",
        },
    )


def write_atomic_file(dataset: Dataset, path: Path) -> None:
    """Our numbers as RecBole's tokens, and an item's place in its history, from 0, as its time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    histories = dataset.histories
    owners = np.repeat(np.arange(len(histories)), histories.lengths)
    frame = pl.DataFrame(
        {
            "user_id:token": owners,
            "item_id:token": np.array(histories.values),
            "timestamp:float": np.arange(len(owners)) - histories.offsets[owners],
        }
    )
    frame.write_csv(path, separator="\t")


def _numbers(tokens: np.ndarray) -> torch.Tensor:
    """Our number of each of RecBole's ids; the first is its padding."""
    return torch.tensor([-1, *(int(token) for token in tokens[1:])])


def main() -> None:
    """Prepare and find neighbours with sracl, train with RecBole."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--interactions", type=Path, help="columns user_id, item_id, timestamp")
    parser.add_argument("--items", type=Path, help="column item_id and columns of text")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--weight", type=float, default=0.02, help="of each contrastive loss; 0: RecBole's SASRec")
    arguments = parser.parse_args()
    settings = make_config({"dataset": {"name": "ml-100k", "max_length": MAX_LENGTH}, "semantics": {"neighbors": 5}})
    if arguments.interactions:
        dataset, _ = build_dataset(arguments.interactions, arguments.items, Columns())
    else:
        raw = load_named("ml-100k")
        dataset, _ = build_dataset(raw.interactions, raw.items, Columns(text=raw.text))
    index = build_index(dataset, leave_one_out(dataset.histories), settings)
    # RecBole writes its logs into the working directory.
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        found = train(dataset, index, Path(folder), arguments.epochs, arguments.weight)
    print("test: " + ", ".join(f"{name} {value:.4f}" for name, value in found.items()))


if __name__ == "__main__":
    main()
