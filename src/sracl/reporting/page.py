"""From a run to one file of HTML that needs no network, and in which every text is escaped."""

from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

import sracl
from sracl.files import written_aside
from sracl.pipeline.run import Run
from sracl.reporting.material import Material
from sracl.reporting.section import MissingPartError, Section
from sracl.reporting.sections import SECTIONS

REPORT = "report.html"


def write_report(run: Run) -> Path:
    """Write `report.html` into the run's folder; returns its path.

    What the run does not have is said in the report. Raises InputError where it has no trained model.
    """
    material = Material(run)
    sections = [_made(material, name) for name in SECTIONS]
    path = run.folder / REPORT
    with written_aside(path) as aside:
        aside.write_text(render(run, sections), encoding="utf-8")
    return path


def render(run: Run, sections: list[Section]) -> str:
    """The page."""
    environment = Environment(
        loader=PackageLoader("sracl.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = files("sracl.reporting").joinpath("templates", "style.css").read_text(encoding="utf-8")
    return environment.get_template("page.html").render(
        name=run.folder.resolve().name,
        style=style,
        sections=sections,
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        version=sracl.__version__,
    )


def _made(material: Material, name: str) -> Section:
    title, make = SECTIONS[name]
    try:
        return make(material)
    except MissingPartError as missing:
        return Section(name, title, missing=str(missing))
