"""Answers that travel: a store's contents as one Parquet file, and back into another store."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pyarrow as pa
import pyarrow.parquet as pq

from sracl.errors import InputError, SraclError
from sracl.files import written_aside
from sracl.semantics.language_models.records import Record, read_request
from sracl.semantics.language_models.store import AnswerStore

BLOCK = 4_096
"""Answers held in memory at a time."""

SCHEMA = pa.schema(
    [
        pa.field(name, pa.int64() if kind is int else pa.string(), nullable=False)
        for name, kind in get_type_hints(Record).items()
    ]
)


def export_answers(store: AnswerStore, path: Path) -> int:
    """Write all answers to a Parquet file, whole or not at all; returns how many.

    Columns as in `Record`: `key, model, request, text, finish_reason, time` (string), `prompt_tokens` and
    `completion_tokens` (int64), by key. Failures and claims stay. Raises SraclError where the file cannot be written.
    """
    count = 0
    try:
        with written_aside(path) as aside, pq.ParquetWriter(aside, SCHEMA, compression="zstd") as writer:
            for records in store.records(BLOCK):
                writer.write_table(pa.Table.from_pylist([record._asdict() for record in records], SCHEMA))
                count += len(records)
    except OSError as error:
        raise SraclError(f"{path} cannot be written ({error}); see whether the disk is full or not writable") from error
    return count


def import_answers(path: Path, store: AnswerStore) -> int:
    """Add the answers of an exported file; returns how many are new. An answer that the store has stays as it is.

    Every row is checked before the first is stored. An import that is killed leaves whole answers only; the same
    import again adds the rest. Raises InputError for a file that is missing, no Parquet, or lacks a column, and for a
    row with a value left out or a key that is not its request's; then nothing is imported.
    """
    try:
        with pq.ParquetFile(path) as file:
            _check_columns(file.schema_arrow, path)
            for first, records in _blocks(file):
                for place, record in enumerate(records):
                    _check(record, f"{path}, row {first + place + 1}")
            return sum(store.put_records(records) for _, records in _blocks(file))
    except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
        raise InputError(
            f"{path} is missing or no whole Parquet file ({_line(error)}); nothing was imported"
        ) from error


def _check_columns(schema: Any, path: Path) -> None:
    missing = [name for name in SCHEMA.names if name not in schema.names]
    if missing:
        raise InputError(
            f"{path} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; "
            "it was not written by `export_answers`"
        )
    for field in SCHEMA:
        found = schema.field(field.name).type
        if not _alike(found, field.type):
            raise InputError(f"{path}: the column {field.name} holds {found}, not {field.type}; nothing was imported")


def _alike(found: Any, wanted: Any) -> bool:
    """Whether values can be taken as they are: other programs write other widths of the same."""
    if pa.types.is_integer(wanted):
        return bool(pa.types.is_signed_integer(found))
    return bool(pa.types.is_string(found) or pa.types.is_large_string(found) or pa.types.is_string_view(found))


def _blocks(file: Any) -> Iterator[tuple[int, list[Record]]]:
    """The file's rows in blocks, each with the number of rows before it."""
    first = 0
    for batch in file.iter_batches(BLOCK, columns=SCHEMA.names):
        columns = [batch.column(name).to_pylist() for name in SCHEMA.names]
        yield first, [Record(*row) for row in zip(*columns, strict=True)]
        first += batch.num_rows


def _check(record: Record, where: str) -> None:
    """Raise InputError unless the record is one that a store could have written."""
    empty = [name for name, value in zip(record._fields, record, strict=True) if value is None]
    if empty:
        raise InputError(f"{where}: {empty[0]} is left out; nothing was imported")
    try:
        request = read_request(record.request)
        key = request.key
    except ValueError as error:
        raise InputError(f"{where}: the request cannot be read: {error}; nothing was imported") from error
    if key != record.key or request.model != record.model:
        raise InputError(f"{where}: the key or model is not the request's, so it was changed; nothing was imported")
    if record.prompt_tokens < 0 or record.completion_tokens < 0:
        raise InputError(f"{where}: a count of tokens is negative; nothing was imported")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
