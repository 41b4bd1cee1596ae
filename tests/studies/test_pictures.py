"""Pictures are there, show every variant, and are the same for the same results."""

import re

import numpy as np
import pytest
from matplotlib.image import imread

from sracl.config import RunConfig
from sracl.errors import SraclError
from sracl.evaluation.groups import Groups
from sracl.studies import STUDIES, pictures
from sracl.studies.pictures import draw
from sracl.studies.results import read_results
from support.small_study import made_study

GRIDS = {"semantics.neighbors": [5, 20], "objectives.cross_sequence.weight": [0.05, 0.5]}
CONFIG = RunConfig.model_validate(
    {"dataset": {"name": "ml-100k"}, "study": {"backbones": ["sasrec", "gru4rec"], "grids": GRIDS}}
)
SHOWN = {
    "ablation": ["SRA-CL", "random neighbours", "seen items removed"],
    "backbones": ["gru4rec", "gru4rec + SRA-CL"],
    "protocols": ["plain backbone", "protocol paper"],
    "rivals": ["sasrec", "SRA-CL"],
    "sensitivity": ["neighbors", "20", "cross_sequence.weight", "0.05", "as configured"],
    "sparsity": ["sasrec + SRA-CL", "under 5", "training interactions of the user"],
}


@pytest.mark.parametrize("name", STUDIES)
def test_every_studys_picture_names_what_it_shows(tmp_path, name: str) -> None:
    study = STUDIES[name](CONFIG)
    records, tasks = made_study(tmp_path, study, list(range(50)), seeds=2)
    two = Groups(("under 5", "5 and more"), np.arange(50) % 2)
    groups = {"history": two, "popularity": two} if study.grouped else {}
    results = read_results(study, records, tasks, "NDCG@10", groups)
    svg, png = draw(results, tmp_path / "one")
    text = svg.read_text()
    told = re.findall(r"<text[^>]*>([^<]+)</text>", text) + re.findall(r"<tspan[^>]*>([^<]+)</tspan>", text)
    assert set(SHOWN[name]) <= {part.strip() for part in told}
    pixels = imread(png)
    assert min(pixels.shape[:2]) > 200
    assert pixels.std() > 0.01
    # Nothing but white at the edges: no label is cut off.
    for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert (edge[:, :3] == 1).all()
    again = draw(results, tmp_path / "two")[0].read_text()
    assert again == text


def test_one_seed_and_missing_variants_are_drawn_too(tmp_path) -> None:
    study = STUDIES["ablation"](CONFIG)
    records, tasks = made_study(tmp_path, study, list(range(50)), seeds=1)
    for task in tasks[2:]:
        (tmp_path / "runs" / f"{task.key}.json").unlink()
    svg, _ = draw(read_results(study, records, tasks, "NDCG@10", {}), tmp_path)
    assert "without cross-sequence" in svg.read_text()
    assert "random neighbours" not in svg.read_text()


def test_what_cannot_be_drawn_is_named(tmp_path, monkeypatch) -> None:
    study = STUDIES["ablation"](CONFIG)
    results = read_results(study, *made_study(tmp_path, study, list(range(50)), seeds=1), "NDCG@7", {})
    with pytest.raises(SraclError, match=r"no record has NDCG@7 to draw; add its cutoff to evaluation\.cutoffs"):
        draw(results, tmp_path)
    monkeypatch.setattr(pictures, "find_spec", lambda name: None)
    with pytest.raises(SraclError, match=r"pip install 'sracl\[study\]'"):
        draw(results, tmp_path)
