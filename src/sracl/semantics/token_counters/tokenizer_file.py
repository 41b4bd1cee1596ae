"""Tokens by a file of Hugging Face's format, which lies beside most open models."""

from collections.abc import Sequence
from pathlib import Path

from sracl.errors import InputError

FILE = "tokenizer.json"
AT_A_TIME = 256
"""Texts whose tokens are held at a time."""


class TokenizerFileCounter:
    """Counts with a `tokenizer.json`, or the one in a model's folder. setting: what names it, for messages.

    Raises InputError where there is none, or it cannot be read.
    """

    advice = None

    def __init__(self, path: Path, setting: str) -> None:
        from tokenizers import Tokenizer

        file = path / FILE if path.is_dir() else path
        if not file.is_file():
            raise InputError(f"{setting}: there is no file {file}; give a {FILE}, a folder that holds one, or a GGUF")
        try:
            self._tokenizer = Tokenizer.from_file(str(file))
        except Exception as error:  # the library raises nothing more particular
            told = " ".join(str(error).split())[:200]
            raise InputError(f"{setting}: {file} is no {FILE} of Hugging Face's format ({told})") from error
        # Encoders' files cut and pad to what the model reads.
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.way = f"the tokenizer {file}"

    def count(self, texts: Sequence[str]) -> int:
        """Tokens of all texts together."""
        total = 0
        for begin in range(0, len(texts), AT_A_TIME):
            part = [text.encode("utf-8", "replace").decode() for text in texts[begin : begin + AT_A_TIME]]
            total += sum(len(found) for found in self._tokenizer.encode_batch_fast(part, add_special_tokens=False))
        return total
