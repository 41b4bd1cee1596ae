"""What training saw follow what, remembered beside a trained model; see docs/transition_memory.md."""

from sracl.transition_memory.configured import Configured, configured_memory
from sracl.transition_memory.memory import TransitionMemory
from sracl.transition_memory.scorer import RememberingScorer

__all__ = ["Configured", "RememberingScorer", "TransitionMemory", "configured_memory"]
