"""RecTools 0.19's SASRec with its softmax loss, by its own loader and Lightning trainer.

Its feed-forward layers are of width d, not 4d, and cannot be set: it has less to compute than the others.
"""

from collections.abc import Sequence
from copy import copy

import numpy as np
import pandas as pd
import protocol
import torch
from lightning_watch import watching
from pytorch_lightning import Callback, Trainer
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import SASRecModel


def main() -> None:
    """Train and record."""
    arguments = protocol.arguments()
    data = protocol.Data.load(arguments.data)
    histories = data.histories(2)
    items = np.concatenate(histories)
    frame = pd.DataFrame(
        {
            Columns.User: np.repeat(np.arange(len(histories)), [len(history) for history in histories]),
            Columns.Item: items,
            Columns.Weight: 1.0,
            Columns.Datetime: pd.to_datetime(np.arange(len(items)), unit="s"),
        }
    )
    watch: protocol.Watch

    def trainer() -> Trainer:
        return Trainer(
            max_epochs=arguments.epochs,
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            callbacks=[watching(Callback, watch)],
        )

    model = SASRecModel(
        n_blocks=protocol.LAYERS,
        n_heads=protocol.HEADS,
        n_factors=protocol.DIMENSION,
        dropout_rate=protocol.DROPOUT,
        session_max_len=protocol.MAX_LENGTH,
        loss="softmax",
        lr=protocol.LEARNING_RATE,
        batch_size=data.users_a_step,
    )

    def table() -> torch.Tensor:
        vectors = model.lightning_model.torch_model.item_model.get_all_embeddings()
        known = model.data_preparator.item_id_map
        external = known.get_external_sorted_by_internal()[model.data_preparator.n_item_extra_tokens :].astype(np.int64)
        # Items that no one has bought in training have no vector there.
        full = torch.zeros(data.item_count, vectors.shape[1])
        full[torch.from_numpy(external)] = vectors[model.data_preparator.n_item_extra_tokens :]
        return full

    def encode(wanted: Sequence[np.ndarray]) -> torch.Tensor:
        network = model.lightning_model.torch_model
        network.eval()
        known = model.data_preparator.item_id_map
        external = known.get_external_sorted_by_internal()[model.data_preparator.n_item_extra_tokens :].astype(np.int64)
        numbers = np.zeros(data.item_count, dtype=np.int64)
        numbers[external] = np.arange(len(external)) + model.data_preparator.n_item_extra_tokens
        rows = protocol.padded([numbers[history] for history in wanted], 0, 0, left=True)
        vectors = network.item_model.get_all_embeddings()
        parts = rows.split(protocol.USERS_AT_ONCE)
        return torch.cat([network.encode_sessions({"x": part}, vectors)[:, -1] for part in parts])

    watch = protocol.Watch(data, "RecTools 0.19.0", arguments.out, arguments.epochs, arguments.patience, encode, table)
    model._trainer = trainer()
    dataset = Dataset.construct(frame)
    model._build_model_from_dataset(dataset)
    # `fit` copies the trainer, and the watch with it; this is what it does otherwise.
    copy(model._trainer).fit(model.lightning_model, model.data_preparator.get_dataloader_train())


if __name__ == "__main__":
    main()
