"""By what a run is known: the settings and inputs that its result depends on, wherever and however it is run."""

from functools import cache
from pathlib import Path
from typing import Any

from sracl.backbones.named import is_own, source_file
from sracl.config import EvaluationConfig, RunConfig
from sracl.evaluation.baselines import BASELINES
from sracl.evaluation.baselines.settings import settings_of as settings_of_baseline
from sracl.files import file_sha256, fingerprint
from sracl.pipeline.stamps import flat
from sracl.training.assembly import with_own_backbone

RESULTS = 1
"""Raise it where a change of the code changes what an unchanged configuration gives: older records count no more."""
WITHOUT_EFFECT = (
    "run_dir", "engine", "study", "tune", "update", "cold_items", "recommendations", "tracking",
    *(f"evaluation.{key}" for key in EvaluationConfig.model_fields if key != "targets"),
    "training.device", "training.threads",
    "semantics.memory_mb", "semantics.encoder.api_key_env", "semantics.encoder.batch_size",
    *(f"semantics.writer.{key}" for key in (
        "api_key_env", "concurrency", "requests_per_minute", "tokens_per_minute", "timeout", "max_requests", "max_cost",
        "prices", "store",
    )),
)  # fmt: skip
"""Sections and keys that change where, how fast or at what price a run is made, and no more than rounding of it."""
KEY_LENGTH = 16


def settings_of(config: RunConfig, baseline: str | None = None) -> dict[str, Any]:
    """What a run's result depends on, flat; files by the SHA-256 of what they hold.

    A loss of weight 0 leaves nothing but its weight, and where nothing reads texts, semantics leave nothing: so a plain
    backbone is one run whatever the rest says. baseline: its name and defaults count, with the data and, where it
    compares them, the texts.
    """
    config, own = with_own_backbone(config)
    values = config.model_dump(mode="json")
    for name in ("interactions", "items"):
        if (path := getattr(config.dataset, name)) is not None:
            values["dataset"][name] = _content(path)
    if is_own(config.backbone.name) and own is not None:
        values["backbone"]["code"] = _content(source_file(config.backbone.name, own))
    if baseline is not None:
        texts = ("semantics", "protocol") if BASELINES[baseline].needs_texts else ()
        usual = settings_of_baseline(BASELINES[baseline])().model_dump(mode="json")
        parts = ("dataset", "evaluation", *texts)
        settings = {"baseline": baseline} | flat({"baseline": usual} | {part: values[part] for part in parts})
        return {key: value for key, value in settings.items() if not _without_effect(key)}
    objectives = values["objectives"]
    for name, section in objectives.items():
        if isinstance(section, dict) and section.get("weight") == 0:
            objectives[name] = {"weight": 0.0}
    if not config.item_embedding.needs_texts:
        values["item_embedding"] = {"kind": config.item_embedding.kind}
    if not config.pretraining.switched_on:
        values["pretraining"] = {"kind": config.pretraining.kind}
    if config.transition_memory.concentration is None:
        values["transition_memory"] = {"concentration": None}
    if not config.objectives.contrastive:
        values["objectives"] = {"plain": True, "next_item": objectives["next_item"]}
    if not (config.trains_on_texts or config.objectives.learned):
        del values["semantics"], values["protocol"]
    settings = flat(values)
    return {key: value for key, value in settings.items() if not _without_effect(key)}


def key_of(settings: dict[str, Any]) -> str:
    """A run's name: 16 hexadecimal digits of the hash of what differs from the defaults, and of RESULTS.

    Defaults are left out so that a setting which joins the configuration, and by default changes nothing, renames no
    run; `agrees` tells a default that has changed.
    """
    defaults = _defaults(str(settings.get("backbone.name", "sasrec")))
    differing = {key: value for key, value in settings.items() if key not in defaults or defaults[key] != value}
    return fingerprint([RESULTS, differing])[:KEY_LENGTH]


def disagreement(recorded: dict[str, Any], settings: dict[str, Any]) -> str | None:
    """Where the settings of a record under the same key differ from those of now: a default has changed since."""
    defaults = _defaults(str(settings.get("backbone.name", "sasrec")))
    for key, value in settings.items():
        before = recorded.get(key, defaults.get(key))
        if before != value:
            return f"{key} was {before!r}, now {value!r}"
    return None


@cache
def _defaults(backbone: str) -> dict[str, Any]:
    """The configuration that says nothing but which data and which backbone, flat."""
    config = RunConfig.model_validate({"dataset": {"name": "any"}, "backbone": {"name": backbone}})
    values = flat(config.model_dump(mode="json"))
    return {key: value for key, value in values.items() if key not in ("dataset.name", "backbone.name")}


def _without_effect(key: str) -> bool:
    return any(key == part or key.startswith(f"{part}.") for part in WITHOUT_EFFECT)


def _content(path: Path) -> str:
    status = path.stat()
    return _sha256(path, status.st_size, status.st_mtime_ns)


@cache
def _sha256(path: Path, size: int, changed: int) -> str:
    """The content of a file that has not changed since it was last read is not read again."""
    return f"sha256:{file_sha256(path)}"
