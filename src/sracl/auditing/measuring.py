"""What the leaks of the `paper` protocol are worth, measured: both protocols trained and tested."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from sracl.config import changed, read_config
from sracl.errors import InputError
from sracl.pipeline.display import Display
from sracl.studies.conduct import Options, conduct
from sracl.studies.protocols import PAPER, STRICT

METRIC = "NDCG@10"


@dataclass(frozen=True)
class Worth:
    """Test NDCG@10, seen items kept, by seed; gain: the mean over seeds of paper - strict."""

    metric: str
    seeds: tuple[int, ...]
    strict: tuple[float, ...]
    paper: tuple[float, ...]
    gain: float

    def told(self) -> str:
        """A sentence for people."""
        strict, paper = (sum(values) / len(values) for values in (self.strict, self.paper))
        seeds = f"{len(self.seeds)} seeds" if len(self.seeds) > 1 else "one seed, whose chance may be larger than this"
        return (
            f"the leaks of the paper protocol are worth {self.gain:+.4f} test {self.metric}: "
            f"{paper:.4f} with them, {strict:.4f} without ({seeds})"
        )

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def measure(run_dir: Path, seeds: Sequence[int] | None, jobs: int | None, display: Display) -> Worth:
    """Train the run's configuration under both protocols; the same call goes on after an interruption.

    seeds: None takes the run's own. Raises InputError for a run without contrastive losses, SraclError where one of
    the study's runs fails.
    """
    config = changed(read_config(run_dir / "config.yaml"), {"run_dir": str(run_dir)})
    if not config.objectives.contrastive:
        raise InputError(
            f"{run_dir} trains the plain backbone: no protocol has a part in it, so nothing can be measured"
        )
    results = conduct(config, "protocols", Options(seeds=seeds or (config.seed,), jobs=jobs), display)
    values = {label: _by_seed(results.runs, label) for label in (STRICT, PAPER)}
    gains = [paper - strict for strict, paper in zip(values[STRICT], values[PAPER], strict=True)]
    return Worth(METRIC, tuple(seeds or (config.seed,)), values[STRICT], values[PAPER], sum(gains) / len(gains))


def _by_seed(runs: pl.DataFrame, label: str) -> tuple[float, ...]:
    return tuple(runs.filter(pl.col("variant") == label).sort("seed")[f"test/kept/{METRIC}"].to_list())
