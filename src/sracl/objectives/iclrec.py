"""ICLRec: two views of a prefix agree with its intent and with each other (Chen et al., WWW 2022, arXiv 2202.02519)."""

from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from sracl.backbones.base import Backbone
from sracl.datasets.prefixes import PrefixPool
from sracl.errors import SraclError
from sracl.objectives.augmentations import Crop, Mask, OneOf, Reorder, Share
from sracl.objectives.batch import Batch
from sracl.objectives.context import ObjectiveContext
from sracl.objectives.contrastive import ContrastiveObjective, Part, Temperature
from sracl.objectives.info_nce import info_nce
from sracl.objectives.intents import IntentCount, Intents, find_intents, intent_contrast
from sracl.objectives.views import DrawnViews, draw_views


class ICLRec(ContrastiveObjective[DrawnViews]):
    """intent x L_ICL + sequence x L_SeqCL (ICLRec's total is next item + lambda L_ICL + beta L_SeqCL).

    L_SeqCL: InfoNCE between two views of p, as in `CL4SRec`. L_ICL: the mean over both views of `intent_contrast` with
    the intent of p, the nearest of K centres; same intents are no negatives.

    Expectation: before every epoch, k-means over the vectors of all users' training histories. Maximisation: the epoch.
    A sequence's vector is f, the state of its last place; the release takes the mean over all places to cluster and
    to compare with intents, and all places side by side in L_SeqCL. Centres are unit vectors where they are compared
    with views, as in the release.

    pool: numbers the prefixes of the training sequences. Shares, K and both parts are the release's for Beauty.
    """

    title: ClassVar[str] = "ICLRec"

    @classmethod
    def of(cls, context: ObjectiveContext, **settings: Any) -> "ICLRec":
        """The loss for these training sequences."""
        return cls(PrefixPool(context.training, context.max_length), context.item_count, **settings)

    def __init__(
        self,
        pool: PrefixPool,
        item_count: int,
        intents: IntentCount = 256,
        intent: Part = 1.0,
        sequence: Part = 1.0,
        crop: Share = 0.2,
        mask: Share = 0.7,
        reorder: Share = 0.2,
        temperature: Temperature = 1.0,
    ) -> None:
        super().__init__()
        self.pool = pool
        self.intent_count = intents
        self.parts = (intent, sequence)
        self.augment = OneOf([Crop(crop), Mask(mask, item_count), Reorder(reorder)])
        self.temperature = temperature
        self.intents: Intents | None = None

    def begin_epoch(self, backbone: Backbone, epoch: int, generator: torch.Generator) -> None:
        """Cluster the users' histories."""
        sequences = self.pool.sequences
        whole = sequences.offsets[1:][np.asarray(sequences.lengths) > 0] - 1
        self.intents = find_intents(backbone, self.pool, whole, self.intent_count, generator)

    def draw(self, batch: Batch, anchors: Int[Tensor, "A"], generator: torch.Generator) -> DrawnViews:
        """Two views of every anchor's prefix."""
        return draw_views(batch, anchors, self.augment, self.augment, generator)

    def loss(
        self, anchor_states: Float[Tensor, "A d"], encoded: Float[Tensor, "V d"], drawn: DrawnViews
    ) -> Float[Tensor, ""]:
        """Both parts. Raises SraclError before the first epoch."""
        if self.intents is None:
            raise SraclError("intents are found before an epoch: call `begin_epoch` first")
        intent, sequence = self.parts
        first, second = drawn.halves(encoded)
        users = drawn.users
        numbers = self.intents.of(anchor_states)
        centres = self.intents.vectors(numbers).to(encoded.dtype)
        with_intents = [intent_contrast(view, centres, users, numbers, self.temperature) for view in (first, second)]
        of_intents = torch.stack(with_intents).mean()
        return intent * of_intents + sequence * info_nce(first, second, users, self.temperature)
