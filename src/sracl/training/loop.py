"""The training loop: epochs, validation, early stopping, the best weights, and going on after an interruption."""

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import torch

from sracl.backbones.scorer import BackboneScorer
from sracl.config import TrainingConfig
from sracl.datasets.splits import Split
from sracl.errors import SraclError
from sracl.evaluation.evaluate import evaluate
from sracl.objectives.batch import Batch
from sracl.objectives.processes import count_of_all, mean_of_all
from sracl.objectives.training_objective import Draws, TrainingObjective
from sracl.pretraining.hiding import Hidden
from sracl.pretraining.s3rec import S3Rec
from sracl.products import without_kernels_by_shape
from sracl.training.ahead import ahead
from sracl.training.allocator import keep_freed_memory
from sracl.training.batches import TrainingRows
from sracl.training.checkpoint import Progress, load_checkpoint, load_tensors, save_checkpoint, save_tensors
from sracl.training.devices import device_and_precision, make_fabric, threads_a_process
from sracl.training.processes import in_processes, temporary_folder
from sracl.training.watching import Silent, SoFar, Watcher

if TYPE_CHECKING:
    from lightning_fabric import Fabric

STOPPING_METRIC = "MRR@10"
LAST, BEST = "last.safetensors", "best.safetensors"


LearnableT = TypeVar("LearnableT", TrainingObjective, S3Rec)


@dataclass(frozen=True)
class Trained(Generic[LearnableT]):
    """The result: the backbone inside `objective` holds the best epoch's weights."""

    objective: LearnableT
    progress: Progress


def train(
    objective: TrainingObjective,
    split: Split,
    settings: TrainingConfig,
    seed: int,
    folder: Path | None = None,
    watcher: Watcher | None = None,
) -> Trained[TrainingObjective]:
    """Minimise `objective` over the training prefixes; stop when validation MRR@10 has not risen for long enough.

    folder: where checkpoints go; an earlier, interrupted training of the same settings goes on from its last epoch
    and ends as it would have without the interruption, since every epoch draws from a seed of its own. None keeps
    the best weights in memory. The objective must have been built from `seed` alone.

    Raises SraclError where there is nothing to learn or a loss is not finite.
    """
    return _started(objective, split, settings, seed, folder, watcher, True)


def pretrain(
    pretraining: S3Rec,
    split: Split,
    settings: TrainingConfig,
    seed: int,
    folder: Path | None = None,
    watcher: Watcher | None = None,
) -> Trained[S3Rec]:
    """Minimise the losses of a pre-training over the training items for `settings.epochs` epochs, as `train` does.

    Nothing is validated: the last epoch counts as the best.
    """
    return _started(pretraining, split, settings, seed, folder, watcher, False)


def _started(
    objective: LearnableT,
    split: Split,
    settings: TrainingConfig,
    seed: int,
    folder: Path | None,
    watcher: Watcher | None,
    validated: bool,
) -> Trained[LearnableT]:
    """Train here or in several processes."""
    fabric, watcher = make_fabric(settings), watcher or Silent()
    if settings.processes == 1:
        return _train(fabric, watcher, objective, split, settings, seed, folder, validated)
    with nullcontext(folder) if folder is not None else temporary_folder() as kept:
        rest = (split, settings, seed, kept, validated)
        in_processes(fabric, _train, watcher, threads_a_process(settings), objective, *rest)
        # All is done: this reads the checkpoint and the best weights.
        return _train(make_fabric(settings, alone=True), Silent(), objective, *rest)


def _train(
    fabric: "Fabric",
    watcher: Watcher,
    objective: LearnableT,
    split: Split,
    settings: TrainingConfig,
    seed: int,
    folder: Path | None,
    validated: bool,
) -> Trained[LearnableT]:
    """Train as one of `fabric`'s processes."""
    keep_freed_memory()
    trainer = _Trainer(fabric, objective, split, settings, seed, folder, watcher, validated)
    progress = trainer.resumed()
    while not progress.finished:
        trainer.run_epoch(progress)
    trainer.load_best()
    return Trained(objective, progress)


class _Trainer:
    """Holds what the epochs share: rows, model, optimiser. `plain` is the objective, `model` Fabric's wrapper of it."""

    def __init__(
        self,
        fabric: "Fabric",
        objective: TrainingObjective | S3Rec,
        split: Split,
        settings: TrainingConfig,
        seed: int,
        folder: Path | None,
        watcher: Watcher,
        validated: bool,
    ) -> None:
        self.fabric = fabric
        self.split, self.settings, self.seed, self.folder, self.watcher = split, settings, seed, folder, watcher
        self.plain, self.validated = objective, validated
        self.validation_split = split.with_some("validation", settings.validation_targets, seed)
        self.rows = (TrainingRows.of if validated else TrainingRows.whole)(
            split.training, objective.backbone.max_length
        )
        if not len(self.rows):
            raise SraclError("there is nothing to learn: no user has two training interactions")
        optimizer = torch.optim.Adam(objective.parameters(), lr=settings.learning_rate, fused=True)
        self.model, self.optimizer = self.fabric.setup(objective, optimizer)
        self.best_in_memory: dict[str, torch.Tensor] = {}

    def resumed(self) -> Progress:
        """How far an earlier training came, its weights and moments put back in place."""
        if self.folder is None or not (self.folder / LAST).exists():
            return Progress()
        return load_checkpoint(self.folder / LAST, self.plain, self.optimizer.optimizer)

    def run_epoch(self, progress: Progress) -> None:
        """Learn, validate, keep the best weights, write the checkpoint, tell the watcher; moves `progress` on."""
        begin = time.perf_counter()
        progress.epoch += 1
        # Half precision has its fast products from oneDNN.
        exact = device_and_precision(self.settings)[1] == "32-true"
        with without_kernels_by_shape() if exact else nullcontext():
            losses = self._learn(progress.epoch)
        learnt = time.perf_counter()
        validation = self._validate() if self.validated else {}
        value = validation[STOPPING_METRIC] if self.validated else float(progress.epoch)
        if value > progress.best_value:
            progress.best_epoch, progress.best_value = progress.epoch, value
            self._keep_best()
        end = time.perf_counter()
        progress.seconds += end - begin
        stale = progress.epoch - progress.best_epoch >= self.settings.patience
        progress.finished = stale or progress.epoch >= self.settings.epochs
        record = {
            "epoch": progress.epoch,
            "losses": losses,
            "split": self.split.name,
            "validation": validation,
            "best_epoch": progress.best_epoch,
            "seconds": end - begin,
            "seconds_learning": learnt - begin,
            "targets_per_second": self.rows.target_count / (learnt - begin),
        }
        progress.history.append(record)
        if self.folder is not None and self.fabric.is_global_zero:
            save_checkpoint(self.folder / LAST, self.plain, self.optimizer.optimizer, progress)
        self.fabric.barrier()
        self.watcher.on_epoch(record)

    def _validate(self) -> dict[str, float]:
        """Validation metrics with seen items kept; where there are several processes, the first finds them for all."""
        found: dict[str, float] = {}
        if self.fabric.is_global_zero:
            scorer = BackboneScorer(self.plain.backbone)
            found = evaluate(scorer, self.validation_split, "validation", cutoffs=(10,)).kept
        return dict(self.fabric.broadcast(found))

    def _learn(self, epoch: int) -> dict[str, float]:
        """One pass over all training rows; returns the mean of each loss, weighted by targets."""
        process = self.fabric.global_rank
        # Epochs draw from seeds of their own, so that a resumed training needs no state of any generator.
        seed = _epoch_seed(self.seed, epoch)
        self.plain.begin_epoch(epoch, torch.Generator().manual_seed(seed))
        self.plain.train()
        torch.manual_seed(_epoch_seed(self.seed, epoch, process))
        order = torch.Generator().manual_seed(seed + 1)
        # The first process draws on from the order's generator; the others order alike and draw otherwise.
        generator = order if process == 0 else torch.Generator().manual_seed(_epoch_seed(self.seed, epoch, process) + 1)
        sums: dict[str, torch.Tensor] = {}
        seen = 0
        steps = self._steps(order, generator)
        for batch, draws, own in steps if self.fabric.device.type == "cpu" else ahead(steps):
            targets = count_of_all(own, self.fabric.device)
            losses = self.model(batch, draws)
            self.optimizer.zero_grad(set_to_none=True)
            self.fabric.backward(losses.total)
            self.optimizer.step()
            seen += targets
            for name, loss in losses.parts.items():
                sums[name] = sums.get(name, torch.zeros_like(loss)) + loss * targets
            self.watcher.on_step(epoch, targets, SoFar(sums, seen))
        means = {name: float(mean_of_all(total)) / seen for name, total in sums.items()}
        if not all(torch.isfinite(torch.tensor(list(means.values())))):
            raise SraclError(f"a loss is not finite in epoch {epoch} ({means}); lower training.learning_rate")
        return means

    def _steps(self, order: torch.Generator, generator: torch.Generator) -> Iterator[tuple[Batch, Draws | Hidden, int]]:
        """An epoch's batches and their draws, on the device, with the number of each one's targets."""
        rows, device = self.rows, self.fabric.device
        for batch in rows.epoch(self.settings.targets_per_step, order, self.fabric.global_rank, self.fabric.world_size):
            draws = self.plain.draw(batch, generator)
            yield batch.to(device), draws.to(device), int((batch.targets >= 0).sum())

    def _keep_best(self) -> None:
        weights = {name: t.detach().cpu().clone() for name, t in self.plain.backbone.state_dict().items()}
        if self.folder is None:
            self.best_in_memory = weights
        elif self.fabric.is_global_zero:
            save_tensors(self.folder / BEST, weights, {})

    def load_best(self) -> None:
        """Put the best epoch's weights into the backbone."""
        weights = self.best_in_memory if self.folder is None else load_tensors(self.folder / BEST)[0]
        self.plain.backbone.load_state_dict(weights)
        self.plain.eval()


def _epoch_seed(seed: int, epoch: int, process: int = 0) -> int:
    return (seed * 1_000_003 + epoch) * 2 + process * 2**40


def built_from_seed(seed: int, build: Callable[[], LearnableT]) -> LearnableT:
    """Build an objective whose initial weights depend on `seed` alone, leaving the global generator as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()
