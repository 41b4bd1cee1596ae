"""Shapes and types in the signatures of everything that holds tensors are checked while the tests run."""

from jaxtyping import install_import_hook

PACKAGES = ("backbones", "objectives", "semantics", "training", "evaluation", "recommender")
install_import_hook([f"sracl.{package}" for package in PACKAGES], "beartype.beartype")
