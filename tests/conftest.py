"""Shapes and types in the signatures of everything that holds tensors are checked while the tests run."""

import os

import torch
from jaxtyping import install_import_hook

PACKAGES = (
    "backbones",
    "objectives",
    "semantics",
    "training",
    "evaluation",
    "answers",
    "recommender",
    "item_embeddings",
    "pretraining",
)
install_import_hook([f"sracl.{package}" for package in PACKAGES], "beartype.beartype")

# The tests' matrices are small: handing parts of them to threads costs more than it saves.
torch.set_num_threads(1)

# Ray asks for the lowest priority for its workers: beside other programs a test of seconds took ten minutes.
os.environ.setdefault("RAY_worker_niceness", "0")
