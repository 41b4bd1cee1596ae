"""RePlay 0.22's SasRec with its full cross entropy, by its own Parquet loader and Lightning module."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import lightning
import numpy as np
import polars as pl
import protocol
import torch
from lightning_watch import watching
from replay.data import FeatureHint, FeatureSource, FeatureType
from replay.data.nn import ParquetModule, TensorFeatureInfo, TensorFeatureSource, TensorSchema
from replay.nn.lightning import LightningModule
from replay.nn.lightning.optimizer import OptimizerFactory
from replay.nn.sequential import SasRec
from replay.nn.transform.template import make_default_sasrec_transforms


def main() -> None:
    """Train and record."""
    arguments = protocol.arguments()
    data = protocol.Data.load(arguments.data)
    padding = data.item_count
    schema = TensorSchema(
        [
            TensorFeatureInfo(
                "item_id",
                is_seq=True,
                feature_type=FeatureType.CATEGORICAL,
                embedding_dim=protocol.DIMENSION,
                padding_value=padding,
                cardinality=data.item_count,
                feature_hint=FeatureHint.ITEM_ID,
                feature_sources=[TensorFeatureSource(FeatureSource.INTERACTIONS, "item_id")],
            )
        ]
    )
    path = Path(tempfile.mkdtemp()) / "train.parquet"
    # One item more than is read: the last is a target alone.
    histories = [history[-protocol.MAX_LENGTH - 1 :].tolist() for history in data.histories(2)]
    pl.DataFrame({"item_id": histories}).write_parquet(path)
    shape = {"item_id": {"shape": protocol.MAX_LENGTH + 1, "padding": padding}}
    module = ParquetModule(
        batch_size=data.users_a_step,
        metadata={"train": shape},
        transforms={"train": make_default_sasrec_transforms(schema)["train"]},
        train_path=str(path),
    )
    network = SasRec.from_params(
        schema,
        embedding_dim=protocol.DIMENSION,
        num_heads=protocol.HEADS,
        num_blocks=protocol.LAYERS,
        max_sequence_length=protocol.MAX_LENGTH,
        dropout=protocol.DROPOUT,
        hidden_dim=protocol.INNER,
    )

    def encode(wanted: Sequence[np.ndarray]) -> torch.Tensor:
        network.eval()
        rows = protocol.padded(wanted, 0, padding, left=True)
        parts = rows.split(protocol.USERS_AT_ONCE)
        return torch.cat([network.body({"item_id": part}, part != padding)[:, -1] for part in parts])

    def table() -> torch.Tensor:
        return network.body.embedder.get_item_weights(None)[: data.item_count]

    watch = protocol.Watch(data, "RePlay 0.22.0", arguments.out, arguments.epochs, arguments.patience, encode, table)
    trainer = lightning.Trainer(
        max_epochs=arguments.epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        limit_val_batches=0,
        callbacks=[watching(lightning.Callback, watch)],
    )
    optimizer = OptimizerFactory(learning_rate=protocol.LEARNING_RATE)
    trainer.fit(LightningModule(network, optimizer_factory=optimizer), datamodule=module)


if __name__ == "__main__":
    main()
