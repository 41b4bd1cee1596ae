"""One typed configuration for a run, read from YAML, with a default for every key but the data."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sracl.errors import InputError

Cutoff = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """A part of the configuration: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnsConfig(Section):
    """Names of the columns. time: epoch, ISO text, datetime or an order column; null takes the file's order."""

    user: str = Field("user_id", description="column of the interactions")
    item: str = Field("item_id", description="column of both tables")
    time: str | None = Field("timestamp", description="epoch, ISO text, dates or an order; null takes the rows' order")
    text: tuple[str, ...] | None = Field(None, description="columns of the items table; null takes all text columns")


class DatasetConfig(Section):
    """Where the data are: a known data set by `name`, or files of one's own."""

    name: str | None = Field(None, description="a name from `sracl datasets list`, instead of files")
    interactions: Path | None = Field(None, description="file of interactions")
    items: Path | None = Field(None, description="file of items with texts; without it the plain backbone is trained")
    columns: ColumnsConfig = ColumnsConfig()
    min_interactions: int = Field(5, ge=1, description="k-core: users and items with fewer are removed, iterated")
    repeats: Literal["keep", "first", "last"] = Field("keep", description="of the same item by the same user")
    max_length: int = Field(20, ge=2, description="most recent items of a history that the model reads")

    @model_validator(mode="after")
    def _one_source(self) -> "DatasetConfig":
        if (self.name is None) == (self.interactions is None):
            raise ValueError("give either dataset.name or dataset.interactions")
        return self


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
    batch_size: int = Field(64, ge=1, description="texts a call")

    @model_validator(mode="after")
    def _model_where_needed(self) -> "EncoderConfig":
        needed, known = self.kind not in ("minilm", "local"), self.kind == "minilm"
        if (needed and self.model is None) or (known and self.model is not None):
            raise ValueError("give encoder.model with every encoder.kind but minilm; local may do without")
        if self.base_url is not None and self.kind != "openai":
            raise ValueError("encoder.base_url is for kind openai only")
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
    search: Literal["auto", "exact", "approximate"] = Field(
        "auto", description="`auto`: exact while that takes minutes; else approximate, its recall measured"
    )
    memory_mb: int = Field(256, ge=1, description="bound on the similarities held at a time, in MiB")


class BackboneConfig(Section):
    """The sequence encoder by name, and its own settings beside it: the parameters of its constructor.

    Those of a known backbone are checked here, and its defaults filled in. A backbone of one's own is not imported by
    reading a configuration: its settings stand as they are, see `sracl.backbones.named`.
    """

    model_config = ConfigDict(extra="allow")

    name: str = Field("sasrec", description="a known name, or `FILE.py:CLASS` or `PACKAGE.MODULE:CLASS` of one's own")

    @model_validator(mode="before")
    @classmethod
    def _with_settings(cls, values: Any) -> Any:
        # PyTorch comes along with the backbones, which takes seconds: `sracl --help` should not wait for it.
        from sracl.backbones.named import known_settings

        return known_settings(values)


class CrossSequenceConfig(Section):
    """The cross-sequence loss; weight is alpha in the paper, and 0 switches it off."""

    weight: float = Field(0.1, ge=0, description="alpha; 0 switches the loss off")
    temperature: float = Field(1.0, gt=0, description="of its InfoNCE")
    dropout: float = Field(0.5, ge=0, lt=1, description="on the synthesis weights")


class IntraSequenceConfig(Section):
    """The intra-sequence loss; weight is beta in the paper, and 0 switches it off."""

    weight: float = Field(0.1, ge=0, description="beta; 0 switches the loss off")
    temperature: float = Field(1.0, gt=0, description="of its InfoNCE")
    substitution: float = Field(0.2, ge=0, le=1, description="probability of replacing an item by a neighbour")


class ObjectivesConfig(Section):
    """What is learnt beside the next item. anchors_per_row: prefixes of a row that contrast; null takes all."""

    cross_sequence: CrossSequenceConfig = CrossSequenceConfig()
    intra_sequence: IntraSequenceConfig = IntraSequenceConfig()
    anchors_per_row: int | None = Field(1, ge=1, description="prefixes of a row that contrast in a step; null: all")

    @property
    def contrastive(self) -> bool:
        """Whether any contrastive loss is switched on."""
        return self.cross_sequence.weight > 0 or self.intra_sequence.weight > 0


class TrainingConfig(Section):
    """The loop. patience: epochs without a better validation MRR@10 before it stops."""

    epochs: int = Field(100, ge=1, description="at most")
    patience: int = Field(10, ge=1, description="epochs without a better validation MRR@10 before it stops")
    learning_rate: float = Field(0.001, gt=0, description="of Adam")
    targets_per_step: int = Field(350, ge=1, description="about 256 prefixes a step in the paper's program")
    device: Literal["auto", "cpu", "cuda", "mps"] = Field("auto", description="`auto`: cuda where there is one")
    precision: Literal["auto", "32-true", "bf16-mixed", "16-mixed"] = Field(
        "auto", description="`auto`: bf16-mixed on cuda, else 32-true"
    )
    threads: int | None = Field(None, ge=1, description="processor threads; null: what PyTorch takes")


class EvaluationConfig(Section):
    """Full ranking. exclude_seen: what recommendations do; metrics are always given both ways.

    baselines: rows beside the model's; `backbone` trains the same backbone without the contrastive losses.
    """

    exclude_seen: bool = Field(False, description="whether recommendations leave out what a user had")
    cutoffs: tuple[Cutoff, ...] = Field((5, 10, 20), description="k of HR@k, NDCG@k, MRR@k")
    baselines: tuple[Literal["popularity", "repeat-last", "backbone"], ...] = Field(
        ("popularity", "repeat-last"), description="`backbone` trains the plain backbone too"
    )


class RecommendationsConfig(Section):
    """What `sracl recommend` writes: k items for every user."""

    k: int = Field(10, ge=1, description="items for every user")
    show_users: int = Field(3, ge=0, description="users whose recommendations are printed")


class RunConfig(Section):
    """Everything that determines a run."""

    run_dir: Path = Field(Path("runs/run"), description="where everything goes")
    protocol: Literal["strict", "paper"] = Field("strict", description="what retrieval may see, see docs/method.md")
    seed: int = Field(0, ge=0)
    engine: Literal["local"] = Field("local", description="where the work is done")
    dataset: DatasetConfig
    semantics: SemanticsConfig = SemanticsConfig()
    backbone: BackboneConfig = Field(default_factory=BackboneConfig)
    objectives: ObjectivesConfig = ObjectivesConfig()
    training: TrainingConfig = TrainingConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    recommendations: RecommendationsConfig = RecommendationsConfig()

    def to_yaml(self) -> str:
        """The configuration with every default filled in, as `read_config` takes it."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def read_config(path: Path, overrides: Sequence[str] = ()) -> RunConfig:
    """Read a YAML file and apply `section.key=value` overrides, whose values are YAML too.

    Raises InputError for a missing or unreadable file, an unknown key (with the nearest right one) or a bad value.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"there is no configuration {path}; see the README for one to start from") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise InputError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise InputError(f"{path} must hold keys such as `run_dir` and `dataset`, but holds {type(values).__name__}")
    for override in overrides:
        _apply(values, override)
    return make_config(values, source=str(path))


def make_config(values: Mapping[str, Any], source: str = "the configuration") -> RunConfig:
    """Check nested values and fill the defaults in. Raises InputError, naming `source`."""
    try:
        return RunConfig.model_validate(values)
    except ValidationError as error:
        problems = [_explained(problem) for problem in error.errors()]
        more = f" (and {len(problems) - 2} more)" if len(problems) > 2 else ""
        raise InputError(f"{source}: " + "; ".join(problems[:2]) + more) from error


def _apply(values: dict[str, Any], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals or not key.strip():
        raise InputError(f"-o {override}: write section.key=value")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"-o {override}: the value is not YAML") from error
    *sections, last = key.strip().split(".")
    here: Any = values
    for section in sections:
        if here.get(section) is None:
            here[section] = {}
        here = here[section]
        if not isinstance(here, dict):
            raise InputError(f"-o {override}: {section} is no section")
    here[last] = value


def _explained(problem: Any) -> str:
    place = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        siblings = list(_keys_of(problem["loc"][:-1]))
        near = difflib.get_close_matches(str(problem["loc"][-1]), siblings, n=1, cutoff=0.5)
        hint = f"did you mean `{near[0]}`?" if near else f"known keys: {', '.join(siblings)}"
        return f"unknown key `{place}`; {hint}"
    message: str = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "whole_message":
        return message
    given = problem["input"]
    shown = f" (given: {given!r})" if isinstance(given, str | int | float | bool | None) else ""
    return f"`{place}`: {message}{shown}" if place else message


def _keys_of(path: Sequence[int | str]) -> Iterator[str]:
    section: type[BaseModel] = RunConfig
    for name in path:
        annotation = section.model_fields[str(name)].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return
        section = annotation
    yield from section.model_fields
