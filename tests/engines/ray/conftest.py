"""One Ray for the tests of a file."""

import os
from pathlib import Path

import pytest

from sracl.config import RayConfig
from sracl.engines.ray.engine import RayEngine


@pytest.fixture(scope="module")
def ray():
    """Two workers of one core, on one local Ray for all tests of a file, that find the tests' own modules."""
    paths = [str(Path(__file__).parents[2]), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
        with RayEngine(RayConfig(workers=2, cpus=1)) as engine:
            yield engine
