"""`sracl run` and the stages that take nothing but a configuration."""

from collections.abc import Callable

from sracl.cli.application import ConfigFile, Overrides, Overwrite, app
from sracl.cli.opening import run_up_to


def _stage_command(stage: str, text: str) -> Callable[..., None]:
    def command(config: ConfigFile, overrides: Overrides = None, overwrite: Overwrite = False) -> None:
        run_up_to(stage, config, overrides, overwrite)

    command.__doc__ = text
    return command


app.command("run")(_stage_command("report", "Run every stage, skipping what is done."))
for _name, _stage, _text in (
    ("prepare", "prepare", "Read the raw data, apply the stated rules, number users and items."),
    ("train", "remember", "Up to and with training; goes on from the last epoch after an interruption."),
    ("evaluate", "evaluate", "Up to and with test metrics, of the model and of the baselines."),
):
    app.command(_name)(_stage_command(_stage, _text))
