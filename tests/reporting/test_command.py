"""`sracl report`: of a folder as it is, of a configuration after what it needs."""

import shutil

from typer.testing import CliRunner

from sracl import cli
from sracl.errors import InputError
from support.small_run import write_config, write_data


def test_a_moved_folder_is_enough(copied, tmp_path) -> None:
    moved = tmp_path / "moved"
    shutil.move(copied.folder, moved)
    (moved / "report.html").unlink(missing_ok=True)
    done = CliRunner().invoke(cli.app, ["report", str(moved), "-o", "report.users=2"])
    assert done.exit_code == 0, done.output
    assert "report.html: open it in any browser" in done.output
    assert "Person 2" in (moved / "report.html").read_text(encoding="utf-8")


def test_a_configuration_makes_what_is_missing(tmp_path) -> None:
    write_data(tmp_path)
    config = write_config(tmp_path, training={"epochs": 1, "device": "cpu"})
    done = CliRunner().invoke(cli.app, ["report", str(config)])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "run" / "report.html").exists()


def test_a_folder_that_is_no_run_is_bad_input(tmp_path) -> None:
    done = CliRunner().invoke(cli.app, ["report", str(tmp_path)])
    assert isinstance(done.exception, InputError)
    assert done.exception.exit_code == 2
