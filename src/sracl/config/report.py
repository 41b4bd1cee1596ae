"""Section `report`: how much the report of a run looks at."""

from pydantic import Field

from sracl.config.section import Section


class ReportConfig(Section):
    """What `report.html` shows. Where there is more than these numbers, `seed` draws, and the report says so."""

    category: str | None = Field(
        None, description="column of the catalogue that colours the map of items; null looks for one"
    )
    users: int = Field(10, ge=1, le=100, description="people whose histories and recommendations are shown")
    targets: int = Field(50_000, ge=1, description="test targets that are ranked for it, at most")
    lists: int = Field(5_000, ge=1, description="lists of recommendations whose spread is measured, at most")
    points: int = Field(2_000, ge=1, le=5_000, description="items on the map, at most")
