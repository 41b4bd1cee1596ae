"""A scorer that remembers ranks by the model's probabilities and the evidence together."""

from dataclasses import replace

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sracl.datasets.splits import leave_one_out
from sracl.evaluation.evaluate import evaluate
from sracl.transition_memory import RememberingScorer, TransitionMemory
from support.lists import flat

ITEMS = 7


class Fixed:
    """Scores drawn once for every user."""

    def __init__(self, users: int, seed: int = 0) -> None:
        self.scores = torch.randn(users, ITEMS, generator=torch.Generator().manual_seed(seed)) * 3

    def score(self, histories, users):
        return self.scores[torch.from_numpy(users)]


@settings(deadline=None)
@given(
    st.lists(st.lists(st.integers(0, ITEMS - 1), min_size=1, max_size=6), min_size=1, max_size=6),
    st.floats(0.1, 1e4),
    st.integers(0, 99),
)
def test_scores_are_the_logarithm_of_the_posterior_mean(lists, concentration: float, seed: int) -> None:
    histories, users = flat(lists), np.arange(len(lists))
    memory = TransitionMemory.of(histories, ITEMS, concentration)
    model = Fixed(len(lists), seed)
    found = RememberingScorer(model, memory).score(histories, users)
    evidence = torch.from_numpy(memory.evidence(histories).toarray()).double()
    prior = model.scores.double().softmax(1)
    wanted = (concentration * prior + evidence) / (concentration + evidence.sum(1, keepdim=True))
    # Up to a constant of each row, the logarithm of which scores leave out.
    torch.testing.assert_close(found.double().softmax(1), wanted, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(found[evidence == 0], model.scores[evidence == 0])


def test_the_model_is_asked_with_the_same_and_its_scores_stay_as_they_were() -> None:
    histories = flat([[0, 1], [2]])
    model = Fixed(2)
    before = model.scores.clone()
    RememberingScorer(model, TransitionMemory.of(flat([[0, 1, 2, 0]]), ITEMS, 1.0)).score(histories, np.array([1, 0]))
    assert torch.equal(model.scores, before)


def test_it_finds_what_training_always_had_next_and_with_little_trust_what_the_model_says() -> None:
    # Everybody walks round a circle, of which a model of random scores knows nothing.
    walks = [[(start + step) % ITEMS for step in range(6)] for start in range(ITEMS)]
    split = leave_one_out(flat(walks))
    model = Fixed(len(walks))
    memory = TransitionMemory.of(split.training, ITEMS, 1.0)
    assert evaluate(RememberingScorer(model, memory), split, "test", (1,)).kept["HR@1"] == 1.0
    wary = RememberingScorer(model, replace(memory, concentration=1e9))
    alone = evaluate(model, split, "test", (1, 3))
    assert torch.equal(evaluate(wary, split, "test", (1, 3)).ranks.kept, alone.ranks.kept)
