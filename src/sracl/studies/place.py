"""Where a study keeps what."""

from dataclasses import dataclass
from pathlib import Path

from sracl.studies.records import Records


@dataclass(frozen=True)
class Place:
    """The folder of a configuration's studies; they share runs, so that one is made once whatever it is compared in."""

    folder: Path

    @property
    def records(self) -> Records:
        """What is kept of finished runs: the folder `runs`, all that has to be carried to another machine."""
        return Records(self.folder / "runs")

    def run(self, key: str) -> Path:
        """The folder of a run while it is being made, and afterwards where it is kept."""
        return self.folder / "work" / key

    def lock(self, key: str) -> Path:
        """Locked by the process that makes a run, or the artefacts of that name."""
        return self.folder / "work" / f"{key}.lock"

    def shared(self, key: str) -> Path:
        """The folder of data and semantic artefacts that runs share."""
        return self.folder / "shared" / key

    def results(self, study: str) -> Path:
        """Where a study's table and pictures go."""
        return self.folder / study
