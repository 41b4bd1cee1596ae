"""SQLite's write-ahead log, switched on by several processes at the same moment."""

import sqlite3
import time

# Seconds that a process waits for others that write.
BUSY_SECONDS = 60.0
PAUSE = 0.01


def switch_to_write_ahead(database: sqlite3.Connection) -> None:
    """Switch `database`'s file to the write-ahead log.

    SQLite's own waiting does not cover the switch: where another process makes the file at this moment, it answers
    "database is locked" at once. So this asks again, for BUSY_SECONDS at most.

    Raises sqlite3.OperationalError after that, and at once for any other fault.
    """
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
        time.sleep(PAUSE)
