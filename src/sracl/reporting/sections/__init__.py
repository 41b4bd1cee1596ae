"""The sections of the report in reading order, a file each. A new one is a file, a template and a line here."""

from collections.abc import Callable

from sracl.reporting.material import Material
from sracl.reporting.section import Section
from sracl.reporting.sections.data import data
from sracl.reporting.sections.groups import groups
from sracl.reporting.sections.like_minded import like_minded
from sracl.reporting.sections.metrics import metrics
from sracl.reporting.sections.neighbours import neighbours
from sracl.reporting.sections.people import people
from sracl.reporting.sections.space import space
from sracl.reporting.sections.spread import spread
from sracl.reporting.sections.summary import summary
from sracl.reporting.sections.training import training

SECTIONS: dict[str, tuple[str, Callable[[Material], Section]]] = {
    "summary": ("At a glance", summary),
    "data": ("Data", data),
    "training": ("Training", training),
    "metrics": ("Test metrics", metrics),
    "groups": ("For whom it works", groups),
    "spread": ("What is recommended", spread),
    "space": ("Map of the items", space),
    "neighbours": ("Nearest neighbours", neighbours),
    "like-minded": ("Like-minded people", like_minded),
    "people": ("People", people),
}
"""Title and maker by the section's name."""
