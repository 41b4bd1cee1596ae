"""Tells MLflow of a run: settings, metrics of every epoch and of the test, files. A run's folder is one MLflow run.

What MLflow shall know is on disk first, in checkpoints and `metrics.json`. So nothing depends on the server: where it
is lost during a training, the training goes on, and what was missed is told when the run ends, or by the same command
later.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sracl
from sracl.errors import SraclError
from sracl.files import write_json
from sracl.pipeline.mlflow_store import Store, connect
from sracl.pipeline.stamps import flat
from sracl.training.checkpoint import load_progress
from sracl.training.loop import LAST

if TYPE_CHECKING:
    from sracl.pipeline.run import Run

REMEMBERED = "mlflow.json"
"""Which MLflow run is the folder's."""
FILES = ("config.yaml", "metrics.json", "report.html")
"""Given to MLflow where they are there."""
NOT_OF_THE_RUN = ("study", "tune", "tracking", "ray", "report")
"""Sections that say nothing about a run's result."""
OF_AN_EPOCH = "targets_per_second"
"""A metric that every epoch of every training has."""


@contextmanager
def tracked(run: "Run") -> Iterator[None]:
    """Have MLflow told of what is done to a run within the block, where `tracking.mlflow` names one.

    Raises InputError where MLflow is not installed, SraclError where it cannot be reached: before anything is done, and
    at the end where it still cannot be told everything.
    """
    address = run.config.tracking.mlflow
    if address is None:
        yield
        return
    run.tracking = Tracking(run, connect(address, run.config.tracking.experiment))
    try:
        yield
    except BaseException as error:
        run.tracking.on_failure(error)
        raise
    run.tracking.catch_up()


class Tracking:
    """A run's folder as an MLflow run, which is begun with the first training and goes on where the run does."""

    def __init__(self, run: "Run", store: Store) -> None:
        self.run, self.store = run, store
        self.lost = False

    def of_training(self, name: str) -> "TrackedTraining":
        """A watcher for the training of this name."""
        return TrackedTraining(self, name)

    @cached_property
    def run_id(self) -> str:
        """MLflow's name of the run: the folder's own, or a new one, which is told the settings."""
        path, place = self.run.folder / REMEMBERED, {"uri": self.store.address, "experiment": self.store.experiment}
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        run_id = str(known.pop("run", ""))
        if known != place:
            run_id = self.store.begin_run(self.run.folder.resolve().name, {"sracl": sracl.__version__})
            write_json(path, place | {"run": run_id})
        self.store.go_on(run_id, settings_of(self.run.config.model_dump(mode="json")))
        return run_id

    def on_epoch(self, training: str, record: dict[str, Any]) -> None:
        """Tell of an epoch; where that fails say so once, and leave the rest to `catch_up`."""
        if self.lost:
            return
        try:
            self.store.put_metrics(self.run_id, metrics_of_epoch(training, record), record["epoch"])
        except SraclError as error:
            self.lost = True
            self.run.display.say(f"  {error}; training goes on, and MLflow is told again at the end")

    def catch_up(self) -> None:
        """Tell of every epoch, metric and file that MLflow does not have yet, and end its run."""
        trained = sorted((self.run.folder / "checkpoints").glob(f"*/{LAST}"))
        if not trained:
            return
        try:
            for checkpoint in trained:
                self._catch_up_training(checkpoint)
            metrics = self.run.folder / "metrics.json"
            if metrics.exists():
                found = json.loads(metrics.read_text(encoding="utf-8"))
                self.store.put_new_metrics(self.run_id, metrics_of_run(found), found["best_epoch"])
            self.store.put_files(self.run_id, [path for name in FILES if (path := self.run.folder / name).exists()])
            self.store.end(self.run_id, "FINISHED")
        except SraclError as error:
            raise SraclError(f"{error};\nall is in {self.run.folder}: the same command tells MLflow again") from error

    def _catch_up_training(self, checkpoint: Path) -> None:
        training = checkpoint.parent.name
        known = self.store.steps(self.run_id, f"{training}/{OF_AN_EPOCH}")
        for record in load_progress(checkpoint).history:
            if record["epoch"] not in known:
                self.store.put_metrics(self.run_id, metrics_of_epoch(training, record), record["epoch"])

    def on_failure(self, error: BaseException) -> None:
        """Mark MLflow's run, where one was begun; the error that ended ours is more important than one from here."""
        if "run_id" not in self.__dict__:
            return
        try:
            self.store.end(self.run_id, "KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED")
        except SraclError as second:
            self.run.display.say(str(second))


class TrackedTraining:
    """Watches a training for MLflow."""

    def __init__(self, tracking: Tracking, name: str) -> None:
        self.tracking, self.name = tracking, name

    def on_step(self, epoch: int, targets: int, parts: Mapping[str, float]) -> None:
        """Steps are not recorded."""

    def on_epoch(self, record: dict[str, Any]) -> None:
        """Tell of the epoch."""
        self.tracking.on_epoch(self.name, record)


def metrics_of_epoch(training: str, record: Mapping[str, Any]) -> dict[str, float]:
    """An epoch's losses, validation metrics and speed, as `model/losses/next_item`, by MLflow's rules for names."""
    found = {
        f"{training}/{group}/{name}": value
        for group in ("losses", "validation")
        for name, value in record[group].items()
    }
    return mlflow_names(found | {f"{training}/{OF_AN_EPOCH}": record[OF_AN_EPOCH]})


def metrics_of_run(found: Mapping[str, Any]) -> dict[str, float]:
    """What `metrics.json` says of the model and, under `baselines/NAME`, of the baselines."""
    parts = ("validation", "validation_unseen", "test", "test_unseen")
    told = {"": found} | {f"baselines/{name}/": values for name, values in found["baselines"].items()}
    metrics = {
        f"{before}{part}/{name}": value
        for before, values in told.items()
        for part in parts
        for name, value in values.get(part, {}).items()
    }
    return mlflow_names(metrics | {f"seconds/{stage}": value for stage, value in found["seconds"].items()})


def settings_of(config: Mapping[str, Any]) -> dict[str, str]:
    """What determines a run, flat: `backbone.name`."""
    kept = {section: values for section, values in config.items() if section not in NOT_OF_THE_RUN}
    return mlflow_names({name: str(value) for name, value in flat(kept).items()})


def mlflow_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same by names that MLflow takes: `NDCG_at_10`."""
    return {re.sub(r"[^\w\-. /]", "_", name.replace("@", "_at_")): value for name, value in values.items()}
