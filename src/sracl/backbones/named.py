"""A backbone by its name: a key of `BACKBONES`, or the place of a class of one's own, imported on demand only."""

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from sracl.backbones import BACKBONES
from sracl.backbones.base import Backbone
from sracl.backbones.settings import checked_settings
from sracl.errors import InputError
from sracl.settings import nearest, whole_message

FORM = "FILE.py:CLASS or PACKAGE.MODULE:CLASS"


def known_settings(section: Any) -> Any:
    """The configuration's section `backbone`, the settings of a known backbone checked and every default filled in.

    Anything else comes back as it is: what is no section is for the configuration to refuse, and the name of a
    backbone of one's own (`FILE.py:CLASS`) imports nothing here.
    """
    if not isinstance(section, Mapping):
        return section
    settings = dict(section)
    name = settings.pop("name", "sasrec")
    if not isinstance(name, str) or is_own(name):
        return section
    backbone = BACKBONES.get(name)
    if backbone is None:
        near = nearest(name, BACKBONES)
        hint = f"did you mean `{near}`?" if near else f"known: {', '.join(BACKBONES)}"
        raise whole_message(f"there is no backbone `{name}`; {hint}, or your own as {FORM}")
    return {"name": name} | checked_settings(name, backbone, settings)


def is_own(name: str) -> bool:
    """Whether a backbone's name says where a class is, rather than being a key of `BACKBONES`."""
    return ":" in name


def named_section(backbone: Mapping[str, Any] | type[Backbone] | None) -> tuple[dict[str, Any], type[Backbone] | None]:
    """A section `backbone` that Python gave, in which a class may stand for a name: the name instead, and the class.

    Raises InputError for a class that is no backbone.
    """
    section = {"name": backbone} if isinstance(backbone, type) else dict(backbone or {})
    name = section.get("name")
    if not isinstance(name, type):
        return section, None
    own = checked_class(name)
    return section | {"name": f"{own.__module__}:{own.__qualname__}"}, own


def import_backbone(name: str) -> type[Backbone]:
    """The class at `FILE.py:CLASS` or `PACKAGE.MODULE:CLASS`. This runs the code of that file or module.

    So it is for names that a user wrote into a configuration, never for those that a saved model says. A file is
    relative to the working directory, and executed anew by every call.

    Raises InputError where there is no such class, where it is no backbone, or where importing it fails.
    """
    place, _, class_name = name.rpartition(":")
    if not place or not class_name.isidentifier():
        raise InputError(f"backbone.name {name!r} must be a known name, or {FORM}")
    module = _executed(Path(place), name) if place.endswith(".py") else _imported(place, name)
    backbone = getattr(module, class_name, None)
    if backbone is None:
        raise InputError(f"backbone.name {name!r}: {place} has no class {class_name}")
    return checked_class(backbone)


def checked_class(backbone: object) -> type[Backbone]:
    """`backbone` itself. Raises InputError unless it is a subclass of Backbone that can be built."""
    if not (isinstance(backbone, type) and issubclass(backbone, Backbone)):
        raise InputError(f"{getattr(backbone, '__qualname__', backbone)!r} is no subclass of sracl.backbones.Backbone")
    if inspect.isabstract(backbone):
        missing = ", ".join(sorted(backbone.__abstractmethods__))
        raise InputError(f"{backbone.__qualname__} has no method {missing}; see sracl.backbones.Backbone")
    if not isinstance(getattr(backbone, "causal", None), bool):
        raise InputError(f"{backbone.__qualname__} must say `causal = True` or `causal = False`")
    return backbone


def own_settings(name: str, backbone: type[Backbone], values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a backbone of one's own, checked, and every default filled in.

    Raises InputError for one that does not fit.
    """
    try:
        return checked_settings(name, backbone, values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in ("backbone", *first["loc"]))
        raise InputError(f"`{place}`: {first['msg'].removeprefix('Value error, ')}") from error
    except PydanticCustomError as error:
        raise InputError(error.message()) from error


def source_file(name: str, backbone: type[Backbone]) -> Path:
    """The file of a backbone of one's own: as it is named, or where its module was found."""
    place = name.rpartition(":")[0]
    return Path(place) if place.endswith(".py") else Path(inspect.getfile(backbone))


def _executed(path: Path, name: str) -> ModuleType:
    if not path.is_file():
        raise InputError(f"backbone.name {name!r}: there is no file {path}")
    spec = importlib.util.spec_from_file_location(f"sracl_own_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise InputError(f"backbone.name {name!r}: {path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and the like look their module up by its name while they are made.
    sys.modules[module.__name__] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise _failed(name, error) from error
    return module


def _imported(place: str, name: str) -> ModuleType:
    try:
        return importlib.import_module(place)
    except Exception as error:
        raise _failed(name, error) from error


def _failed(name: str, error: Exception) -> InputError:
    told = " ".join(f"{type(error).__name__}: {error}".split())
    return InputError(f"backbone.name {name!r} cannot be imported: {told}")
