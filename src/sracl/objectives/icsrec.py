"""ICSRec: prefixes of one target share a coarse intent, and each has a fine one (Qin et al., WSDM 2024, 2310.14318)."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from sracl.backbones.base import Backbone
from sracl.errors import SraclError
from sracl.objectives.batch import Batch
from sracl.objectives.context import ObjectiveContext
from sracl.objectives.contrastive import ContrastiveObjective, Drawn, Part, Temperature
from sracl.objectives.info_nce import info_nce
from sracl.objectives.intents import IntentCount, Intents, find_intents
from sracl.objectives.same_target import SameTarget


@dataclass(eq=False)
class DrawnOthers(Drawn):
    """Another prefix with the target of each of A anchors, a row each.

    users, other_users: `[A]`, whose the anchors and the others are; targets: `[A]`.
    """

    users: Int[Tensor, "A"]
    other_users: Int[Tensor, "A"]
    targets: Int[Tensor, "A"]


class ICSRec(ContrastiveObjective[DrawnOthers]):
    """coarse x L_CICL + fine x L_FICL (ICSRec's total is next item + lambda L_CICL + beta L_FICL).

    L_CICL: InfoNCE between f(p) and f(q), q another subsequence with p's target; those of the same target are no
    negatives. L_FICL: InfoNCE between f(p) and its intent, plus that between f(q) and its intent, the nearest of K
    centres of all subsequences' vectors; those of the same intent are no negatives, nor those of the same user.

    Subsequences are the training prefixes, cut to their most recent items. f(p) is the anchor's own state, where the
    release encodes p again under another dropout. Centres are unit vectors where they are compared, as in the release.
    A prefix whose target follows no other is its own q. K and both parts are the release's defaults, K for Beauty.
    """

    title: ClassVar[str] = "ICSRec"

    @classmethod
    def of(cls, context: ObjectiveContext, **settings: Any) -> "ICSRec":
        """The loss for these training sequences."""
        return cls(SameTarget(context.training, context.max_length), **settings)

    def __init__(
        self,
        same_target: SameTarget,
        intents: IntentCount = 256,
        coarse: Part = 1.0,
        fine: Part = 1.0,
        temperature: Temperature = 1.0,
    ) -> None:
        super().__init__()
        self.same_target = same_target
        self.intent_count = intents
        self.parts = (coarse, fine)
        self.temperature = temperature
        self.intents: Intents | None = None

    def begin_epoch(self, backbone: Backbone, epoch: int, generator: torch.Generator) -> None:
        """Cluster the training prefixes."""
        numbers = torch.sort(self.same_target.numbers).values.numpy()
        self.intents = find_intents(backbone, self.same_target.pool, numbers, self.intent_count, generator)

    def draw(self, batch: Batch, anchors: Int[Tensor, "A"], generator: torch.Generator) -> DrawnOthers:
        """Another prefix with the same target for every anchor."""
        others = self.same_target.others(self.same_target.prefixes_at(batch, anchors), generator)
        return DrawnOthers(
            rows=self.same_target.rows(others),
            users=batch.users_at(anchors),
            other_users=self.same_target.users(others),
            targets=batch.targets[anchors],
        )

    def loss(
        self, anchor_states: Float[Tensor, "A d"], encoded: Float[Tensor, "A d"], drawn: DrawnOthers
    ) -> Float[Tensor, ""]:
        """Both parts. Raises SraclError before the first epoch."""
        if self.intents is None:
            raise SraclError("intents are found before an epoch: call `begin_epoch` first")
        coarse, fine = self.parts
        of_targets = info_nce(anchor_states, encoded, drawn.users, self.temperature, alike=drawn.targets)
        of_intents = encoded.new_zeros(())
        for states, owners in ((anchor_states, drawn.users), (encoded, drawn.other_users)):
            numbers = self.intents.of(states)
            centres = self.intents.vectors(numbers).to(states.dtype)
            of_intents = of_intents + info_nce(states, centres, owners, self.temperature, alike=numbers)
        return coarse * of_targets + fine * of_intents
