"""Taking over what another run has made: no stage is computed twice, and no artefact lies on the disk twice."""

from pathlib import Path

from sracl.files import link_or_copy
from sracl.pipeline.plan import STAGES
from sracl.pipeline.run import Run
from sracl.pipeline.stamps import Stamps


def adopt(run: Run, donor: Path) -> list[str]:
    """Take over the data and the semantic stages that another run's folder holds and this run would make the same.

    Files are shared by links, not copied: both runs replace theirs whole, so that neither changes the other's.
    Returns the names of the stages taken over. A folder without a record of stages gives none.
    """
    theirs = Stamps(donor)
    taken: list[str] = []
    for stage in STAGES:
        if not stage.leaves or (stage.name != "prepare" and run.skips(stage)):
            continue
        if (own := run.stamps.get(stage.name)) and own.finished:
            continue
        known = theirs.get(stage.name)
        if known is None or not known.finished or run.stamp_of(stage, known).fingerprint != known.fingerprint:
            break
        if not all((donor / name).exists() for name in stage.leaves):
            break
        for name in stage.leaves:
            _share(donor / name, run.folder / name)
        run.stamps.put(stage.name, known)
        taken.append(stage.name)
    return taken


def _share(source: Path, target: Path) -> None:
    for file in [source] if source.is_file() else sorted(path for path in source.rglob("*") if path.is_file()):
        link_or_copy(file, target / file.relative_to(source))
