"""The interface of every contrastive objective: draw what to encode, then compare what was encoded."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, ClassVar, Generic, TypeVar

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor, nn

from sracl.backbones.base import Backbone
from sracl.backbones.rows import Rows
from sracl.objectives.batch import Batch
from sracl.objectives.context import Need, ObjectiveContext

Temperature = Annotated[float, Field(gt=0, description="of its InfoNCE")]
Part = Annotated[float, Field(ge=0, description="of this part in the loss")]


OwnT = TypeVar("OwnT", bound="Drawn")


@dataclass(eq=False)
class Drawn:
    """The random choices of one step; a subclass adds its own.

    rows: rows to encode beside the batch's own; may be none.
    """

    rows: Rows

    @property
    def places(self) -> Int[Tensor, "E"]:
        """The places of `rows` whose states the loss takes: each row's last, unless a subclass says otherwise.

        A row stands for the prefix that ends at a place, so that prefixes with the same beginning can share one.
        """
        return self.rows.last

    @property
    def items(self) -> Int[Tensor, "I"]:
        """Items whose vectors the loss takes beside states; none, unless a subclass says otherwise."""
        return torch.empty(0, dtype=torch.long)

    @property
    def wanted(self) -> int:
        """How many vectors the loss takes beside the anchors': E states, then I items' vectors."""
        return len(self.places) + len(self.items)

    def to(self: OwnT, device: torch.device) -> OwnT:
        """The same choices on `device`."""
        if self.rows.items.device == device:
            return self
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        moved: dict[str, Any] = {n: value.to(device) for n, value in values.items() if isinstance(value, Tensor | Rows)}
        return replace(self, **moved)


DrawnT = TypeVar("DrawnT", bound=Drawn)


class ContrastiveObjective(nn.Module, ABC, Generic[DrawnT]):
    """A loss between vectors of the backbone.

    Drawing and computing are apart: a test can give both the plain reading and this one the same draws, and all rows
    of all objectives go through the backbone in one call. A subclass knows neither the trainer nor the backbone.

    A subclass says what it is called and what it needs, and is built by `of`, whose parameters are its settings.
    """

    title: ClassVar[str] = ""
    """The method's name in tables; losses of one method share it."""
    usual_weight: ClassVar[float] = 0.1
    """The weight in the total that its paper takes."""
    on_by_default: ClassVar[bool] = False
    """Whether a configuration that does not name it switches it on, with its usual weight."""
    semantic: ClassVar[bool] = False
    """Whether it compares by texts, so that they and their neighbours must be there."""

    @classmethod
    def of(cls, context: ObjectiveContext, **settings: Any) -> "ContrastiveObjective[DrawnT]":
        """The objective for this data; what `of` takes beside the context are its settings in a configuration.

        `**settings` stands for the constructor's parameters that have a default.
        """
        return cls(**settings)

    @classmethod
    def needs(cls, **settings: Any) -> frozenset[Need]:
        """The indices that must be in the context for `of` with these settings."""
        return frozenset({"semantic"}) if cls.semantic else frozenset()

    def begin_epoch(self, backbone: Backbone, epoch: int, generator: torch.Generator) -> None:
        """Get ready for an epoch, counted from 1, such as by clustering states; most objectives need nothing.

        What is left for the epoch may depend on the backbone's weights, `epoch` and `generator`, a fresh one with a
        seed of this epoch, and on nothing else: so an interrupted training goes on as it would have.
        """

    @abstractmethod
    def draw(self, batch: Batch, anchors: Int[Tensor, "A"], generator: torch.Generator) -> DrawnT:
        """Choose, on the processor, for the prefixes that end at the places `anchors` of the batch."""

    @abstractmethod
    def loss(
        self, anchor_states: Float[Tensor, "A d"], encoded: Float[Tensor, "W d"], drawn: DrawnT
    ) -> Float[Tensor, ""]:
        """The loss, given f of every anchor and what `draw` asked for.

        encoded: f of every prefix in the order of `drawn.places`, then the vectors of `drawn.items`, as states are
        compared with them. drawn: on the states' device.
        """
