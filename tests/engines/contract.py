"""What every engine must do, whatever machines it has."""

from pathlib import Path

import pytest

from sracl.engines import Engine
from sracl.errors import InputError
from support.engine_work import adding, counting, refusing, refusing_three


class EngineContract:
    """Tests of an `engine` fixture. workers: how many it has."""

    workers = 1

    def test_every_block_comes_once_with_its_result(self, engine: Engine) -> None:
        found = list(engine.map_blocks(adding, 100, range(25)))
        assert sorted((block, result) for block, (result, _) in found) == [(n, n + 100) for n in range(25)]

    def test_a_worker_is_made_once_for_all_of_its_blocks(self, engine: Engine, tmp_path: Path) -> None:
        assert len(list(engine.map_blocks(counting, tmp_path, range(25)))) == 25
        made = [path.name.partition("-")[0] for path in tmp_path.iterdir()]
        assert 1 <= len(made) == len(set(made)) <= self.workers

    def test_no_blocks_need_no_worker(self, engine: Engine) -> None:
        assert list(engine.map_blocks(refusing, "the model", [])) == []

    @pytest.mark.parametrize(("work", "told"), [(refusing, "it is not there"), (refusing_three, "it cannot do 3")])
    def test_an_error_for_a_person_arrives_as_it_is(self, engine: Engine, work, told: str) -> None:
        with pytest.raises(InputError, match=f"^{told}$"):
            list(engine.map_blocks(work, "it", range(5)))

    def test_what_is_closed_works_again_when_there_is_work(self, engine: Engine) -> None:
        engine.close()
        engine.close()
        assert sorted(block for block, _ in engine.map_blocks(adding, 1, range(3))) == [0, 1, 2]
