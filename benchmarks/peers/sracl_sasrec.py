"""sracl's own SASRec, and with `--whole` SRA-CL on it, by the loop's rows, objective and memory settings."""

from collections.abc import Sequence

import numpy as np
import protocol
import torch

from sracl.backbones.scorer import BackboneScorer
from sracl.config import read_config
from sracl.datasets.dataset import Dataset
from sracl.datasets.sequences import Sequences
from sracl.datasets.splits import leave_one_out
from sracl.products import without_kernels_by_shape
from sracl.semantics.index import SemanticIndex
from sracl.semantics.stages import pool_of
from sracl.training.allocator import keep_freed_memory
from sracl.training.assembly import make_objective, make_plain_objective
from sracl.training.batches import TrainingRows


def main() -> None:
    """Train and record."""
    arguments = protocol.arguments()
    data = protocol.Data.load(arguments.data)
    config = read_config(arguments.run_dir / "config.yaml")
    dataset = Dataset.load(arguments.run_dir / "dataset")
    split = leave_one_out(dataset.histories)
    keep_freed_memory()
    if arguments.whole:
        index = SemanticIndex.load(arguments.run_dir / "semantics", dataset, pool_of(split, config))
        objective = make_objective(config, dataset.item_count, split.training, semantic=index)
    else:
        objective = make_plain_objective(config, dataset.item_count, split.training)
    rows = TrainingRows.of(split.training, protocol.MAX_LENGTH)
    optimizer = torch.optim.Adam(objective.parameters(), lr=protocol.LEARNING_RATE, fused=True)
    generator = torch.Generator().manual_seed(arguments.seed)

    def epoch() -> None:
        objective.train()
        with without_kernels_by_shape():
            for batch in rows.epoch(protocol.TARGETS_A_STEP, generator):
                loss = objective(batch, objective.draw(batch, generator)).total
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()

    def factors(histories: Sequence[np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
        values = np.concatenate(histories)
        lengths = np.array([len(history) for history in histories])
        return BackboneScorer(objective.backbone).factors(Sequences.from_lengths(values, lengths))

    name = "sracl, SRA-CL on SASRec" if arguments.whole else "sracl"
    watch = protocol.Watch(
        data,
        name,
        arguments.out,
        arguments.epochs,
        arguments.patience,
        lambda histories: factors(histories)[0],
        lambda: objective.backbone.item_table.detach(),
    )
    protocol.learn(watch, epoch)


if __name__ == "__main__":
    main()
