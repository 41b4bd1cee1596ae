"""A run's folder, as it is: nothing is made, and no code that it names is run."""

from collections.abc import Sequence
from pathlib import Path

from sracl.backbones.named import is_own
from sracl.config import changed, read_config
from sracl.errors import InputError
from sracl.pipeline.display import Display
from sracl.pipeline.run import Run

CONFIG = "config.yaml"


def opened_folder(folder: Path, overrides: Sequence[str], display: Display) -> Run:
    """The run in a folder, wherever it was moved to. overrides: `report.key=value`.

    Raises InputError for a folder without a trained run, and for one whose backbone is somebody's own class.
    """
    if not (folder / CONFIG).exists() or not (folder / "dataset").exists():
        raise InputError(f"{folder} holds no run ({CONFIG} and dataset/); give the run_dir of one")
    if other := next((one for one in overrides if not one.strip().startswith("report.")), None):
        raise InputError(
            f"-o {other}: for a finished run only report.* can be changed; give its CONFIG.yaml for anything else"
        )
    config = read_config(folder / CONFIG, overrides)
    if is_own(config.backbone.name):
        raise InputError(
            f"{folder} was trained with a backbone of somebody's own, {config.backbone.name}; a folder's code is not "
            "run.\nIf you trust that class, give the configuration instead: sracl report CONFIG.yaml"
        )
    if not (folder / "model" / "model.json").exists():
        raise InputError(f"{folder} holds no trained model (model/); `sracl train` or `sracl run` makes it")
    return Run(changed(config, {"run_dir": str(folder)}), display)
