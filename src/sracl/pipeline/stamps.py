"""What each stage of a run was made from, so that a later run reuses it, goes on with it, or refuses it."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sracl.errors import InputError, SraclError
from sracl.files import file_sha256, fingerprint, write_json

STAMPS = "stages.json"


@dataclass
class Stamp:
    """A stage's record. settings: the configuration it depends on, flat; before: fingerprints of earlier stages.

    inputs: by file, its size in bytes, its time of change in nanoseconds and its SHA-256. seconds: what it took.
    peak_mib: the most memory that the run's process held meanwhile, in MiB; None where the system does not tell.
    """

    settings: dict[str, Any]
    before: dict[str, str]
    inputs: dict[str, dict[str, Any]]
    finished: bool = False
    seconds: float = 0.0
    peak_mib: int | None = None
    fingerprint: str = field(init=False)

    def __post_init__(self) -> None:
        contents = {path: facts["sha256"] for path, facts in self.inputs.items()}
        self.fingerprint = fingerprint([self.settings, self.before, contents])


class Stamps:
    """The stamps of a run's folder, in `stages.json`."""

    def __init__(self, run_dir: Path) -> None:
        self.path = run_dir / STAMPS
        self.stamps: dict[str, Stamp] = {}
        if self.path.exists():
            try:
                for name, record in json.loads(self.path.read_text(encoding="utf-8")).items():
                    record.pop("fingerprint")
                    self.stamps[name] = Stamp(**record)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise SraclError(
                    f"{self.path} is damaged ({error}); add --overwrite or take another run_dir"
                ) from error

    def get(self, stage: str) -> Stamp | None:
        """The stage's stamp, or None where it never began."""
        return self.stamps.get(stage)

    def put(self, stage: str, stamp: Stamp) -> None:
        """Record a stage's state on disk."""
        self.stamps[stage] = stamp
        write_json(self.path, {name: asdict(known) for name, known in self.stamps.items()})

    def drop(self, stages: list[str]) -> None:
        """Forget stages."""
        self.stamps = {name: stamp for name, stamp in self.stamps.items() if name not in stages}
        write_json(self.path, {name: asdict(known) for name, known in self.stamps.items()})


def examined(paths: list[Path], known: Stamp | None) -> dict[str, dict[str, Any]]:
    """Size, time and SHA-256 of input files; a file of known size and time is not read again.

    Raises InputError for a missing file.
    """
    found: dict[str, dict[str, Any]] = {}
    for path in paths:
        try:
            status = path.stat()
        except OSError as error:
            raise InputError(f"there is no file {path}; see `dataset` in the configuration") from error
        if not path.is_file():
            raise InputError(f"{path} is no file; see `dataset` in the configuration")
        facts: dict[str, Any] = {"size": status.st_size, "changed": status.st_mtime_ns}
        before = known.inputs.get(str(path)) if known else None
        unchanged = before is not None and before["size"] == facts["size"] and before["changed"] == facts["changed"]
        facts["sha256"] = before["sha256"] if before and unchanged else file_sha256(path)
        found[str(path)] = facts
    return found


def differences(old: Stamp, new: Stamp) -> list[str]:
    """What a person would call the differences of two stamps."""
    keys = [*new.settings, *(key for key in old.settings if key not in new.settings)]
    told = [
        f"{key} was {_shown(old, key)}, now {_shown(new, key)}"
        for key in keys
        if old.settings.get(key) != new.settings.get(key)
    ]
    changed = [path for path, facts in new.inputs.items() if old.inputs.get(path, {}).get("sha256") != facts["sha256"]]
    told += [f"{path} has changed" for path in changed]
    return told or [f"{stage} was made anew" for stage in new.before if old.before.get(stage) != new.before[stage]]


def _shown(stamp: Stamp, key: str) -> str:
    return repr(stamp.settings[key]) if key in stamp.settings else "not in use"


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings with dotted keys."""
    result: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            result |= flat(value, f"{prefix}{key}.")
        else:
            result[prefix + key] = value
    return result
