"""Whom SRA-CL helps: users by history, items by popularity, targets by what training has seen."""

from sracl.config import RunConfig
from sracl.studies.definition import Study, Variant, plain


def sparsity(config: RunConfig) -> Study:
    """Two variants, compared in every group; both are the runs that other studies make of them too."""
    name = config.backbone.name
    whole = f"{name} + SRA-CL"
    return Study("sparsity", (Variant(name, plain(config)), Variant(whole)), ((whole, name),), grouped=True)
