"""The data and semantic artefacts of a study: made once for all runs that read them."""

from pathlib import Path

from filelock import FileLock

from sracl.config import RunConfig, changed
from sracl.errors import InputError
from sracl.files import fingerprint
from sracl.pipeline.display import Display
from sracl.pipeline.run import Run
from sracl.pipeline.sharing import adopt
from sracl.pipeline.stamps import flat
from sracl.studies.place import Place


def shared_folder(place: Place, config: RunConfig) -> Path:
    """The folder whose artefacts a run of this configuration reads."""
    values = config.model_dump(mode="json")
    parts = {"dataset": values["dataset"]}
    if config.trains_on_texts or config.evaluation.compares_texts:
        parts |= {name: values[name] for name in ("protocol", "semantics")}
    return place.shared(fingerprint(flat(parts))[:16])


def make_shared(place: Place, config: RunConfig, display: Display) -> None:
    """Make what a run of this configuration reads and is not there yet.

    What `run_dir` or the artefacts of other variants hold already, such as the same embeddings where only the number
    of neighbours differs, is taken over. Raises InputError for data without texts where a variant needs them.
    """
    folder = shared_folder(place, config)
    with FileLock(place.lock(folder.name)):
        run = Run(changed(config, {"run_dir": str(folder)}), display, overwrite=True)
        for donor in [config.run_dir, *sorted(path for path in folder.parent.glob("*") if path != folder)]:
            adopt(run, donor)
        run.up_to("prepare")
        if run.config.objectives.switched_on != run.objectives.switched_on:
            raise InputError(f"{folder} has no text of any item, so there is nothing to compare; give dataset.items")
        run.up_to("neighbors")
