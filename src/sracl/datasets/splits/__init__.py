"""Which interactions train and which are asked for. A new split is a file here and a line in `make_split`."""

from sracl.config import SplitConfig
from sracl.datasets.dataset import Dataset
from sracl.datasets.splits.base import PARTS, Part, Split, Targets
from sracl.datasets.splits.global_time import Moments, global_time
from sracl.datasets.splits.leave_one_out import leave_one_out
from sracl.errors import InputError


def make_split(dataset: Dataset, settings: SplitConfig) -> Split:
    """The split that `settings.kind` names. Raises InputError where the data do not allow it."""
    match settings.kind:
        case "leave-one-out":
            return leave_one_out(dataset.histories)
        case "global-time":
            cuts = (settings.validation, settings.test)
            return global_time(dataset.histories, _moments(dataset), cuts, settings.targets == "every")


def _moments(dataset: Dataset) -> Moments:
    if dataset.times is not None:
        return Moments(dataset.times, dataset.clock)
    if dataset.clock == "order":
        why = "the time column only counts each user's own interactions, so that two users' cannot be compared"
    else:
        why = "no times are known: there is no time column, or the data were prepared by an earlier version"
    raise InputError(
        f"dataset.split.kind is global-time, but {why}.\n"
        "Give dataset.columns.time with real times and prepare again with --overwrite, or take leave-one-out."
    )


__all__ = ["PARTS", "Part", "Split", "Targets", "leave_one_out", "make_split"]
