"""A catalogue and a backbone with more items than were trained, the new ones behind the known ones."""

import copy
from dataclasses import replace

import polars as pl
import torch
from torch import nn

from sracl.backbones.base import Backbone
from sracl.cold_items.space import Vectors
from sracl.datasets.dataset import Dataset, same_ids
from sracl.errors import InputError


def with_catalogue_rows(dataset: Dataset, items: pl.DataFrame) -> Dataset:
    """The data with the catalogue's columns of `items` behind it; known items keep their numbers, histories stay.

    items: column `item_id`, and what it has of the catalogue's other columns; missing ones become null. Raises
    InputError for ids that are missing, repeated, known already or of another type.
    """
    if "item_id" not in items.columns:
        raise InputError(f"new items need a column item_id; there are: {', '.join(items.columns)}")
    known = dataset.catalogue["item_id"]
    ids = same_ids(items["item_id"], known)
    if ids.null_count():
        bad = items["item_id"].filter(ids.is_null())
        raise InputError(f"{len(bad)} new item id(s) are missing or no {known.dtype}, such as {bad[0]!r}")
    if ids.n_unique() < len(ids):
        raise InputError(f"the new item {ids.filter(ids.is_duplicated())[0]!r} is there more than once")
    if (again := ids.filter(ids.is_in(known.implode()))).len():
        raise InputError(f"{again.len()} new item id(s) are known already, such as {again[0]!r}; leave them out")
    columns = [
        (pl.col(name) if name in items.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in dataset.catalogue.schema.items()
        if name != "item_id"
    ]
    rows = items.select(ids.alias("item_id"), *columns)
    return replace(dataset, catalogue=pl.concat([dataset.catalogue, rows]))


def with_item_vectors(backbone: Backbone, vectors: Vectors) -> Backbone:
    """A copy of a trained backbone that knows M more items, numbered from N on, by their vectors `[M, w]`.

    w: the width of its item vectors. What it gives for the N items is as it was. Beside the table of vectors no weight
    may have a row an item, which no known backbone's has.
    """
    count, table = backbone.item_count, backbone.item_embedding.weight.detach()
    rows = torch.cat([table[:count], torch.from_numpy(vectors).to(table), table[count:]])
    # The copy gets a table of its own; to copy the old one would be in vain.
    grown = copy.deepcopy(backbone, {id(backbone.item_embedding): nn.Identity()})
    grown.item_embedding = nn.Embedding.from_pretrained(rows, freeze=False, padding_idx=len(rows) - 1)
    for module in grown.modules():
        if isinstance(module, Backbone):
            module.item_count = len(rows) - 1
    return grown.eval()
