"""The choice of settings: what searches and studies in the run's folder have measured."""

from collections.abc import Iterator
from pathlib import Path

from sracl.auditing.evidence import Evidence
from sracl.auditing.findings import Finding, Verdict
from sracl.studies.place import Place
from sracl.studies.records import Record, Records


def check_tuning(evidence: Evidence) -> Iterator[Finding]:
    """No trial of a search may have measured the test; runs of studies do, and are counted."""
    place = Place(evidence.folder / "studies")
    trials = _all(Place(place.folder / "tune").records)
    tested = sum(bool(record.test) for record in trials)
    studied = sum(bool(record.test) for record in _all(place.records))
    counts = {"trials": len(trials), "trials_that_measured_the_test": tested, "tested_runs_of_studies": studied}
    way = "choice of the settings"
    if tested:
        told = f"{tested:,} of {len(trials):,} trials of the search measured the test"
        yield Finding(way, Verdict.LEAK, told, counts)
        return
    searched = f"{len(trials):,} trials, none measured the test" if trials else "no search lies in this folder"
    told = f"{searched}; {studied:,} runs of studies in it are tested. Whether a person chose by them, no run can show"
    yield Finding(way, Verdict.CLEAN, told, counts)


def _all(records: Records) -> list[Record]:
    found = (records.find(path.stem) for path in sorted(Path(records.folder).glob("*.json")))
    return [record for record in found if record is not None]
