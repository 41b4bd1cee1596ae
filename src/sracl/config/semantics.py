"""Section `semantics`: from texts to neighbours."""

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from sracl.config.section import Section

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _check_variable(name: str | None, setting: str) -> None:
    """Raise ValueError, without showing it, for what is no name of a variable: it may be the key itself."""
    if name is not None and not _VARIABLE.fullmatch(name):
        raise ValueError(
            f"{setting} takes the name of an environment variable that holds the key, never the key itself"
        )


class WriterConfig(Section):
    """Who writes the texts: the template, any OpenAI-compatible server, or a local model served on loopback."""

    kind: Literal["template", "openai", "local"] = Field(
        "template", description="`template` needs no language model, `local` no network"
    )
    model: str | None = Field(None, description="the name the server knows; `local`: for the record")
    model_file: Path | None = Field(None, description="`local`: a GGUF file; null: SmolLM2-135M-Instruct, installed")
    base_url: str | None = Field(None, description="`openai`: such as https://api.deepseek.com/v1; null: OpenAI's own")
    api_key_env: str | None = Field("OPENAI_API_KEY", description="variable that holds the key; null: none needed")
    temperature: float = Field(0.0, ge=0)
    concurrency: int = Field(16, ge=1, description="requests under way at a time")
    requests_per_minute: int | None = Field(None, ge=1)
    tokens_per_minute: int | None = Field(None, ge=1)
    timeout: float = Field(120.0, gt=0, description="seconds to wait for an answer")
    tries: int = Field(4, ge=1, description="answers that cannot be used before the template's text is taken")
    max_requests: int | None = Field(None, ge=1, description="stop after so many requests of one run")
    max_cost: float | None = Field(None, gt=0, description="stop when one run has cost so much (US dollars)")
    prices: Path | None = Field(None, description="YAML file of prices beside the known ones")
    tokenizer: Path | None = Field(
        None,
        description="counts tokens in plans: a tokenizer.json, its folder, or a GGUF; null: the model's own",
    )
    store: Path = Field(Path("answers.sqlite"), description="file of all answers; any run may share it")
    prompts: Path | None = Field(None, description="folder of templates that replace the ones that come along")
    parameters: dict[str, Any] = Field({}, description="what else a request says, such as `{frequency_penalty: 0.5}`")
    max_prompt_tokens: int = Field(3_000, ge=200, description="longer prompts lose the oldest items of histories")
    summary_words: int = Field(80, ge=1)
    analysis_words: int = Field(50, ge=1)
    profile_words: int = Field(100, ge=1)
    histories: int = Field(5, ge=0, description="that led to an item, told with it")
    history_items: int = Field(10, ge=1, description="most recent items of each such history")

    @model_validator(mode="after")
    def _no_key_itself(self) -> "WriterConfig":
        _check_variable(self.api_key_env, "writer.api_key_env")
        return self

    @model_validator(mode="after")
    def _model_where_needed(self) -> "WriterConfig":
        if self.kind == "openai" and self.model is None:
            raise ValueError("give writer.model: the name of a model that the server knows")
        if self.kind != "local" and self.model_file is not None:
            raise ValueError("writer.model_file is for kind local only")
        return self


class EncoderConfig(Section):
    """Who embeds the texts. model: for every kind but `minilm`, and for `local` if it is not SmolLM2-135M-Instruct."""

    kind: Literal["minilm", "sentence-transformers", "pooler", "openai", "local"] = Field(
        "minilm",
        description="`minilm` needs no download; `pooler`: SimCSE; `openai`: any such server; `local`: a GGUF file",
    )
    model: str | None = Field(None, description="name or folder; `openai`: the server's name; `local`: a file, or null")
    base_url: str | None = Field(None, description="`openai`: the server's address; null: OpenAI's own")
    api_key_env: str | None = Field("OPENAI_API_KEY", description="`openai`: variable that holds the key; null: none")
    batch_size: int = Field(64, ge=1, description="texts a call; also what an interruption loses at most")
    precision: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="of transformers' products; `auto`: half precision on a GPU, float32 else"
    )
    timeout: float = Field(120.0, gt=0, description="`openai`: seconds to wait for an answer")
    requests_per_minute: int | None = Field(None, ge=1, description="`openai`")
    tokens_per_minute: int | None = Field(None, ge=1, description="`openai`")
    max_cost: float | None = Field(None, gt=0, description="`openai`: stop when one run has cost so much (US dollars)")
    prices: Path | None = Field(None, description="`openai`: YAML file of prices beside the known ones")
    tokenizer: Path | None = Field(
        None, description="counts tokens in plans: a tokenizer.json, its folder, or a GGUF; null: the model's own"
    )

    @model_validator(mode="after")
    def _no_key_itself(self) -> "EncoderConfig":
        _check_variable(self.api_key_env, "encoder.api_key_env")
        return self

    @model_validator(mode="after")
    def _model_where_needed(self) -> "EncoderConfig":
        needed, known = self.kind not in ("minilm", "local"), self.kind == "minilm"
        if (needed and self.model is None) or (known and self.model is not None):
            raise ValueError("give encoder.model with every encoder.kind but minilm; local may do without")
        for key in ("base_url", "requests_per_minute", "tokens_per_minute", "max_cost"):
            if getattr(self, key) is not None and self.kind != "openai":
                raise ValueError(f"encoder.{key} is for kind openai only")
        return self


class SemanticsConfig(Section):
    """From texts to neighbours."""

    domain: str | None = Field(None, description="what the items are, in the plural; null: the data set's own word")
    writer: WriterConfig = WriterConfig()
    encoder: EncoderConfig = EncoderConfig()
    profiles: Literal["every-prefix", "every-n", "last"] = Field(
        "every-prefix", description="which prefixes a language model writes a profile of; the others borrow one"
    )
    profiles_every: int = Field(5, ge=1, description="n of `every-n`")
    neighbors: int = Field(10, ge=1, description="k, of items and of prefixes")
    neighbors_of: Literal["every-prefix", "last"] = Field(
        "every-prefix",
        description="which prefixes are searched, and searched among; `last`: each user's last, whose neighbours the "
        "user's others borrow. For millions of users",
    )
    search: Literal["auto", "exact", "approximate"] = Field(
        "auto", description="`auto`: exact while that takes minutes; else approximate, its recall measured"
    )
    recall: float = Field(
        0.99, gt=0, le=1, description="share of neighbours that `approximate` must show to find, or it is exact"
    )
    memory_mb: int = Field(256, ge=1, description="bound on the similarities that a worker holds at a time, in MiB")
