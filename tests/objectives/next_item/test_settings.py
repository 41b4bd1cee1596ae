"""The section `objectives.next_item`: each loss's own settings, checked, and nothing else."""

import pytest

from sracl.config import make_config
from sracl.errors import InputError
from sracl.objectives.next_item import NEXT_ITEM_LOSSES

EXPECTED = {
    "softmax": {"products": "float32"},
    "sampled-softmax": {"negatives": 1024, "popularity": 0.0},
    "gbce": {"negatives": 256, "calibration": 0.75},
    "binary": {},
}


def next_item(**section: object):
    return make_config({"dataset": {"name": "ml-100k"}, "objectives": {"next_item": section}}).objectives.next_item


@pytest.mark.parametrize("name", NEXT_ITEM_LOSSES)
def test_defaults_are_filled_in_and_survive_writing(name: str) -> None:
    section = next_item(loss=name)
    assert section.settings == EXPECTED[name]
    assert next_item(**section.model_dump()) == section


def test_the_whole_catalogue_is_the_default() -> None:
    assert next_item().loss == "softmax"


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"loss": "sampled_softmax"}, "no next-item loss `sampled_softmax`; did you mean `sampled-softmax`"),
        ({"loss": "hinge"}, "no next-item loss `hinge`; known: softmax, sampled-softmax, gbce, binary"),
        (
            {"loss": "softmax", "negatives": 5},
            "`objectives.next_item.negatives` is not a setting of softmax; its settings: products",
        ),
        (
            {"loss": "gbce", "negative": 5},
            "`objectives.next_item.negative` is not a setting of gbce; did you mean `negatives`",
        ),
        ({"loss": "gbce", "negatives": 0}, "greater than or equal to 1"),
        ({"loss": "gbce", "calibration": 1.5}, "less than or equal to 1"),
        ({"loss": "sampled-softmax", "popularity": -1}, "greater than or equal to 0"),
    ],
)
def test_what_does_not_fit_is_named(section: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message.replace("(", r"\(")):
        next_item(**section)
