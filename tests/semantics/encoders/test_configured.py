"""An encoder that is loaded where it is used, and known by name before."""

import pickle

import numpy as np
import pytest

from semantics.encoders.contract import TEXTS, EncoderContract
from sracl.config import EncoderConfig
from sracl.engines import LOCAL, LocalEngine
from sracl.errors import InputError, SraclError
from sracl.semantics.encoders import ConfiguredEncoder, Encoder, configured, encoder_name
from sracl.semantics.encoders.local_model import local_name
from sracl.semantics.language_models.local_server import default_model_file


class TestConfigured(EncoderContract):
    @pytest.fixture
    def encoder(self) -> Encoder:
        return ConfiguredEncoder(EncoderConfig())


def test_it_travels_small_and_encodes_the_same_there(minilm) -> None:
    encoder = ConfiguredEncoder(EncoderConfig(batch_size=8))
    before = pickle.dumps(encoder)
    np.testing.assert_array_equal(encoder.encode(TEXTS), minilm.encode(TEXTS))
    after = pickle.dumps(encoder)
    assert max(len(before), len(after)) < 2_000, "the model does not travel"
    np.testing.assert_array_equal(pickle.loads(after).encode(TEXTS), minilm.encode(TEXTS))


def test_its_name_is_the_loaded_ones(minilm, monkeypatch) -> None:
    assert encoder_name(EncoderConfig()) == minilm.name
    monkeypatch.setenv("SRACL_TEST_KEY", "k")
    for values in (
        {"kind": "openai", "model": "big", "api_key_env": "SRACL_TEST_KEY"},
        {"kind": "openai", "model": "big", "base_url": "http://127.0.0.1:9/v1", "api_key_env": None},
    ):
        config = EncoderConfig.model_validate(values)
        assert encoder_name(config) == configured.make_encoder(config).name


def test_a_local_models_name_holds_its_contents(tmp_path) -> None:
    first, second = tmp_path / "m.gguf", tmp_path / "other" / "m.gguf"
    second.parent.mkdir()
    first.write_bytes(b"GGUF one")
    second.write_bytes(b"GGUF two")
    assert local_name(first) != local_name(second)
    with pytest.raises(InputError, match=r"cannot be read: .*; see semantics.encoder.model"):
        ConfiguredEncoder(EncoderConfig(kind="local", model=str(tmp_path / "none.gguf")))


def test_another_file_of_the_same_name_on_a_workers_machine_is_refused(tmp_path) -> None:
    path = tmp_path / "m.gguf"
    try:
        path.write_bytes(default_model_file().read_bytes())
    except SraclError as error:
        pytest.skip(str(error))
    encoder = ConfiguredEncoder(EncoderConfig(kind="local", model=str(path)))
    there = pickle.loads(pickle.dumps(encoder))
    with path.open("ab") as file:
        file.write(b"changed")
    with pytest.raises(SraclError, match="put the same file on every machine"):
        there.encode(["a razor"])


def test_a_server_is_asked_by_this_process_alone_which_keeps_its_limits_and_a_model_by_all_workers() -> None:
    workers = LocalEngine()
    at_a_server = ConfiguredEncoder(EncoderConfig(kind="openai", model="m", api_key_env=None))
    assert at_a_server.among(workers) is LOCAL
    assert at_a_server.spending is not None
    assert ConfiguredEncoder(EncoderConfig()).among(workers) is workers


def test_what_auto_precision_is_here_is_what_travels() -> None:
    assert pickle.loads(pickle.dumps(ConfiguredEncoder(EncoderConfig()))).config.precision in ("float32", "bfloat16")
    half = ConfiguredEncoder(EncoderConfig(precision="bfloat16"))
    assert pickle.loads(pickle.dumps(half)).name == "all-MiniLM-L6-v2 in bfloat16"
