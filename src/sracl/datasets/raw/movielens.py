"""MovieLens 100K, 1M and 20M, from GroupLens' archives or the folders they unpack to."""

from pathlib import Path

import polars as pl

from sracl.datasets.raw.base import RawData
from sracl.datasets.raw.delimited import read_delimited
from sracl.datasets.raw.sources import opened

TEXT = ("title", "year", "genres")
DOMAIN = "films"

# The flags at the end of a line of u.item, in the order that u.genre gives.
_GENRES = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama"),
    *("Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"),
)
_NO_GENRE = ("", "unknown", "(no genres listed)")
# "Toy Story (1995)", "Qiu ju (1992) (V)", "Fawlty Towers (1975-1979)": the year stands last, but for a mark (V).
_YEAR = r"\s*\((\d{4})(?:[-\u2013]\d{0,4})?\)\s*(?:\(V\)\s*)?$"


def read_ml_100k(path: Path) -> RawData:
    """Read `u.data` and `u.item` from a folder or `ml-100k.zip`: 100,000 ratings.

    Items have String columns title (without the year), year and genres (joined by commas), null where not known.
    Raises InputError where a file is missing or a line malformed.
    """
    with opened(path, "u.data") as stream:
        columns = {"user_id": pl.Int64, "item_id": pl.Int64, "rating": pl.Float64, "timestamp": pl.Int64}
        ratings = read_delimited(stream, f"{path}: u.data", columns, separator="\t")
    about = ("title", "release_date", "video_release_date", "url")
    with opened(path, "u.item") as stream:
        films = read_delimited(
            stream,
            f"{path}: u.item",
            {"item_id": pl.Int64} | dict.fromkeys(about, pl.String) | dict.fromkeys(_GENRES, pl.Int64),
            separator="|",
            encoding="latin-1",
            optional=about,
        )
    names = [pl.when(pl.col(genre) != 0).then(pl.lit(genre)) for genre in _GENRES if genre not in _NO_GENRE]
    return film_data(
        ratings, films.with_columns(pl.concat_str(names, separator="|", ignore_nulls=True).alias("genres"))
    )


def read_ml_1m(path: Path) -> RawData:
    """Read `ratings.dat` and `movies.dat` from a folder or `ml-1m.zip`: 1,000,209 ratings; as `read_ml_100k`."""
    with opened(path, "ratings.dat") as stream:
        columns = {"user_id": pl.Int64, "item_id": pl.Int64, "rating": pl.Float64, "timestamp": pl.Int64}
        ratings = read_delimited(stream, f"{path}: ratings.dat", columns, separator="::")
    with opened(path, "movies.dat") as stream:
        films = read_delimited(
            stream,
            f"{path}: movies.dat",
            {"item_id": pl.Int64, "title": pl.String, "genres": pl.String},
            separator="::",
            encoding="latin-1",
            optional=("title", "genres"),
        )
    return film_data(ratings, films)


def read_ml_20m(path: Path) -> RawData:
    """Read `ratings.csv` and `movies.csv` from a folder or `ml-20m.zip`: 20,000,263 ratings; as `read_ml_100k`."""
    with opened(path, "ratings.csv") as stream:
        columns = {"userId": pl.Int64, "movieId": pl.Int64, "rating": pl.Float64, "timestamp": pl.Int64}
        ratings = read_delimited(stream, f"{path}: ratings.csv", columns, separator=",", header=True)
    with opened(path, "movies.csv") as stream:
        films = read_delimited(
            stream,
            f"{path}: movies.csv",
            {"movieId": pl.Int64, "title": pl.String, "genres": pl.String},
            separator=",",
            header=True,
            quoted=True,
            optional=("title", "genres"),
        )
    return film_data(ratings.rename({"userId": "user_id", "movieId": "item_id"}), films.rename({"movieId": "item_id"}))


def film_data(ratings: pl.DataFrame, films: pl.DataFrame) -> RawData:
    """Bring ratings and films (`item_id`, `title` with its year, `genres` with `|` between) into the common form.

    All MovieLens readers end here, so that the same film reads the same whichever file it came from.
    """
    title = pl.col("title").str.replace(_YEAR, "").str.strip_chars()
    genres = pl.col("genres")
    items = films.select(
        "item_id",
        pl.when(~title.is_in(["", "unknown"])).then(title).alias("title"),
        pl.col("title").str.extract(_YEAR).alias("year"),
        pl.when(~genres.is_in(_NO_GENRE)).then(genres.str.replace_all("|", ", ", literal=True)).alias("genres"),
    )
    return RawData(ratings.select("user_id", "item_id", "timestamp").lazy(), items.lazy(), TEXT, DOMAIN)
