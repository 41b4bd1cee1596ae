"""The models that a service answers from; a new version takes an old one's place between two requests."""

import asyncio
import logging
from pathlib import Path

from sracl.errors import InputError, SraclError
from sracl.serving.served import ServedModel, model_folder, version_of

logger = logging.getLogger("sracl.serving")


class Models:
    """Models by name. A request holds the model it began with, so that a change drops nobody."""

    def __init__(self, folders: dict[str, Path]) -> None:
        """Load all. Raises InputError or SraclError where one cannot be."""
        if not folders:
            raise InputError("there is no model to serve: give a run's folder")
        self.folders = folders
        self._models = {name: ServedModel(name, folder) for name, folder in folders.items()}
        self._seen = {name: _stamp(folder) for name, folder in folders.items()}

    def get(self, name: str | None) -> ServedModel:
        """The model of that name; None: the first. Raises InputError for an unknown name."""
        if name is None:
            return next(iter(self._models.values()))
        if name not in self._models:
            raise InputError(f"there is no model {name[:80]!r}; there are: {', '.join(self._models)}")
        return self._models[name]

    @property
    def all(self) -> list[ServedModel]:
        """In the order they were named."""
        return list(self._models.values())

    async def watch(self, seconds: float) -> None:
        """Look every so many seconds for new versions, and load them in a thread. Runs until it is cancelled."""
        while True:
            await asyncio.sleep(seconds)
            for name in self.folders:
                await asyncio.to_thread(self.refresh, name)

    def refresh(self, name: str) -> bool:
        """Load a model anew if its files have changed; whether they had. A damaged one leaves the old one in place."""
        folder = self.folders[name]
        stamp = _stamp(folder)
        if stamp is None or stamp == self._seen[name]:
            return False
        self._seen[name] = stamp
        try:
            if version_of(folder) == self._models[name].version:
                return False
            fresh = ServedModel(name, folder)
        except (SraclError, OSError) as error:
            logger.warning("the new version of %s cannot be loaded and the old one stays: %s", name, error)
            return False
        logger.info("%s replaces %s", fresh.label, self._models[name].label)
        self._models[name] = fresh
        return True


def _stamp(folder: Path) -> tuple[int, int] | None:
    try:
        facts = (model_folder(folder) / "weights.safetensors").stat()
    except OSError:  # in the middle of being replaced
        return None
    return facts.st_mtime_ns, facts.st_ino
