"""Workers that a cluster has room for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sracl.config import RayConfig
from sracl.engines.ray.room import Room, room
from sracl.errors import InputError


@pytest.mark.parametrize(
    ("settings", "machines", "expected"),
    [
        ({}, [{"CPU": 8.0}], Room(1, 8, 0)),
        ({}, [{"CPU": 8.0}, {"CPU": 8.0}, {}], Room(2, 8, 0)),
        ({"workers": 2}, [{"CPU": 7.0}], Room(2, 3, 0)),
        ({"workers": 3}, [{"CPU": 8.0}, {"CPU": 3.0}], Room(3, 3, 0)),
        ({"cpus": 2}, [{"CPU": 8.0}, {"CPU": 3.0}], Room(5, 2, 0)),
        ({"workers": 2, "cpus": 2}, [{"CPU": 8.0}], Room(2, 2, 0)),
        ({"cpus": 4, "gpus": 1}, [{"CPU": 32.0, "GPU": 4.0}, {"CPU": 32.0}], Room(4, 4, 1)),
        ({"cpus": 1, "gpus": 0.5}, [{"CPU": 32.0, "GPU": 2.0}], Room(4, 1, 0.5)),
    ],
)
def test_as_many_as_fit_unless_told(settings: dict, machines: list[dict], expected: Room) -> None:
    assert room(RayConfig(**settings), machines) == expected


@pytest.mark.parametrize(
    ("settings", "machines"),
    [
        ({"workers": 3, "cpus": 4}, [{"CPU": 8.0}]),
        ({"gpus": 1}, [{"CPU": 8.0}]),
        ({"cpus": 9}, [{"CPU": 8.0}]),
        ({}, []),
    ],
)
def test_without_room_it_says_so_rather_than_wait_for_ever(settings: dict, machines: list[dict]) -> None:
    with pytest.raises(InputError, match=r"has room for \d workers of .* see ray.workers, ray.cpus and ray.gpus"):
        room(RayConfig(**settings), machines)


@given(st.lists(st.integers(0, 64), min_size=1), st.integers(1, 16))
def test_all_workers_fit_on_the_machines(cores: list[int], cpus: int) -> None:
    machines = [{"CPU": float(count)} for count in cores]
    most = sum(count // cpus for count in cores)
    if most:
        assert room(RayConfig(cpus=cpus), machines).workers == most
