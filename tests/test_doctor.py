"""The doctor names what is there and what is missing."""

import re
from importlib import metadata

import pytest

from sracl import doctor


def test_everything_that_is_needed_is_found_here_with_its_version() -> None:
    found = {name: (ok, told) for name, ok, told in doctor.checks()}
    assert all(ok for ok, _ in found.values()), found
    assert found["torch"] == (True, metadata.version("torch"))
    assert "cores" in found["processor"][1]
    assert "MiB" in found["offline encoder"][1]


def test_a_missing_package_is_no_success_and_an_optional_one_says_what_for(monkeypatch) -> None:
    real = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: None if name in ("polars", "ray") else real(name))
    found = {name: (ok, told) for name, ok, told in doctor.checks()}
    assert found["polars"][0] is False
    assert "pip install" in found["polars"][1]
    assert found["ray"][0] is True
    assert "needed for" in found["ray"][1]


@pytest.mark.parametrize("package", doctor.REQUIRED)
def test_what_it_asks_for_is_what_the_package_declares(package: str) -> None:
    declared = [re.match(r"[\w-]+", line).group() for line in metadata.requires("sracl")]
    assert package in declared
