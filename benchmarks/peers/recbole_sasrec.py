"""RecBole 1.2.1's SASRec with its cross entropy over the catalogue, a row a prefix, by its own loader and trainer."""

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import protocol
import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.model.sequential_recommender import SASRec
from recbole.trainer import Trainer


def write_interactions(data: protocol.Data, folder: Path) -> None:
    """RecBole's atomic file of all interactions; it holds the last two of each user out by itself."""
    users = np.repeat(np.arange(len(data.offsets) - 1), np.diff(data.offsets))
    (folder / "data").mkdir()
    with (folder / "data" / "data.inter").open("w") as file:
        file.write("user_id:token\titem_id:token\ttimestamp:float\n")
        file.writelines(
            f"{user}\t{item}\t{time}\n" for time, (user, item) in enumerate(zip(users, data.values, strict=True))
        )


def main() -> None:
    """Train and record."""
    arguments = protocol.arguments()
    data = protocol.Data.load(arguments.data)
    folder = Path(tempfile.mkdtemp())
    write_interactions(data, folder)
    os.chdir(folder)
    config = Config(
        model="SASRec",
        dataset="data",
        config_dict={
            "data_path": str(folder),
            "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
            "eval_args": {"split": {"LS": "valid_and_test"}, "group_by": "user", "order": "TO", "mode": "full"},
            "train_neg_sample_args": None,
            "loss_type": "CE",
            "MAX_ITEM_LIST_LENGTH": protocol.MAX_LENGTH,
            "hidden_size": protocol.DIMENSION,
            "inner_size": protocol.INNER,
            "n_layers": protocol.LAYERS,
            "n_heads": protocol.HEADS,
            "hidden_dropout_prob": protocol.DROPOUT,
            "attn_dropout_prob": protocol.DROPOUT,
            "learning_rate": protocol.LEARNING_RATE,
            "train_batch_size": protocol.TARGETS_A_STEP,
            "use_gpu": False,
            "seed": arguments.seed,
            "show_progress": False,
            "state": "ERROR",
        },
    )
    dataset = create_dataset(config)
    training, _, _ = data_preparation(config, dataset)
    model = SASRec(config, training.dataset)
    trainer = Trainer(config, model)
    numbers = torch.from_numpy(dataset.token2id("item_id", [str(item) for item in range(data.item_count)]))

    def encode(histories: Sequence[np.ndarray]) -> torch.Tensor:
        model.eval()
        own = [numbers.numpy()[history] for history in histories]
        items = protocol.padded(own, 0, 0, left=False)
        lengths = torch.tensor([min(len(history), protocol.MAX_LENGTH) for history in histories])
        parts = zip(items.split(protocol.USERS_AT_ONCE), lengths.split(protocol.USERS_AT_ONCE), strict=True)
        return torch.cat([model(*part) for part in parts])

    watch = protocol.Watch(
        data,
        "RecBole 1.2.1",
        arguments.out,
        arguments.epochs,
        arguments.patience,
        encode,
        lambda: model.item_embedding.weight[numbers],
    )
    epoch = 0

    def learn() -> None:
        nonlocal epoch
        model.train()
        trainer._train_epoch(training, epoch)
        epoch += 1

    begin = time.perf_counter()
    protocol.learn(watch, learn)
    print(f"in all {time.perf_counter() - begin:.1f} s")


if __name__ == "__main__":
    main()
