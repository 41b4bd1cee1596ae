"""Makes a method's trials, several at a time, until its budget is spent."""

import shutil
import time
from dataclasses import replace
from pathlib import Path

from sracl.config import changed
from sracl.pipeline.display import Display
from sracl.studies.place import Place
from sracl.studies.processes import PAUSE, Pool
from sracl.studies.progress import epochs_of
from sracl.studies.sharing import make_shared, shared_folder
from sracl.studies.tasks import is_done, task_of
from sracl.studies.worker import Task
from sracl.tuning.search import KEY, Budget, Search, Trial
from sracl.tuning.telling import Telling


class Trials:
    """One method's trials.

    place: of the studies, whose data and semantic artefacts trials share. Trials have a place of their own, `tune` in
    it, for their records, which hold no test metrics, and the best one's folder, whose model is tested at the end.
    run_dir: the configuration's own, whose artefacts are taken over.
    """

    def __init__(
        self, name: str, search: Search, place: Place, run_dir: Path, display: Display, telling: Telling
    ) -> None:
        self.name, self.search, self.shared_place, self.run_dir = name, search, place, run_dir
        self.display, self.telling = display, telling
        self.place = Place(place.folder / "tune")
        self._running: dict[str, list[Trial]] = {}
        self._shared: set[Path] = set()

    def make(self, budget: Budget, pool: Pool) -> None:
        """Try settings until the budget is spent; the same call goes on after an interruption."""
        while self._running or self.search.wants_more(budget, 0):
            while pool.free and self.search.wants_more(budget, sum(map(len, self._running.values()))):
                self._begin(pool)
            for task, error in pool.ended():
                self._end(task, error)
            for task in pool.running:
                self._look_at(task, pool)
            self.telling.on_pause(pool.running)
            if self._running:
                time.sleep(PAUSE)

    def task(self, values: dict[str, object]) -> Task:
        """The task of training with these settings, judged by validation alone."""
        config = changed(self.search.config, values, f"a trial of {self.name}")
        return replace(
            task_of(self.name, config, self.place, test=False), shared=shared_folder(self.shared_place, config)
        )

    def _begin(self, pool: Pool) -> None:
        trial = self.search.ask()
        task = self.task(dict(trial.values))
        trial.is_run(task.key)
        # Where the choices are few, two trials may come to the same run.
        same = self._running.setdefault(task.key, [])
        same.append(trial)
        if is_done(task):
            self._end(task, None)
        elif len(same) == 1:
            self._prepare(task)
            pool.start(task)

    def _prepare(self, task: Task) -> None:
        """Make what the run reads; it depends on the settings that are tried, such as the number of neighbours."""
        if task.shared not in self._shared:
            make_shared(self.shared_place, changed(task.config, {"run_dir": str(self.run_dir)}), self.display)
            self._shared.add(task.shared)

    def _look_at(self, task: Task, pool: Pool) -> None:
        first = self._running[task.key][0]
        if first.hear(epochs_of(task)):
            pool.stop(task)
            for trial in self._running.pop(task.key):
                trial.end(first.seconds, None, pruned=True)
                self.telling.on_pruned(self.search, trial, first.epoch)
            self._clean(task)

    def _end(self, task: Task, error: str | None) -> None:
        record = None if error is not None else self.place.records.find(task.key)
        for trial in self._running.pop(task.key):
            if record is None:
                trial.hear(epochs_of(task))
                trial.end(trial.seconds, None)
                self.telling.on_failed(self.search, trial, error or f"no record was left; see {task.log}")
            else:
                trial.end(record.seconds, record.validation["MRR@10"])
                self.telling.on_complete(self.search, trial, record)
        self._clean(task)

    def _clean(self, task: Task) -> None:
        """Leave no folder but the best run's, and those of runs that go on."""
        best = self.search.best
        kept = {*self._running, best.user_attrs[KEY] if best is not None else ""}
        for trial in self.search.over:
            key = trial.user_attrs[KEY]
            if key not in kept:
                shutil.rmtree(self.place.run(key), ignore_errors=True)
