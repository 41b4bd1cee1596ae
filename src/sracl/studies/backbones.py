"""Each backbone with SRA-CL and without it (the paper's Table 5)."""

from sracl.backbones import BACKBONES
from sracl.config import RunConfig
from sracl.studies.definition import Study, Variant, plain


def backbones(config: RunConfig) -> Study:
    """The configured backbone has its configured settings, every other one its own defaults and the same dimension."""
    names = config.study.backbones or tuple(BACKBONES)
    dimension = config.backbone.model_dump().get("dimension")
    shared = {"dimension": dimension} if dimension is not None else {}
    variants: list[Variant] = []
    for name in names:
        section = {} if name == config.backbone.name else {"backbone": {"name": name, **shared}}
        variants += [Variant(name, {**section, **plain(config)}), Variant(f"{name} + SRA-CL", section)]
    return Study("backbones", tuple(variants), tuple((f"{name} + SRA-CL", name) for name in names))
