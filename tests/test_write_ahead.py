"""A store made by several at the same moment."""

import sqlite3
import threading

import pytest

from sracl import write_ahead
from sracl.write_ahead import switch_to_write_ahead


def test_many_switch_a_new_file_at_the_same_moment(tmp_path) -> None:
    """Each of 16 connections gets the write-ahead log, in each of 20 new files."""
    for number in range(20):
        path, barrier, modes = tmp_path / f"{number}.sqlite", threading.Barrier(16), []

        def switch(path=path, barrier=barrier, modes=modes) -> None:
            database = sqlite3.connect(path, timeout=60.0, isolation_level=None)
            barrier.wait()
            switch_to_write_ahead(database)
            modes.append(database.execute("PRAGMA journal_mode").fetchone()[0])
            database.close()

        threads = [threading.Thread(target=switch) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert modes == ["wal"] * 16


def test_waits_for_another_that_writes(tmp_path) -> None:
    path = tmp_path / "a.sqlite"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    threading.Timer(0.2, other.execute, ["COMMIT"]).start()
    database = sqlite3.connect(path, timeout=0.0, isolation_level=None)
    switch_to_write_ahead(database)
    assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_gives_up_after_its_time(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(write_ahead, "BUSY_SECONDS", 0.05)
    path = tmp_path / "a.sqlite"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        switch_to_write_ahead(sqlite3.connect(path, timeout=0.0, isolation_level=None))
