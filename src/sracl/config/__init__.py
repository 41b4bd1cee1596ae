"""One typed configuration for a run, read from YAML, with a default for every key but the data. A section is a file."""

from sracl.config.backbone import BackboneConfig
from sracl.config.cold_items import ColdItemsConfig, HeldOutItemsConfig
from sracl.config.dataset import ColumnsConfig, DatasetConfig
from sracl.config.evaluation import BaselineConfig, EvaluationConfig, RecommendationsConfig
from sracl.config.item_embedding import ItemEmbeddingConfig
from sracl.config.next_item import NextItemConfig
from sracl.config.objectives import ObjectivesConfig
from sracl.config.pretraining import PretrainingConfig
from sracl.config.ray import RayConfig
from sracl.config.reading import changed, make_config, read_config
from sracl.config.report import ReportConfig
from sracl.config.run import RunConfig
from sracl.config.section import Section
from sracl.config.semantics import EncoderConfig, SemanticsConfig, WriterConfig
from sracl.config.split import SplitConfig
from sracl.config.study import StudyConfig
from sracl.config.tracking import TrackingConfig
from sracl.config.training import TrainingConfig
from sracl.config.transition_memory import TransitionMemoryConfig
from sracl.config.tune import TuneConfig
from sracl.config.update import UpdateConfig

__all__ = [
    "BackboneConfig",
    "BaselineConfig",
    "ColdItemsConfig",
    "ColumnsConfig",
    "DatasetConfig",
    "EncoderConfig",
    "EvaluationConfig",
    "HeldOutItemsConfig",
    "ItemEmbeddingConfig",
    "NextItemConfig",
    "ObjectivesConfig",
    "PretrainingConfig",
    "RayConfig",
    "RecommendationsConfig",
    "ReportConfig",
    "RunConfig",
    "Section",
    "SemanticsConfig",
    "SplitConfig",
    "StudyConfig",
    "TrackingConfig",
    "TrainingConfig",
    "TransitionMemoryConfig",
    "TuneConfig",
    "UpdateConfig",
    "WriterConfig",
    "changed",
    "make_config",
    "read_config",
]
