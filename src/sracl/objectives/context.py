"""What a contrastive objective may be built from: the data, and what retrieval found."""

from dataclasses import dataclass
from typing import Literal

from sracl.datasets.sequences import Sequences
from sracl.errors import InputError
from sracl.semantics.index import SemanticIndex
from sracl.semantics.pool import Protocol

Source = Literal["semantic", "learned", "random"]
"""Where neighbours come from: texts, the vectors of a trained plain backbone, or chance, anew every step."""
Need = Literal["semantic", "learned"]
"""An index that must be made before an objective can be built: from texts, or by a trained plain backbone."""


@dataclass(frozen=True)
class ObjectiveContext:
    """The data and the backbone that objectives are for.

    item_count: N. dimension: d, the width of states. max_length: items that a row holds at most.
    training: every user's training items, which is all that objectives may learn from; a user's number is its place.
    semantic, learned: neighbours by texts and by a trained backbone's vectors, None where nothing needs them.
    protocol: what `random` neighbours may be.
    """

    item_count: int
    dimension: int
    max_length: int
    training: Sequences
    semantic: SemanticIndex | None = None
    learned: SemanticIndex | None = None
    protocol: Protocol = "strict"

    def index(self, source: Source) -> SemanticIndex:
        """The index for neighbours of this source. Raises InputError where it is not given."""
        found = self.learned if source == "learned" else self.semantic
        if found is None:
            raise InputError(f"neighbours that are {source} are wanted, but no such index is given")
        return found
