"""The plain reading of SRA-CL's method table, that the fast path and the benchmark are held against.

Every prefix is a padded row of its own, nothing is shared between prefixes, and loops stand where they are clearest.
Nothing here imports the program: only tensors go in and come out.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

PADDING = -1


@dataclass
class Prefix:
    """One training prefix and everything drawn for it.

    items: oldest first; row_length: number of items of the row it came from (its own, where a prefix is a row).
    neighbours: the items of each retrieved prefix; kept: which of them survive the dropout; neighbour_row_lengths: as
    row_length, of the neighbours (their own lengths where it is None).
    """

    user: int
    items: list[int]
    target: int
    row_length: int
    embedding: Tensor | None = None
    neighbours: list[list[int]] | None = None
    neighbour_embeddings: Tensor | None = None
    kept: list[bool] | None = None
    neighbour_row_lengths: list[int] | None = None
    views: tuple[list[int], list[int]] | None = None


class Oracle:
    """SASRec and the three losses from named weights.

    weights: the training objective's parameters by name; dropout: of the backbone, 0 to compare.
    """

    def __init__(
        self,
        weights: dict[str, Tensor],
        heads: int,
        max_length: int,
        positions: str = "start",
        dropout: float = 0.0,
        synthesis_dropout: float = 0.5,
        temperature: float = 1.0,
    ) -> None:
        self.weights = weights
        self.heads, self.max_length, self.positions = heads, max_length, positions
        self.dropout, self.synthesis_dropout, self.temperature = dropout, synthesis_dropout, temperature
        self.layers = len({name.split(".")[2] for name in weights if name.startswith("backbone.blocks.")})

    def weight(self, name: str) -> Tensor:
        return self.weights[name]

    def linear(self, name: str, x: Tensor) -> Tensor:
        return x @ self.weight(f"{name}.weight").T + self.weight(f"{name}.bias")

    def norm(self, name: str, x: Tensor) -> Tensor:
        mean = x.mean(-1, keepdim=True)
        variance = ((x - mean) ** 2).mean(-1, keepdim=True)
        normal = (x - mean) / torch.sqrt(variance + 1e-12)
        return normal * self.weight(f"{name}.weight") + self.weight(f"{name}.bias")

    def drop(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.dropout, training=self.dropout > 0)

    def encode(self, rows: list[list[int]], row_lengths: list[int] | None = None) -> Tensor:
        """f of every row, `[B, d]`, padded to the full `max_length`."""
        row_lengths = row_lengths or [len(row) for row in rows]
        length = self.max_length
        items = torch.tensor([row + [PADDING] * (length - len(row)) for row in rows])
        offsets = torch.tensor([0 if self.positions == "start" else length - n for n in row_lengths])
        positions = (torch.arange(length)[None, :] + offsets[:, None]).clamp(max=length - 1)
        real = items != PADDING
        table = self.weight("backbone.item_embedding.weight")
        x = torch.where(real[..., None], table[items.clamp(min=0)], 0.0)
        x = x + self.weight("backbone.position_embedding.weight")[positions]
        x = self.drop(self.norm("backbone.input_norm", x))
        earlier = torch.ones(length, length).tril().bool()
        visible = earlier[None, :, :] & real[:, None, :]
        for layer in range(self.layers):
            x = self.block(f"backbone.blocks.{layer}", x, visible)
        return torch.stack([x[row, len(items_of_row) - 1] for row, items_of_row in enumerate(rows)])

    def block(self, name: str, x: Tensor, visible: Tensor) -> Tensor:
        width = x.shape[-1]
        query, key, value = self.linear(f"{name}.query_key_value", x).split(width, dim=-1)
        heads, size = [], width // self.heads
        for head in range(self.heads):
            part = slice(head * size, (head + 1) * size)
            score = query[..., part] @ key[..., part].transpose(1, 2) / size**0.5
            share = torch.softmax(score.masked_fill(~visible, float("-inf")), dim=-1)
            heads.append(self.drop(share) @ value[..., part])
        x = self.norm(
            f"{name}.attention_norm", x + self.drop(self.linear(f"{name}.attention_output", torch.cat(heads, -1)))
        )
        inner = functional.gelu(self.linear(f"{name}.inner", x))
        return self.norm(f"{name}.feed_forward_norm", x + self.drop(self.linear(f"{name}.outer", inner)))

    def next_item(self, prefixes: list[Prefix], item_count: int) -> Tensor:
        """Cross entropy of f(p) E^T over the whole catalogue."""
        states = self.encode([p.items for p in prefixes], [p.row_length for p in prefixes])
        logits = states @ self.weight("backbone.item_embedding.weight")[:item_count].T
        return functional.cross_entropy(logits, torch.tensor([p.target for p in prefixes]))

    def cross_sequence(self, prefixes: list[Prefix]) -> Tensor:
        """InfoNCE between f(p) and z_p; every neighbour is encoded, whether it survives or not."""
        prefixes = [p for p in prefixes if p.neighbours]
        own = self.encode([p.items for p in prefixes], [p.row_length for p in prefixes])
        most = max(len(p.neighbours) for p in prefixes)
        # A prefix with fewer neighbours gives its own items where one is missing; the weight below is zero there.
        padded = [p.neighbours + [p.items] * (most - len(p.neighbours)) for p in prefixes]
        lengths = [p.neighbour_row_lengths or [len(items) for items in p.neighbours] for p in prefixes]
        lengths = [own + [p.row_length] * (most - len(own)) for p, own in zip(prefixes, lengths, strict=True)]
        states = torch.stack(
            [self.encode([n[place] for n in padded], [n[place] for n in lengths]) for place in range(most)], dim=1
        )
        w = self.weight("contrastive.cross_sequence.synthesis.projection")
        a = self.weight("contrastive.cross_sequence.synthesis.attention")
        synthesised = []
        for number, p in enumerate(prefixes):
            query = p.embedding @ w
            keys = p.neighbour_embeddings @ w
            score = torch.stack([a @ torch.cat([query, key]) for key in keys])
            share = torch.softmax(functional.leaky_relu(score, 0.2), dim=0)
            share = share * torch.tensor(p.kept) / (1 - self.synthesis_dropout)
            synthesised.append(share @ states[number, : len(p.neighbours)])
        return self.info_nce(own, torch.stack(synthesised), [p.user for p in prefixes])

    def intra_sequence(self, prefixes: list[Prefix]) -> Tensor:
        """InfoNCE between f(p') and f(p'')."""
        first = self.encode([p.views[0] for p in prefixes])
        second = self.encode([p.views[1] for p in prefixes])
        return self.info_nce(first, second, [p.user for p in prefixes])

    def info_nce(self, first: Tensor, second: Tensor, users: list[int]) -> Tensor:
        """Each of the 2B vectors against its partner and the vectors of other users."""
        vectors, owners, count = torch.cat([first, second]), users + users, len(first)
        similarity = vectors @ vectors.T / self.temperature
        losses = []
        for v in range(2 * count):
            partner = (v + count) % (2 * count)
            compared = [w for w in range(2 * count) if w == partner or owners[w] != owners[v]]
            losses.append(torch.logsumexp(similarity[v, compared], dim=0) - similarity[v, partner])
        return torch.stack(losses).mean()
