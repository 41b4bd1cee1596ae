"""Whether validation or test interactions could have reached training, found in what a run left on disk."""

from pathlib import Path

from sracl.auditing.checks import CHECKS
from sracl.auditing.evidence import Evidence
from sracl.auditing.findings import Audit, Finding, Verdict


def audit(run_dir: Path) -> Audit:
    """Look at every way. Raises InputError where there is no run, SraclError where its artefacts are damaged."""
    evidence = Evidence.of(run_dir)
    findings = tuple(finding for check in CHECKS for finding in check(evidence))
    return Audit(str(run_dir), evidence.config.protocol, evidence.split.name, findings)


__all__ = ["Audit", "Finding", "Verdict", "audit"]
