"""SRA-CL's objective in a training loop of one's own: no trainer, no configuration file, no run folder.

    python examples/plain_pytorch_loop.py [--interactions FILE --items FILE] [--epochs 3]

Without files it takes MovieLens-100k. What it prints is a line an epoch: the last step's losses, and
validation metrics.
"""

import argparse
from pathlib import Path

import torch

from sracl.backbones.gru4rec import GRU4Rec
from sracl.backbones.scorer import BackboneScorer
from sracl.config import make_config
from sracl.datasets.build import Columns, build_dataset
from sracl.datasets.dataset import Dataset
from sracl.datasets.named import load_named
from sracl.datasets.splits import Split, leave_one_out
from sracl.evaluation.evaluate import evaluate
from sracl.fitting import build_index
from sracl.objectives.cross_sequence import CrossSequence
from sracl.objectives.intra_sequence import IntraSequence
from sracl.objectives.training_objective import TrainingObjective, Weighted
from sracl.semantics.index import SemanticIndex
from sracl.training.batches import TrainingRows

MAX_LENGTH = 20
TARGETS_PER_STEP = 350


def prepared(interactions: Path | None, items: Path | None) -> tuple[Dataset, Split, SemanticIndex]:
    """The data, its split, and the neighbours that the texts give."""
    settings = make_config({"dataset": {"name": "ml-100k", "max_length": MAX_LENGTH}, "semantics": {"neighbors": 5}})
    if interactions is not None:
        dataset, _ = build_dataset(interactions, items, Columns())
    else:
        raw = load_named("ml-100k")
        dataset, _ = build_dataset(raw.interactions, raw.items, Columns(text=raw.text))
    split = leave_one_out(dataset.histories)
    return dataset, split, build_index(dataset, split, settings)


def main() -> None:
    """Put the objective together, and train it as any PyTorch module is trained."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--interactions", type=Path, help="columns user_id, item_id, timestamp")
    parser.add_argument("--items", type=Path, help="column item_id and columns of text")
    parser.add_argument("--epochs", type=int, default=3)
    arguments = parser.parse_args()
    dataset, split, index = prepared(arguments.interactions, arguments.items)

    torch.manual_seed(0)
    backbone = GRU4Rec(dataset.item_count, dimension=64, max_length=MAX_LENGTH, dropout=0.2)
    cross = CrossSequence(index.pool, index.prefix_neighbors, index.prefix_embeddings, backbone.dimension)
    intra = IntraSequence(index.item_neighbors, substitution=0.2)
    objective = TrainingObjective(
        backbone, {"cross_sequence": Weighted(cross, 0.02), "intra_sequence": Weighted(intra, 0.02)}
    )

    # From here on, nothing but PyTorch: the objective is a module that is called with a batch and its draws.
    rows = TrainingRows.of(split.training, MAX_LENGTH)
    optimizer = torch.optim.AdamW(objective.parameters(), lr=0.003)
    generator = torch.Generator().manual_seed(0)
    for epoch in range(1, arguments.epochs + 1):
        objective.begin_epoch(epoch, torch.Generator().manual_seed(epoch))
        objective.train()
        for batch in rows.epoch(TARGETS_PER_STEP, generator):
            losses = objective(batch, objective.draw(batch, generator))
            optimizer.zero_grad()
            losses.total.backward()
            torch.nn.utils.clip_grad_norm_(objective.parameters(), 5.0)
            optimizer.step()
        found = evaluate(BackboneScorer(backbone), split, "validation", cutoffs=(10,)).kept
        told = {name: float(loss) for name, loss in losses.parts.items()} | found
        print(f"epoch {epoch}: " + ", ".join(f"{name} {value:.4f}" for name, value in told.items()), flush=True)


if __name__ == "__main__":
    main()
