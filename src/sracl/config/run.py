"""Everything that determines a run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, model_validator

from sracl.config.backbone import BackboneConfig
from sracl.config.cold_items import ColdItemsConfig
from sracl.config.dataset import DatasetConfig
from sracl.config.evaluation import EvaluationConfig, RecommendationsConfig
from sracl.config.item_embedding import ItemEmbeddingConfig
from sracl.config.objectives import ObjectivesConfig
from sracl.config.pretraining import PretrainingConfig
from sracl.config.ray import RayConfig
from sracl.config.report import ReportConfig
from sracl.config.section import Section
from sracl.config.semantics import SemanticsConfig
from sracl.config.study import StudyConfig
from sracl.config.tracking import TrackingConfig
from sracl.config.training import TrainingConfig
from sracl.config.transition_memory import TransitionMemoryConfig
from sracl.config.tune import TuneConfig
from sracl.config.update import UpdateConfig
from sracl.errors import InputError


class RunConfig(Section):
    """Everything that determines a run."""

    run_dir: Path = Field(Path("runs/run"), description="where everything goes")
    protocol: Literal["strict", "paper"] = Field("strict", description="what retrieval may see, see docs/method.md")
    seed: int = Field(0, ge=0)
    engine: Literal["local", "ray"] = Field(
        "local", description="who describes, embeds and searches: this machine or a cluster, see docs/engines.md"
    )
    ray: RayConfig = RayConfig()
    dataset: DatasetConfig
    semantics: SemanticsConfig = SemanticsConfig()
    backbone: BackboneConfig = Field(default_factory=BackboneConfig)
    item_embedding: ItemEmbeddingConfig = ItemEmbeddingConfig()
    objectives: ObjectivesConfig = Field(default_factory=ObjectivesConfig)
    pretraining: PretrainingConfig = PretrainingConfig()
    training: TrainingConfig = TrainingConfig()
    update: UpdateConfig = UpdateConfig()
    transition_memory: TransitionMemoryConfig = TransitionMemoryConfig()
    evaluation: EvaluationConfig = Field(default_factory=EvaluationConfig)
    cold_items: ColdItemsConfig = ColdItemsConfig()
    recommendations: RecommendationsConfig = RecommendationsConfig()
    report: ReportConfig = ReportConfig()
    study: StudyConfig = StudyConfig()
    tune: TuneConfig = TuneConfig()
    tracking: TrackingConfig = TrackingConfig()

    def __reduce__(self) -> tuple[Callable[[Any], "RunConfig"], tuple[dict[str, Any]]]:
        # Sections of objectives are classes made while the program runs, which pickle does not find by name.
        return RunConfig.model_validate, (self.model_dump(),)

    @property
    def trains_on_texts(self) -> bool:
        """Whether the training needs texts, for objectives or for item vectors."""
        return self.objectives.semantic or self.item_embedding.needs_texts

    @property
    def more_than_plain(self) -> bool:
        """Whether what is trained differs from the plain backbone, so that the two can be compared."""
        return self.objectives.contrastive or self.item_embedding.needs_texts or self.pretraining.switched_on

    @model_validator(mode="after")
    def _backbone_fits_pretraining(self) -> "RunConfig":
        from sracl.backbones import BACKBONES

        backbone = BACKBONES.get(self.backbone.name)
        if self.pretraining.switched_on and backbone is not None and not backbone.both_ways:
            fitting = ", ".join(name for name, known in BACKBONES.items() if known.both_ways)
            raise ValueError(
                f"pretraining.kind {self.pretraining.kind} hides items within a row and needs a backbone that reads "
                f"both ways: {fitting}; {self.backbone.name} does not"
            )
        return self

    def for_data(self, texts: bool) -> "RunConfig":
        """What can be trained: without `texts` no objective that needs them.

        Raises InputError where item vectors are to be made of texts that are not there.
        """
        if self.item_embedding.needs_texts and not texts:
            raise InputError(
                f"item_embedding.kind is `{self.item_embedding.kind}`, but the items have no text to make vectors of;\n"
                "give dataset.items with a column of text, or leave item_embedding.kind at `learned`"
            )
        return self if texts else self.model_copy(update={"objectives": self.objectives.without_texts()})

    def to_yaml(self) -> str:
        """The configuration with every default filled in, as `read_config` takes it."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
