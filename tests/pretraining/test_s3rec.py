"""S3-Rec's losses against a plain reading of its formulas, for the same weights and draws; and what they teach."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch
from torch import Tensor

from item_embeddings.contract import CutIn
from reference.oracle import Oracle
from sracl.backbones import BACKBONES, BERT4Rec, LiGR, SASRec
from sracl.config import BackboneConfig, ItemEmbeddingConfig, PretrainingConfig
from sracl.datasets.dataset import Dataset
from sracl.item_embeddings import with_item_vectors
from sracl.objectives.batch import Batch
from sracl.pretraining.attributes import Attributes
from sracl.pretraining.hiding import Hidden
from sracl.pretraining.mutual_information import Bilinear
from sracl.pretraining.s3rec import S3Rec
from sracl.training.assembly import make_backbone
from sracl.training.batches import TrainingRows
from sracl.training.loop import built_from_seed, pretrain
from support.batches import generator, histories_of
from support.small_training import settings
from support.texts import KINDS, kinds_in_turn, texts_of_kinds

ITEMS, LENGTH, WIDTH = 30, 8, 8
LOSSES = {"masked_item": 1.0, "masked_attribute": 0.7, "associated_attribute": 0.2, "segment": 0.5}
ABLE = [name for name, backbone in BACKBONES.items() if backbone.both_ways]


def attributes() -> Attributes:
    """Item i is of the kind i % KINDS, and every fourth has a mark."""
    kinds = [f"kind {item % KINDS}" + (" | marked" if item % 4 == 0 else "") for item in range(ITEMS)]
    catalogue = pl.DataFrame({"item_id": range(ITEMS), "kinds": kinds})
    dataset = Dataset(pl.DataFrame({"user_id": [1]}), catalogue, histories_of([3], ITEMS), ("kinds",))
    return Attributes.of(dataset, ["kinds"], "|")


def made(name: str = "sasrec", some: Attributes | None = None, **changes: object) -> tuple[S3Rec, Batch]:
    torch.manual_seed(0)
    more = {"positions": "start"} if name != "sasrec" else {}
    backbone = make_backbone(BackboneConfig(name=name, dimension=WIDTH, dropout=0.0, **more), ITEMS, LENGTH)
    histories = histories_of([2, 3, 9, 5, 1, 7, 4], ITEMS)
    wished = PretrainingConfig(kind="s3rec", masking=0.3, **{**LOSSES, **changes})
    pretraining = S3Rec(backbone, wished, histories, attributes() if some is None else some)
    for parameter in pretraining.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    rows = TrainingRows.whole(histories, LENGTH)
    return pretraining, rows.batch(np.arange(len(rows)))


def f(one: Tensor, score: Bilinear, other: Tensor) -> Tensor:
    product = one @ score.weight @ other
    return torch.sigmoid(product) if score.bounded else product


def bound(positive: Tensor, others: list[Tensor]) -> Tensor:
    """-(f - log(exp f + sum of exp f'))."""
    return -(positive - torch.log(torch.exp(positive) + sum(torch.exp(other) for other in others)))


def plain(pretraining: S3Rec, drawn: Hidden) -> dict[str, Tensor]:
    """Every loss, a row at a time."""
    backbone, has = pretraining.backbone, pretraining.attributes.of_items(torch.arange(ITEMS)).tolist()
    table = backbone.item_embedding.weight[:ITEMS]
    mask = pretraining.mask if pretraining.mask is not None else backbone.mask
    tags = pretraining.attribute_vectors
    weights = pretraining.scores

    def states(items: list[int], hidden: list[bool]) -> Tensor:
        row = torch.stack([mask if gone else table[item] for item, gone in zip(items, hidden, strict=True)])
        return backbone.encode_both_ways(row[None], torch.tensor([len(items)]))[0]

    found: dict[str, list[Tensor]] = {name: [] for name in LOSSES}

    def of_attributes(name: str, vector: Tensor, item: int) -> None:
        own = [number for number, there in enumerate(has[item]) if there]
        others = [f(vector, weights[name], tags[n]) for n in range(len(tags)) if n not in own]
        if own:
            bounds = [bound(f(vector, weights[name], tags[number]), others) for number in own]
            found[name].append(torch.stack(bounds).mean())

    sizes = drawn.rows.lengths.tolist()
    parts = [part.split(sizes) for part in (drawn.rows.items, drawn.hidden, drawn.segment, drawn.other)]
    for items, hidden, segment, other in zip(*([p.tolist() for p in part] for part in parts), strict=True):
        row = states(items, hidden)
        for place, item in enumerate(items):
            if hidden[place]:
                scores = [f(row[place], weights["masked_item"], vector) for vector in table]
                found["masked_item"].append(bound(scores[item], scores[:item] + scores[item + 1 :]))
                of_attributes("masked_attribute", row[place], item)
            else:
                of_attributes("associated_attribute", table[item], item)
        if len(items) > 1:
            rest = [not inside for inside in segment]
            context = states(items, segment)[-1]
            own, negative = (states(given, rest)[-1] for given in (items, other))
            worse = f(context, weights["segment"], negative)
            found["segment"].append(bound(f(context, weights["segment"], own), [worse]))
    return {name: torch.stack(values).mean() for name, values in found.items()}


@pytest.mark.parametrize(("name", "scores"), [*((name, "sigmoid") for name in ABLE), ("sasrec", "product")])
def test_losses_and_gradients_equal_the_plain_reading(name: str, scores: str) -> None:
    pretraining, batch = made(name, scores=scores)
    drawn = pretraining.draw(batch, generator(3))
    losses = pretraining(batch, drawn)
    losses.total.backward()
    gradients = {key: parameter.grad.clone() for key, parameter in pretraining.named_parameters()}
    pretraining.zero_grad()
    expected = plain(pretraining, drawn)
    sum(LOSSES[key] * value for key, value in expected.items()).backward()
    assert set(losses.parts) == set(LOSSES)
    for key, value in expected.items():
        torch.testing.assert_close(losses.parts[key], value.detach(), rtol=1e-4, atol=1e-5, msg=key)
    for key, parameter in pretraining.named_parameters():
        torch.testing.assert_close(gradients[key], parameter.grad, rtol=2e-3, atol=1e-6, msg=key)


def test_sasrec_reads_both_ways_as_its_formulas_do_without_the_triangle() -> None:
    pretraining, _ = made()
    backbone = pretraining.backbone
    assert isinstance(backbone, SASRec)
    weights = {f"backbone.{name}": value for name, value in backbone.named_parameters()}
    oracle = Oracle(weights, heads=2, max_length=LENGTH, positions="end")
    items = torch.tensor([4, 1, 7, 7, 2])
    x = backbone.item_embedding(items)[None] + backbone.position_embedding.weight[LENGTH - 5 :]
    x = oracle.norm("backbone.input_norm", x)
    for layer in range(2):
        x = oracle.block(f"backbone.blocks.{layer}", x, torch.ones(1, 5, 5, dtype=torch.bool))
    found = backbone.encode_both_ways(backbone.item_embedding(items)[None], torch.tensor([5]))
    torch.testing.assert_close(found, x, rtol=1e-4, atol=1e-5)


def test_a_backbone_with_a_mask_lends_it_and_another_gets_one() -> None:
    bert, _ = made("bert4rec")
    assert isinstance(bert.backbone, BERT4Rec)
    assert bert.mask is None
    ligr, _ = made("ligr")
    assert isinstance(ligr.backbone, LiGR)
    assert ligr.mask.shape == (WIDTH,)


def test_without_attributes_or_weights_losses_fall_away() -> None:
    nothing = replace(attributes(), names=(), offsets=torch.zeros(ITEMS + 1).long(), numbers=torch.empty(0).long())
    pretraining, batch = made(some=nothing)
    losses = pretraining(batch, pretraining.draw(batch, generator()))
    assert set(losses.parts) == {"masked_item", "segment"}
    pretraining, batch = made(segment=0.0, masked_attribute=0.0)
    losses = pretraining(batch, pretraining.draw(batch, generator()))
    assert set(losses.parts) == {"masked_item", "associated_attribute"}
    torch.testing.assert_close(
        losses.total.detach(), losses.parts["masked_item"] + 0.2 * losses.parts["associated_attribute"]
    )


@pytest.mark.parametrize("kind", ["text-adapted", "dual-view"])
def test_it_goes_around_item_vectors_of_texts(kind: str) -> None:
    pretraining, batch = made()
    inner = make_backbone(BackboneConfig(dimension=WIDTH), ITEMS, LENGTH)
    vectors = with_item_vectors(inner, ItemEmbeddingConfig(kind=kind), texts_of_kinds(ITEMS))
    other = S3Rec(vectors, pretraining.settings, histories_of([5], ITEMS), attributes())
    losses = other(batch, other.draw(batch, generator()))
    losses.total.backward()
    for name, parameter in other.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


def trained(tmp_path=None, watcher=None, epochs: int = 8, **changes: object) -> S3Rec:
    split = kinds_in_turn(ITEMS, 6, users=60)
    wished = PretrainingConfig(kind="s3rec", **{**LOSSES, **changes})

    def build() -> S3Rec:
        backbone = SASRec(ITEMS, WIDTH, LENGTH, layers=1, heads=2, dropout=0.1)
        return S3Rec(backbone, wished, split.training, attributes())

    loop = settings(epochs=epochs, learning_rate=0.02, targets_per_step=100)
    return pretrain(built_from_seed(0, build), split, loop, 0, tmp_path, watcher).objective


def test_an_interrupted_pretraining_goes_on_and_ends_as_it_would_have(tmp_path) -> None:
    whole = trained(epochs=3)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path, CutIn(epoch=2), epochs=3)
    resumed = trained(tmp_path, epochs=3)
    for name, tensor in whole.backbone.state_dict().items():
        assert torch.equal(tensor, resumed.backbone.state_dict()[name]), name


@pytest.mark.slow
def test_items_of_one_attribute_come_together_and_hidden_items_are_found_by_their_neighbours() -> None:
    """The planted pattern: kinds follow kinds, and attributes say which items are alike."""
    split = kinds_in_turn(ITEMS, 6, users=50)
    torch.manual_seed(0)
    backbone = SASRec(ITEMS, 16, LENGTH, layers=1, heads=2, dropout=0.0)
    wished = PretrainingConfig(kind="s3rec", scores="product", **LOSSES)
    pretraining = S3Rec(backbone, wished, split.training, attributes())
    rows, draws = TrainingRows.whole(split.training, LENGTH), generator()
    batch, optimizer = rows.batch(np.arange(len(rows))), torch.optim.Adam(pretraining.parameters(), lr=0.02)
    for _ in range(150):
        optimizer.zero_grad()
        pretraining(batch, pretraining.draw(batch, draws)).total.backward()
        optimizer.step()
    table = torch.nn.functional.normalize(backbone.item_table.detach()[:24], dim=1)
    alike = (torch.arange(24)[:, None] - torch.arange(24)) % KINDS == 0
    similarity = table @ table.T
    assert similarity[alike & ~torch.eye(24, dtype=torch.bool)].mean() > similarity[~alike].mean() + 0.5
    found = [kind_found(pretraining, torch.from_numpy(row[-LENGTH:]).long()) for row in split.training]
    # One of six kinds by chance.
    assert torch.cat(found).float().mean() > 0.4


@torch.no_grad()
def kind_found(pretraining: S3Rec, items: Tensor) -> Tensor:
    """Whether the best item for each place, hidden alone, is of the kind that stood there."""
    backbone, hidden = pretraining.backbone, torch.eye(len(items), dtype=torch.bool)
    rows = torch.where(hidden[..., None], pretraining.mask, backbone.item_embedding(items))
    states = backbone.encode_both_ways(rows, torch.full((len(items),), len(items)))[hidden]
    best = pretraining.scores["masked_item"].with_all(states, backbone.item_table[:24]).argmax(dim=1)
    return best % KINDS == items % KINDS
