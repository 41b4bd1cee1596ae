"""Amazon's products and reviews up to 2014, 5-core, as the University of California San Diego gives them out."""

import ast
import html
import re
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from sracl.datasets.raw.base import RawData
from sracl.datasets.raw.blocks import ByteStream
from sracl.datasets.raw.json_lines import read_json_lines
from sracl.datasets.raw.sources import opened
from sracl.errors import InputError

LONGEST_LINE = 1 << 20
"""Bytes of the longest line of metadata that is parsed; the longest in use are some ten thousand."""

# Most lines start with the id, which then tells without parsing whether the product is wanted.
_STARTS_WITH_ID = re.compile(rb"\{'asin': '([0-9A-Za-z]+)'[,}]")

TEXT = ("title", "brand", "categories", "description", "price")


def read_amazon_2014(path: Path, category: str, domain: str = "products", rated_only: bool = False) -> RawData:
    """Read `reviews_CATEGORY_5.json.gz` and `meta_CATEGORY.json.gz` (or unpacked) from a folder.

    category: as the files spell it, such as `Beauty` or `Sports_and_Outdoors`. domain: what the items are.
    rated_only: leave out products without a review, nineteen of twenty, without parsing them: much faster.
    Ids are String, timestamps seconds since 1970. Items have String columns title, brand, categories (each once,
    joined by commas), description and price (`$3.17`), null where not known.
    Raises InputError with file and line where something is missing or malformed.
    """
    name = f"reviews_{category}_5.json"
    with opened(path, name) as stream:
        columns = pl.Schema({"reviewerID": pl.String, "asin": pl.String, "unixReviewTime": pl.Int64})
        reviews = read_json_lines(stream, f"{path}: {name}", columns, required=tuple(columns))
    name = f"meta_{category}.json"
    with opened(path, name) as stream:
        items = _read_metadata(stream, f"{path}: {name}", set(reviews["asin"].unique()) if rated_only else None)
    renamed = reviews.rename({"reviewerID": "user_id", "asin": "item_id", "unixReviewTime": "timestamp"})
    return RawData(renamed.lazy(), items.lazy(), TEXT, domain)


def _read_metadata(stream: ByteStream, source: str, rated: set[str] | None) -> pl.DataFrame:
    """One row an item from lines that each hold a Python dictionary; they are parsed, never evaluated.

    rated: the only items wanted; None: all.
    """
    columns: dict[str, list[str | None]] = {name: [] for name in ("item_id", *TEXT)}
    with warnings.catch_warnings():
        # Some texts have backslashes that Python does not know; the parser keeps them and would warn of each.
        warnings.simplefilter("ignore", SyntaxWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        number = 0
        while line := stream.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                raise InputError(f"{source}, line {number}: longer than {LONGEST_LINE} bytes; not parsed")
            if rated is not None and (known := _STARTS_WITH_ID.match(line)) and known[1].decode() not in rated:
                continue
            product = _literal(line, f"{source}, line {number}")
            item_id = _item_id(product, f"{source}, line {number}")
            if rated is not None and item_id not in rated:
                continue
            columns["item_id"].append(item_id)
            columns["title"].append(_text(product.get("title")))
            columns["brand"].append(_text(product.get("brand")))
            columns["categories"].append(_joined(product.get("categories")))
            columns["description"].append(_text(product.get("description")))
            columns["price"].append(_price(product.get("price")))
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)).unique(
        "item_id", keep="first", maintain_order=True
    )


def _literal(line: bytes, where: str) -> dict[Any, Any]:
    """The dictionary that a line spells. `ast.literal_eval` takes constants and containers only: no names, no calls."""
    try:
        value = ast.literal_eval(line.decode("utf-8"))
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError) as error:
        reason = str(error).split("\n")[0][:120] or type(error).__name__
        raise InputError(f"{where}: not a dictionary of plain values ({reason}); the line was not evaluated") from error
    if not isinstance(value, dict):
        raise InputError(f"{where}: a {type(value).__name__} where a dictionary belongs")
    return value


def _item_id(product: dict[Any, Any], where: str) -> str:
    asin = product.get("asin")
    if not isinstance(asin, str) or not asin:
        raise InputError(f"{where}: 'asin' is missing or no text")
    return asin


def _text(value: object) -> str | None:
    """A text without HTML entities and line breaks; null for what is empty or no text."""
    return (" ".join(html.unescape(value).split()) or None) if isinstance(value, str) else None


def _joined(value: object) -> str | None:
    return ", ".join(dict.fromkeys(text for text in map(_text, _leaves(value)) if text)) or None


def _leaves(value: object) -> Iterable[object]:
    """The values of a list of lists, whatever its depth."""
    if not isinstance(value, (list, tuple)):
        return [value]
    return [leaf for part in value for leaf in _leaves(part)]


def _price(value: object) -> str | None:
    # `bool` is an `int` to Python; "nan" and negative prices say nothing.
    known = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e9
    return f"${value:.2f}" if known else None
