"""The prompts' templates: files that a person can read and replace."""

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from string import Template

from sracl.errors import InputError

PLACEHOLDERS = {
    "item_instructions": {"domain", "summary_words", "analysis_words"},
    "item": {"fields", "histories"},
    "item_histories": {"histories"},
    "profile_instructions": {"domain", "profile_words"},
    "profile": {"history"},
}
"""Each template's name, and what may stand in it as `$name`."""


@dataclass(frozen=True)
class Templates:
    """The five texts. item_histories is left out where nobody chose anything before the item."""

    item_instructions: Template
    item: Template
    item_histories: Template
    profile_instructions: Template
    profile: Template


def load_templates(folder: Path | None = None) -> Templates:
    """Read `NAME.txt` for every template, from `folder` where it is there, else the one that comes along.

    Raises InputError for a folder that is missing, a file that is none of the templates or cannot be read, and an
    unknown placeholder.
    """
    own = _own_files(folder) if folder is not None else {}
    return Templates(**{name: _template(name, own.get(name)) for name in PLACEHOLDERS})


def _own_files(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}; see semantics.writer.prompts in the configuration")
    files = {path.stem: path for path in sorted(folder.glob("*.txt"))}
    unknown = sorted(set(files) - set(PLACEHOLDERS))
    if unknown:
        raise InputError(f"{files[unknown[0]]} is no template; the templates are {', '.join(PLACEHOLDERS)}")
    return files


def _template(name: str, path: Path | None) -> Template:
    source = path or resources.files("sracl.semantics.writers") / "templates" / f"{name}.txt"
    try:
        template = Template(source.read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{source} cannot be read: {error}") from error
    allowed = PLACEHOLDERS[name]
    if not template.is_valid() or not set(template.get_identifiers()) <= allowed:
        known = ", ".join(f"${placeholder}" for placeholder in sorted(allowed))
        raise InputError(f"{source} may hold the placeholders {known}, and a dollar sign is written $$")
    return template
