"""An objective's section of the configuration: its weight, and the parameters of what builds it."""

from collections.abc import Iterable, Mapping
from functools import cache
from inspect import Parameter, signature
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from sracl.objectives import OBJECTIVES
from sracl.objectives.contrastive import ContrastiveObjective
from sracl.settings import check_keys, fields_of, model_of


class ObjectiveSection(BaseModel):
    """What every objective's section has; each objective's own adds its settings."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    weight: float

    @property
    def settings(self) -> dict[str, Any]:
        """All but the weight: what the objective's `of` takes."""
        return self.model_dump(exclude={"weight"})


@cache
def section_of(objective: type[ContrastiveObjective[Any]]) -> type[ObjectiveSection]:
    """The model of an objective's section: `weight`, and what its `of` takes beside the context.

    Where `of` takes `**settings`, they are the constructor's parameters that have a default.
    Raises InputError for parameters that cannot be settings.
    """
    place = f"{objective.__qualname__}.of"
    build = objective.of.__func__  # type: ignore[attr-defined]
    fields = fields_of(build, place, given=("context",), rest=True)
    if any(parameter.kind is Parameter.VAR_KEYWORD for parameter in signature(build).parameters.values()):
        constructor = signature(objective.__init__).parameters.values()
        given = [parameter.name for parameter in constructor if parameter.default is Parameter.empty]
        fields = fields_of(objective.__init__, f"{objective.__qualname__}.__init__", given=given) | fields
    told = f"in the total, 0 switches it off; usual: {objective.usual_weight}"
    default = objective.usual_weight if objective.on_by_default else 0.0
    weight = {"weight": (Annotated[float, Field(ge=0, description=told)], default)}
    made = model_of(f"{objective.__qualname__}Section", place, weight | fields, base=ObjectiveSection)
    assert issubclass(made, ObjectiveSection)
    return made


def known_sections(values: Any, others: tuple[str, ...]) -> Any:
    """The configuration's section `objectives` with a checked section for every known objective, defaults filled in.

    others: its keys that are no objectives. What is no section at all comes back as it is, for the configuration to
    refuse. Raises pydantic's errors for a key or a value that does not fit.
    """
    if not isinstance(values, Mapping):
        return values
    _check(values, [*others, *OBJECTIVES])
    for name, objective in OBJECTIVES.items():
        if isinstance(section := values.get(name), Mapping):
            _check(section, section_of(objective).model_fields, f"{name}.")
    given = {name: section for name, section in values.items() if name not in others}
    checked = dict(_all_sections().model_validate(given))
    return {name: value for name, value in values.items() if name in others} | checked


@cache
def _all_sections() -> type[BaseModel]:
    """All sections as one model, so that pydantic's errors name the section."""
    sections: dict[str, Any] = {}
    for name, objective in OBJECTIVES.items():
        model = section_of(objective)
        sections[name] = (model, Field(default_factory=model))
    return create_model("ObjectiveSections", **sections)


def _check(values: Mapping[str, Any], known: Iterable[str], prefix: str = "") -> None:
    def explain(key: str, near: str | None) -> str:
        hint = f"did you mean `{near}`?" if near else f"known keys: {', '.join(known)}"
        return f"unknown key `objectives.{prefix}{key}`; {hint}"

    check_keys(values, known, explain)
