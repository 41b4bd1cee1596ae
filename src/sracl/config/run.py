"""Everything that determines a run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field

from sracl.config.backbone import BackboneConfig
from sracl.config.dataset import DatasetConfig
from sracl.config.evaluation import EvaluationConfig, RecommendationsConfig
from sracl.config.item_embedding import ItemEmbeddingConfig
from sracl.config.objectives import ObjectivesConfig
from sracl.config.ray import RayConfig
from sracl.config.section import Section
from sracl.config.semantics import SemanticsConfig
from sracl.config.study import StudyConfig
from sracl.config.training import TrainingConfig
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
    training: TrainingConfig = TrainingConfig()
    evaluation: EvaluationConfig = Field(default_factory=EvaluationConfig)
    recommendations: RecommendationsConfig = RecommendationsConfig()
    study: StudyConfig = StudyConfig()

    def __reduce__(self) -> tuple[Callable[[Any], "RunConfig"], tuple[dict[str, Any]]]:
        # Sections of objectives are classes made while the program runs, which pickle does not find by name.
        return RunConfig.model_validate, (self.model_dump(),)

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
