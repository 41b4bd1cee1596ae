"""What every counter of tokens must do, whatever it counts by."""

from sracl.semantics.token_counters import TokenCounter

TEXTS = ["a red lipstick", "razor", "لون 🌹 和花", "two\nlines"]


class TokenCounterContract:
    """Tests of a `counter` fixture."""

    def test_texts_together_have_the_tokens_of_each(self, counter: TokenCounter) -> None:
        assert counter.count(TEXTS) == sum(counter.count([text]) for text in TEXTS)
        assert counter.count([]) == 0

    def test_nothing_is_cut_and_nothing_padded(self, counter: TokenCounter) -> None:
        one, many = counter.count([" rose"]), counter.count([" rose" * 3_000])
        assert many >= 3_000 * one - 3_000 // 2, "models that read 512 tokens have tokenizers that cut there"
        assert counter.count([" rose", " rose" * 3_000]) == one + many

    def test_it_says_what_it_counts_by(self, counter: TokenCounter) -> None:
        assert counter.way
