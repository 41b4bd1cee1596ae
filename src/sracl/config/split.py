"""Section `dataset.split`: which interactions train, validate and test."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, WrapValidator

from sracl.config.section import Section


def _share_or_date(value: Any, read: Any) -> Any:
    try:
        cut = read(value)
    except ValidationError as error:
        raise ValueError(_NO_CUT) from error
    if isinstance(value, bool) or (isinstance(cut, float) and not 0 < cut < 1):
        raise ValueError(_NO_CUT)
    return cut


_NO_CUT = "give a share of the interactions, above 0 and below 1, or a date such as 2015-06-30"
Cut = Annotated[float | datetime, WrapValidator(_share_or_date)]


class SplitConfig(Section):
    """Which interactions train, validate and test; see docs/evaluation.md. The cuts are those of `global-time`."""

    kind: Literal["leave-one-out", "global-time"] = Field(
        "leave-one-out", description="`leave-one-out`: the paper's; `global-time`: nothing in training is later"
    )
    validation: Cut = Field(0.8, description="`global-time`: validation begins after this share, or on this date (UTC)")
    test: Cut = Field(0.9, description="`global-time`: test begins after this share, or on this date (UTC)")
    targets: Literal["first", "every"] = Field(
        "first", description="`global-time`: which of a user's interactions in a part are asked for"
    )
