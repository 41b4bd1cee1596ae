"""The engine of this process."""

import os

import pytest

from engines.contract import EngineContract
from sracl.config import RunConfig
from sracl.engines import LOCAL, Engine, LocalEngine, open_engine
from support.engine_work import adding


class TestLocal(EngineContract):
    @pytest.fixture
    def engine(self) -> Engine:
        return LocalEngine()


def test_it_works_in_this_process_one_block_after_another_as_they_are_fetched() -> None:
    fetched = LOCAL.map_blocks(adding, 1, [3, 4])
    assert next(fetched) == (3, (4, os.getpid()))
    assert [block for block, _ in fetched] == [4]


def test_it_is_the_default() -> None:
    with open_engine(RunConfig.model_validate({"dataset": {"name": "ml-100k"}})) as engine:
        assert engine is LOCAL
