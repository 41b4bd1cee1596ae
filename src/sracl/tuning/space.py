"""The space that a method is searched in: the settings of the configuration that it has, with what they may be."""

from collections.abc import Mapping
from math import isclose
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from sracl.config import RunConfig, changed
from sracl.config.tune import Choices, Range
from sracl.errors import InputError
from sracl.pipeline.stamps import flat

EVERY = "objectives.*."


Dimension = Range | Choices


def space_of(config: RunConfig) -> dict[str, Dimension]:
    """The settings in `tune.space` that a method, given by its configuration, has, and what they may be.

    `objectives.*.KEY` stands for that key of every loss switched on that has it; a key of a loss that is off, and of
    retrieval where nothing retrieves, is left out. Raises InputError for a key that does not exist, and for a value
    that the configuration does not take.
    """
    dimensions: dict[str, Dimension] = {}
    for key, dimension in config.tune.space.items():
        for own in _keys(key, config):
            # What is said of one loss counts more than what is said of all, whatever comes first.
            if own == key or own not in config.tune.space:
                dimensions[own] = dimension
    for key, dimension in dimensions.items():
        for value in (dimension.low, dimension.high) if isinstance(dimension, Range) else dimension:
            changed(config, {key: value}, f"tune.space, {key}")
    return dimensions


def configured_values(config: RunConfig, space: Mapping[str, Dimension]) -> dict[str, Any]:
    """The configuration's own values of these settings, without those outside the space: what is tried first."""
    values = flat(config.model_dump(mode="json"))
    return {key: values[key] for key, dimension in space.items() if _within(dimension, values[key])}


def distribution_of(dimension: Dimension) -> BaseDistribution:
    """What Optuna calls it."""
    if not isinstance(dimension, Range):
        return CategoricalDistribution(dimension)
    low, high, step = dimension.low, dimension.high, dimension.step
    if isinstance(low, int) and isinstance(high, int) and (step is None or isinstance(step, int)):
        return IntDistribution(low, high, log=dimension.log, step=step or 1)
    return FloatDistribution(low, high, log=dimension.log, step=step)


def _keys(key: str, config: RunConfig) -> list[str]:
    """The settings that a key of the space stands for, of those that the method has."""
    objectives = config.objectives
    if key.startswith(EVERY):
        rest = key.removeprefix(EVERY)
        having = (name for name, section in objectives.switched_on.items() if rest in type(section).model_fields)
        return [f"objectives.{name}.{rest}" for name in having]
    section, _, rest = key.partition(".")
    name = rest.partition(".")[0]
    if section == "objectives" and name in objectives.sections:
        return [key] if name in objectives.switched_on else []
    if section in ("semantics", "protocol"):
        return [key] if objectives.semantic or objectives.learned else []
    if section in ("run_dir", "seed", "dataset", "evaluation", "recommendations", "study", "tune"):
        raise InputError(f"tune.space, {key}: this is no setting of a method; other data cannot be compared")
    return [key]


def _within(dimension: Dimension, value: Any) -> bool:
    if not isinstance(dimension, Range):
        return value in dimension
    if not isinstance(value, int | float) or not dimension.low <= value <= dimension.high:
        return False
    steps = (value - dimension.low) / dimension.step if dimension.step else 0.0
    return isclose(steps, round(steps), abs_tol=1e-9)
