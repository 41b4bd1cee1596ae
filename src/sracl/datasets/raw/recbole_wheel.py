"""MovieLens 100K out of RecBole's wheel, for machines that reach a package index but not the publisher."""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from sracl.errors import SraclError
from sracl.files import file_sha256, written_aside

REQUIREMENT = "recbole==1.2.1"
WHEEL_SHA256 = "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407"
FILES = ("ml-100k.inter", "ml-100k.item")
_INSIDE = "recbole/dataset_example/ml-100k"


def fetch_from_wheel(folder: Path, timeout: float = 120.0) -> None:
    """Have pip download RecBole's wheel (nothing is installed), check it, and put its two files into `folder`.

    timeout: seconds for pip. Raises SraclError where pip is missing, finds nothing, or the wheel is another.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".wheel-") as aside:
        _pip_download(Path(aside), timeout)
        wheels = list(Path(aside).glob("recbole-*.whl"))
        if len(wheels) != 1:
            raise SraclError(f"pip downloaded {len(wheels)} wheels of {REQUIREMENT}, not one")
        extract_from_wheel(wheels[0], folder)


def _pip_download(destination: Path, timeout: float) -> None:
    # Wheels only: to look at a source archive, pip would run its build program.
    options = ["--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--quiet"]
    waiting = ["--timeout", "10", "--retries", "1"]
    command = [sys.executable, "-m", "pip", "download", *options, *waiting, "--dest", str(destination), REQUIREMENT]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SraclError(f"pip could not download {REQUIREMENT} ({error})") from error
    if done.returncode:
        said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise SraclError(f"pip could not download {REQUIREMENT} ({said[-1].strip() if said else 'it said nothing'})")


def extract_from_wheel(wheel: Path, folder: Path, sha256: str = WHEEL_SHA256) -> None:
    """Copy the data set's two files out of the wheel. Raises SraclError where the wheel has another checksum."""
    found = file_sha256(wheel)
    if found != sha256:
        raise SraclError(f"the wheel of {REQUIREMENT} has the SHA-256 {found}, not {sha256}; it was not used")
    with zipfile.ZipFile(wheel) as archive:
        for name in FILES:
            with archive.open(f"{_INSIDE}/{name}") as source, written_aside(folder / name) as aside:
                aside.write_bytes(source.read())
