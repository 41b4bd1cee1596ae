"""The leaks' worth comes from both protocols' real runs, made once."""

import pytest

from sracl.auditing.measuring import measure
from sracl.errors import InputError
from sracl.studies import conduct
from support.audited import finished_run
from support.small_study import said, silent


@pytest.mark.slow
def test_both_protocols_are_run_with_every_seed_and_once(tmp_path, monkeypatch) -> None:
    run_dir = finished_run(tmp_path)
    worth = measure(run_dir, [0, 1], 1, silent())
    assert worth.seeds == (0, 1)
    assert worth.gain == pytest.approx(sum(p - s for p, s in zip(worth.paper, worth.strict, strict=True)) / 2)
    assert "worth" in worth.told()
    monkeypatch.setattr(conduct, "run_tasks", lambda *_: pytest.fail("a finished run was begun again"))
    display = silent()
    assert measure(run_dir, [0, 1], 1, display) == worth
    assert "6 runs, 6 of them done" in said(display)


def test_a_plain_backbone_has_nothing_to_measure(tmp_path) -> None:
    none = {"cross_sequence": {"weight": 0}, "intra_sequence": {"weight": 0}}
    with pytest.raises(InputError, match="plain backbone: no protocol has a part"):
        measure(finished_run(tmp_path, objectives=none), None, 1, silent())
