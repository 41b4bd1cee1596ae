"""From a configuration to the task of making its run, and whether that is done."""

from sracl.config import RunConfig, changed
from sracl.errors import SraclError
from sracl.studies.definition import plain
from sracl.studies.identity import disagreement, key_of, settings_of
from sracl.studies.place import Place
from sracl.studies.sharing import shared_folder
from sracl.studies.worker import Task


def task_of(
    label: str, config: RunConfig, place: Place, baseline: str | None = None, keep: bool = False, test: bool = True
) -> Task:
    """The task of making this configuration's run in `place`, under the key that it has anywhere."""
    # A run has one device, or one core: that is what is divided among runs.
    config = changed(config, {"training.processes": 1})
    if baseline is not None:
        config = changed(config, plain(config) | {"evaluation.baselines": [baseline]})
    settings = settings_of(config, baseline)
    key = key_of(settings)
    in_place = changed(config, {"run_dir": str(place.run(key)), "training.threads": config.training.threads or 1})
    return Task(key, label, in_place, settings, baseline, place, shared_folder(place, config), keep, test)


def is_done(task: Task) -> bool:
    """Whether a record is there. Raises SraclError for one of settings that only look the same."""
    record = task.place.records.find(task.key)
    if record is None:
        return False
    if told := disagreement(record.settings, task.settings):
        raise SraclError(
            f"{task.place.records.folder / task.key}.json is of another version's defaults: {told}.\n"
            "Delete it to make this run again, or take another --folder."
        )
    return True
