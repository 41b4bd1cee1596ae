"""Items held out of the data, as if they had not been there yet, and what is asked of them in the end."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from sracl.datasets.dataset import Dataset
from sracl.datasets.sequences import Sequences
from sracl.datasets.splits.base import Split, Targets
from sracl.errors import InputError
from sracl.files import folder_written_aside


@dataclass(frozen=True)
class HeldOutItems:
    """The items that were taken out, and every user's history with them.

    catalogue: their rows, M of them, with the columns of the data's own. histories: all interactions of all users,
    oldest first, in numbers where the items that stayed have those of the data, 0 to N-1, and these follow from N on.
    """

    catalogue: pl.DataFrame
    histories: Sequences

    def __len__(self) -> int:
        return self.catalogue.height

    def split(self, known: int) -> Split:
        """What is asked: the last interaction of every user whose last item was held out; `known`: N.

        The model reads all that came before, held-out items too. Nothing of it trains, in this numbering.
        """
        offsets, lengths = self.histories.offsets, self.histories.lengths
        ends = np.flatnonzero(lengths > 0)
        users = ends[self.histories.values[offsets[1:][ends] - 1] >= known]
        asked = users[lengths[users] > 1]
        nothing = np.empty(0, dtype=np.int64)
        return Split(
            name="cold items",
            histories=self.histories,
            training_lengths=np.zeros(len(self.histories), dtype=np.int64),
            validation=Targets(nothing, nothing, nothing),
            test=Targets(asked, lengths[asked] - 1, offsets[1:][asked] - 1, len(users) - len(asked)),
        )

    def save(self, folder: Path) -> None:
        """Write `catalogue.parquet` and `histories*.npy`, or nothing."""
        with folder_written_aside(folder) as aside:
            self.catalogue.write_parquet(aside / "catalogue.parquet")
            self.histories.save(aside, "histories")

    @classmethod
    def load(cls, folder: Path) -> "HeldOutItems":
        """Open what `save` wrote. Raises InputError where it is missing or damaged."""
        try:
            return cls(pl.read_parquet(folder / "catalogue.parquet", glob=False), Sequences.load(folder, "histories"))
        except (OSError, ValueError, EOFError, pl.exceptions.PolarsError) as error:
            raise InputError(f"{folder} holds no readable items ({error}); run `sracl prepare` again") from error


def hold_out(dataset: Dataset, share: float, seed: int) -> tuple[Dataset, HeldOutItems]:
    """Take a share of all items out of the data with all their interactions; returns what stays, and the items.

    The items are drawn by `seed`, whatever their popularity. Users stay, some perhaps without any interaction; the
    k-core is not sought again. Raises InputError where the share is less than one item or leaves less than two, and
    where items have no text to be known by.
    """
    count = round(share * dataset.item_count)
    if not 1 <= count <= dataset.item_count - 2:
        raise InputError(
            f"dataset.cold_items.share {share} of {dataset.item_count} items holds {count} out; "
            "at least one must be held out and two must stay"
        )
    if not dataset.text_columns:
        raise InputError("dataset.cold_items holds items out, but no text tells of them; give dataset.items")
    cold = np.zeros(dataset.item_count, dtype=bool)
    cold[np.random.default_rng(seed).permutation(dataset.item_count)[:count]] = True
    order = np.concatenate([np.flatnonzero(~cold), np.flatnonzero(cold)])
    numbers = np.empty(dataset.item_count, dtype=np.int32)
    numbers[order] = np.arange(dataset.item_count)
    histories = dataset.histories
    everything = Sequences(numbers[histories.values], np.array(histories.offsets))
    stays = ~cold[histories.values]
    owners = np.repeat(np.arange(len(histories)), histories.lengths)
    warm = replace(
        dataset,
        catalogue=dataset.catalogue.filter(pl.Series(~cold)),
        histories=Sequences.from_sorted(owners[stays], everything.values[stays], len(histories)),
        times=None if dataset.times is None else dataset.times[stays],
    )
    return warm, HeldOutItems(dataset.catalogue.filter(pl.Series(cold)), everything)
