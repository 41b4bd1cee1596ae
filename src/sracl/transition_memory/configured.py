"""The memory that a configuration asks for."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sracl.config import TransitionMemoryConfig
from sracl.datasets.splits import Split
from sracl.evaluation.evaluate import Scorer
from sracl.transition_memory.choosing import choose_concentration
from sracl.transition_memory.memory import TransitionMemory


@dataclass(frozen=True)
class Configured:
    """memory: None where the model answers alone. tried: validation NDCG@10 by concentration, where one was chosen.

    Of the model alone the concentration is None.
    """

    memory: TransitionMemory | None
    tried: Mapping[float | None, float] = field(default_factory=dict)


def configured_memory(settings: TransitionMemoryConfig, scorer: Scorer, split: Split, item_count: int) -> Configured:
    """Count the split's training transitions; where the concentration is `auto`, try some by validation.

    scorer: the trained model.
    """
    if settings.concentration is None:
        return Configured(None)
    automatic = settings.concentration == "auto"
    given = 1.0 if isinstance(settings.concentration, str) else settings.concentration
    memory = TransitionMemory.of(split.training, item_count, given, settings.reach, settings.decay)
    if not automatic:
        return Configured(memory)
    chosen, tried = choose_concentration(scorer, memory, split)
    return Configured(None if chosen is None else replace(memory, concentration=chosen), tried)
