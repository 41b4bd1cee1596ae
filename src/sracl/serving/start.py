"""From folders to a running service."""

import os
import socket
from collections.abc import Sequence
from pathlib import Path

from sracl.config import read_config
from sracl.errors import InputError, SraclError
from sracl.semantics.encoders import Encoder, make_encoder
from sracl.serving.explaining import Explainer
from sracl.serving.models import Models
from sracl.serving.search import ItemSearch, item_embeddings
from sracl.serving.served import ServedModel

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def named(folders: Sequence[Path]) -> dict[str, Path]:
    """Folders by the names that requests give: the folders' own, with a number where two are alike."""
    found: dict[str, Path] = {}
    for folder in folders:
        name, number = folder.resolve().name, 2
        while name in found:
            name, number = f"{folder.resolve().name}-{number}", number + 1
        found[name] = folder
    return found


def searches_of(models: Models) -> dict[str, ItemSearch]:
    """A search for each model: by meaning where its run kept item embeddings, else by words."""
    return {model.name: _search(model) for model in models.all}


def explainers_of(models: Models) -> dict[str, Explainer]:
    """An explainer for each model whose run kept its semantic index."""
    found = {model.name: Explainer.load(model.folder) for model in models.all}
    return {name: explainer for name, explainer in found.items() if explainer is not None}


def token_from(variable: str | None) -> str | None:
    """The bearer token in an environment variable. Raises InputError where it is named and empty."""
    if variable is None:
        return None
    token = os.environ.get(variable, "").strip()
    if not token:
        raise InputError(f"--token-env names {variable}, but the environment holds nothing there; set it")
    return token


def check_address(host: str, port: int) -> None:
    """Raise SraclError where nothing can listen there, before a model is loaded."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SraclError(
                f"cannot listen on {host}:{port} ({error.strerror or error}); give another --port"
            ) from error


def _search(model: ServedModel) -> ItemSearch:
    embeddings = item_embeddings(model.folder, model.dataset)
    encoder: Encoder | None = None
    if embeddings is not None:
        try:
            encoder = make_encoder(read_config(model.folder / "config.yaml").semantics.encoder)
        except SraclError:  # an encoder that is not to be had here: words alone
            embeddings = None
    return ItemSearch(model.dataset, embeddings, encoder)
