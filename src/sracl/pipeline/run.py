"""A run from its configuration: every stage, skipping what is done, refusing what other settings made."""

import shutil
import time
from functools import cached_property

from sracl.config import ObjectivesConfig, RunConfig
from sracl.datasets.dataset import Dataset
from sracl.datasets.prefixes import PrefixPool
from sracl.datasets.splits import Split, make_split
from sracl.engines import LOCAL, Engine, open_engine
from sracl.errors import InputError
from sracl.files import written_aside
from sracl.memory_peak import MemoryPeak
from sracl.pipeline.display import Display
from sracl.pipeline.plan import IMPLIED, LATER, STAGES, WITHOUT_EFFECT, Stage, settings_of
from sracl.pipeline.stages import input_files
from sracl.pipeline.stamps import Stamp, Stamps, differences, examined
from sracl.pipeline.tracking import REMEMBERED, Tracking
from sracl.pipeline.updates import Past, past_of
from sracl.recommender import Recommender, remembers
from sracl.semantics.stages import pool_of
from sracl.training.allocator import give_back_freed_memory
from sracl.training.assembly import with_own_backbone

MEASURED_SEED = 0
"""Draws the targets of `evaluation.targets`: one for all runs, so that these can be compared target by target."""


class Run:
    """A run's folder and everything that its stages share.

    config: the resolved configuration; a backbone of one's own that it names is imported, which runs its code.
    overwrite: make stages anew that other settings made, rather than refuse.
    """

    def __init__(self, config: RunConfig, display: Display, overwrite: bool = False) -> None:
        self.config, self.own_backbone = with_own_backbone(config)
        self.display = display
        self.overwrite = overwrite
        self.folder = config.run_dir
        if overwrite and not self.folder.joinpath("stages.json").exists() and self.folder.exists():
            display.say(f"{self.folder} holds no record of stages; everything is made anew")
        self.stamps = Stamps(self.folder)
        self.engine: Engine = LOCAL
        self.tracking: Tracking | None = None

    @property
    def made(self) -> dict[str, Stamp]:
        """The records of the stages that are done, by name, in their order."""
        stamps = {stage.name: self.stamps.get(stage.name) for stage in STAGES if not self.skips(stage)}
        return {name: stamp for name, stamp in stamps.items() if stamp is not None and stamp.finished}

    @cached_property
    def past(self) -> Past:
        """The updates that the run's data hold."""
        return past_of(self.folder)

    @cached_property
    def dataset(self) -> Dataset:
        """The prepared data."""
        return Dataset.load(self.folder / "dataset")

    @cached_property
    def split(self) -> Split:
        """The configured split of the prepared data."""
        return make_split(self.dataset, self.config.dataset.split)

    @cached_property
    def measured_split(self) -> Split:
        """The split with those targets alone that evaluation ranks, `evaluation.targets` of each part."""
        split, count = self.split, self.config.evaluation.targets
        return split.with_some("validation", count, MEASURED_SEED).with_some("test", count, MEASURED_SEED)

    @cached_property
    def pool(self) -> PrefixPool:
        """The prefixes that the semantic stages see."""
        return pool_of(self.split, self.config)

    def load_model(self) -> Recommender:
        """The trained model, from disk. Raises InputError where there is none."""
        return Recommender.load(self.folder / "model", self.own_backbone)

    @property
    def trained(self) -> RunConfig:
        """The configuration of what is trained: where the data hold no texts, without the objectives that need them."""
        return self.config.for_data(bool(self.dataset.text_columns))

    @property
    def objectives(self) -> ObjectivesConfig:
        """What is learnt beside the next item: where the data hold no texts, nothing that needs them."""
        return self.trained.objectives

    @property
    def holds_items_out(self) -> bool:
        """Whether items were taken out of the data, to be ranked in the end."""
        return self.config.dataset.cold_items.share > 0

    @property
    def reads_texts(self) -> bool:
        """Whether texts must be described and embedded, for the training, a baseline or cold items."""
        compares = self.config.evaluation.compares_texts and bool(self.dataset.text_columns)
        return self.trained.trains_on_texts or self.holds_items_out or compares

    def up_to(self, last: str) -> bool:
        """Make every stage up to and with `last` that is not done; returns whether any was made."""
        self.folder.mkdir(parents=True, exist_ok=True)
        made = False
        with open_engine(self.config) as self.engine:
            for stage in STAGES:
                if not stage.semantic:
                    # Training takes hours: meanwhile no idle workers.
                    self.engine.close()
                if not self.skips(stage):
                    made |= self._make(stage)
                if stage.name == last:
                    break
        with written_aside(self.folder / "config.yaml") as aside:
            aside.write_text(self.config.to_yaml(), encoding="utf-8")
        return made

    def skips(self, stage: Stage) -> bool:
        """Whether this run does without a stage; the data must be prepared."""
        if stage.name == "baseline":
            wanted = self.objectives.learned or self.config.evaluation.plain_backbone
            return not (wanted and self.trained.more_than_plain)
        if stage.name == "learned":
            return not self.objectives.learned
        if stage.name == "pretrain":
            return not self.config.pretraining.switched_on or len(self.past) > 0  # what it taught is in the weights
        if stage.name == "neighbors":
            return not self.objectives.semantic
        if stage.name == "cold":
            return not self.holds_items_out
        if stage.name == "remember":
            return self.config.transition_memory.concentration is None and not remembers(self.folder / "model")
        return stage.semantic and not self.reads_texts

    def done(self, name: str) -> bool:
        """Whether a stage is made of the present settings and inputs."""
        stage = next(known for known in STAGES if known.name == name)
        known = self.stamps.get(name)
        return known is not None and known.finished and known.fingerprint == self.stamp_of(stage, known).fingerprint

    def _make(self, stage: Stage) -> bool:
        known = self.stamps.get(stage.name)
        wanted = self.stamp_of(stage, known)
        if known and known.fingerprint == wanted.fingerprint and known.finished:
            self.display.say(f"{stage.name}: done before, unchanged")
            return False
        if known and known.fingerprint != wanted.fingerprint:
            self._start_again(stage, known, wanted)
            known = None
        self.stamps.put(stage.name, wanted)
        begin = time.perf_counter()
        self.display.stage(stage.name)
        with MemoryPeak() as peak:
            stage.make(self)
        give_back_freed_memory()
        # A stage that went on after an interruption took the time of both parts.
        wanted.seconds = time.perf_counter() - begin + (known.seconds if known else 0.0)
        wanted.peak_mib = peak.mib
        wanted.finished = True
        self.display.stage_ends(wanted.seconds, wanted.peak_mib)
        self.stamps.put(stage.name, wanted)
        return True

    def stamp_of(self, stage: Stage, known: Stamp | None = None) -> Stamp:
        """What a stage would be made from now. known: an earlier stamp, whose unchanged files are not read again."""
        settings = settings_of(stage, self.config)
        without = stage.without
        if self.config.dataset.split.kind == "leave-one-out":
            without += ("dataset.split.",)  # it has no settings; and artefacts from before there was a choice are its
        if not self.holds_items_out:
            without += ("dataset.cold_items.", "cold_items.")
        if not self.past:
            without += ("update.",)
        settings = {
            key: value
            for key, value in settings.items()
            if not key.startswith(without) and (key, value) not in LATER.items()
        }
        for key in settings.keys() & WITHOUT_EFFECT:
            if known and key in known.settings:
                # Recorded by an earlier version: what has no effect is no difference.
                settings[key] = known.settings[key]
            else:
                del settings[key]
        settings = {key: value for key, value in settings.items() if key not in IMPLIED or value != IMPLIED[key]}
        # Texts that are there for a baseline alone are nothing that a training depends on.
        for_others = stage.name in ("train", "pretrain") and not self.trained.trains_on_texts
        after = [name for name in stage.after if not (for_others and name == "embed")]
        if stage.name == "prepare" and self.past:
            settings["updates"] = list(self.past.digests)
        before = {name: stamp.fingerprint for name in after if (stamp := self.stamps.get(name)) is not None}
        inputs = examined(input_files(stage.name, self), known)
        return Stamp(settings, before, inputs)

    def _start_again(self, stage: Stage, known: Stamp, wanted: Stamp) -> None:
        # A stage with artefacts of its own that did not end left none: what it paid for is in stores, by content.
        nothing_there = bool(stage.leaves) and not known.finished
        if not (stage.cheap or self.overwrite or nothing_there):
            told = differences(known, wanted)
            more = f" (and {len(told) - 2} more)" if len(told) > 2 else ""
            raise InputError(
                f"{self.folder} holds the stage `{stage.name}` of other settings: {'; '.join(told[:2])}{more}.\n"
                "Take another run_dir, or add --overwrite to make it and what follows anew."
            )
        if stage.cheap:
            self.stamps.drop([stage.name])
        else:
            self.forget_from(stage.name)

    def forget_from(self, stage: str) -> None:
        """Have a stage and all that are made from it made anew by the next call of `up_to`."""
        forgotten = [stage]
        for known in STAGES:
            if not set(forgotten).isdisjoint(known.after):
                forgotten.append(known.name)
        self.stamps.drop(forgotten)
        for trains, checkpoint in (("baseline", "backbone"), ("pretrain", "pretrained"), ("train", "model")):
            if trains in forgotten:
                shutil.rmtree(self.folder / "checkpoints" / checkpoint, ignore_errors=True)
                # Another training is another run to MLflow.
                (self.folder / REMEMBERED).unlink(missing_ok=True)
        for cached in ("dataset", "split", "pool"):
            self.__dict__.pop(cached, None)
