"""One method's search: which settings are tried next, which trials are hopeless, which was best; kept in SQLite."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from sracl.config import RunConfig
from sracl.config.tune import TuneConfig
from sracl.files import fingerprint
from sracl.studies.identity import settings_of
from sracl.tuning.space import configured_values, distribution_of, space_of

OVER = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
KEY, SECONDS = "key", "seconds"
"""What is noted of a trial: its run, and once it is over what its training took."""
TRIALS_BEFORE_PRUNING, EPOCHS_BEFORE_PRUNING = 5, 5
"""The median of fewer trials, or of earlier epochs, says too little."""


@dataclass(frozen=True)
class Budget:
    """What a method's search may take: so many trials, or minutes of training summed over them; None is no limit."""

    trials: int | None
    minutes: float | None


class Search:
    """The search for one method's settings; another one of the same method, data and space goes on with it.

    config: the method's; its own settings are the first trial, so that the best is never worse than they are.
    """

    def __init__(self, name: str, config: RunConfig, storage: Path) -> None:
        self.config = config
        self.space = space_of(config)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        storage.parent.mkdir(parents=True, exist_ok=True)
        self.study = optuna.create_study(
            storage=f"sqlite:///{storage}",
            study_name=f"{name} {self._fingerprint()}",
            load_if_exists=True,
            direction="maximize",
            pruner=_pruner(config.tune, config.training.epochs),
        )
        # A sampler that went on from the same seed would draw what it has drawn before.
        self.study.sampler = optuna.samplers.TPESampler(seed=config.seed * 100_003 + len(self.study.trials))
        self._take_up_interrupted()
        if not self.study.trials:
            self.study.enqueue_trial(configured_values(config, self.space))

    def _fingerprint(self) -> str:
        """Of what makes trials comparable: all settings that are not searched, and the space."""
        fixed = {key: value for key, value in settings_of(self.config).items() if key not in self.space}
        space = {key: repr(distribution_of(dimension)) for key, dimension in self.space.items()}
        return fingerprint([fixed, space])[:8]

    def _take_up_interrupted(self) -> None:
        """Trials that were under way when the process ended are tried again first; their runs have checkpoints."""
        for trial in self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            self.study.enqueue_trial(trial.params)
            self.study.tell(trial.number, state=TrialState.FAIL)

    @property
    def over(self) -> list[FrozenTrial]:
        """The trials that count: complete, pruned or failed, in their order; not those that were interrupted."""
        trials = self.study.get_trials(deepcopy=False, states=OVER)
        return [trial for trial in trials if SECONDS in trial.user_attrs]

    @property
    def minutes(self) -> float:
        """What the training of all trials took."""
        return sum(float(trial.user_attrs[SECONDS]) for trial in self.over) / 60

    def wants_more(self, budget: Budget, running: int) -> bool:
        """Whether another trial may begin beside those that run."""
        begun = len(self.over) + running
        if not self.space and begun:
            return False
        in_trials = budget.trials is None or begun < budget.trials
        return in_trials and (budget.minutes is None or self.minutes < budget.minutes)

    def ask(self) -> "Trial":
        """Settings to try next."""
        distributions = {key: distribution_of(dimension) for key, dimension in self.space.items()}
        return Trial(self.study, self.study.ask(distributions))

    @property
    def best(self) -> FrozenTrial | None:
        """The complete trial of the highest validation MRR@10, the earliest of equals; None before the first."""
        complete = [trial for trial in self.over if trial.state == TrialState.COMPLETE]
        return max(complete, key=lambda trial: (trial.value, -trial.number), default=None)


class Trial:
    """A trial under way."""

    def __init__(self, study: optuna.Study, trial: optuna.Trial) -> None:
        self.study, self.trial = study, trial
        self.epoch, self.highest, self.seconds = 0, float("-inf"), 0.0

    @property
    def values(self) -> Mapping[str, Any]:
        """The settings that are tried, by dotted key."""
        return self.trial.params

    def is_run(self, key: str) -> None:
        """Note which run tries it."""
        self.trial.set_user_attr(KEY, key)

    def hear(self, epochs: list[dict[str, Any]]) -> bool:
        """Take note of the epochs so far; True where the trial is hopeless beside earlier ones and should end."""
        for record in epochs[self.epoch :]:
            self.epoch = record["epoch"]
            self.seconds += record["seconds"]
            self.highest = max(self.highest, record["validation"]["MRR@10"])
            self.trial.report(self.highest, self.epoch)
            if self.trial.should_prune():
                return True
        return False

    def end(self, seconds: float, value: float | None, pruned: bool = False) -> None:
        """Tell how it went: `value` is the best validation MRR@10; None where the run failed or was ended early."""
        self.trial.set_user_attr(SECONDS, seconds)
        if value is not None:
            self.study.tell(self.trial, value)
        else:
            self.study.tell(self.trial, state=TrialState.PRUNED if pruned else TrialState.FAIL)


def _pruner(tune: TuneConfig, epochs: int) -> optuna.pruners.BasePruner:
    if tune.pruner == "hyperband":
        return optuna.pruners.HyperbandPruner(min_resource=1, max_resource=epochs)
    if tune.pruner == "median":
        return optuna.pruners.MedianPruner(TRIALS_BEFORE_PRUNING, EPOCHS_BEFORE_PRUNING)
    return optuna.pruners.NopPruner()
