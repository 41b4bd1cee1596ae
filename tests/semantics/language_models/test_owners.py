"""A process that is no more is told from one that lives, and from one that cannot be known."""

import subprocess
import sys

from sracl.semantics.language_models.owners import is_dead, new_owner
from sracl.semantics.language_models.store import AnswerStore

PROGRAM = "from sracl.semantics.language_models.owners import new_owner; print(new_owner())"


def owner_of_a_dead_process() -> str:
    return subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout.strip()


def test_a_process_is_dead_once_it_has_ended_and_only_if_it_was_here() -> None:
    dead = owner_of_a_dead_process()
    assert is_dead(dead)
    assert not is_dead("elsewhere" + dead)
    assert not is_dead(new_owner())
    assert not is_dead("some other name")
    assert not is_dead("")


def test_claims_of_the_dead_are_free_and_those_of_the_living_stay(tmp_path) -> None:
    with AnswerStore(tmp_path / "answers.sqlite") as store:
        store.claim(["a"], owner_of_a_dead_process(), 600.0)
        store.claim(["b"], new_owner(), 600.0)
        store.claim(["c"], "elsewhere/1/x", 600.0)
        assert store.claim(["a", "b", "c"], new_owner(), 600.0) == set()
        store.release_dead()
        assert store.claim(["a", "b", "c"], new_owner(), 600.0) == {"a"}
