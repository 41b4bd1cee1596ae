"""A small configuration to compare variants of, and studies of it made for real."""

import io
from pathlib import Path

from rich.console import Console

from sracl.config import RunConfig, read_config
from sracl.pipeline.display import Display
from support.small_run import write_config, write_data


def small_config(folder: Path, **sections: object) -> RunConfig:
    """The configuration of the small run in `folder`, its data written."""
    write_data(folder)
    return read_config(write_config(folder, **sections))


def silent() -> Display:
    """A display that keeps what is said."""
    return Display(Console(file=io.StringIO(), width=200))


def said(display: Display) -> str:
    """What it was told."""
    return display.console.file.getvalue()
