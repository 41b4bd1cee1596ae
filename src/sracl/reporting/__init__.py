"""The report of a run: `report.html`, one file for people, made of sections that a template each shows."""

from sracl.reporting.page import REPORT, write_report

__all__ = ["REPORT", "write_report"]
