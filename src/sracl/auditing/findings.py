"""What an audit says of each way by which held-out interactions could reach training."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """clean: nothing came through. by design: something did, and the run's protocol or split says that it does.

    leak: something did that they do not admit. unproven: the artefacts at hand cannot show it either way.
    """

    CLEAN = "clean"
    BY_DESIGN = "leak by design"
    LEAK = "leak"
    UNPROVEN = "not proven"


@dataclass(frozen=True)
class Finding:
    """way: what was looked at. told: what was found, in a sentence or two; counts: what it rests on."""

    way: str
    verdict: Verdict
    told: str
    counts: Mapping[str, int | float] = field(default_factory=dict)


@dataclass(frozen=True)
class Audit:
    """All findings about a run that states a protocol and a split."""

    run_dir: str
    protocol: str
    split: str
    findings: tuple[Finding, ...]

    @property
    def leaks(self) -> tuple[Finding, ...]:
        """Leaks that neither the protocol nor the split admits."""
        return tuple(finding for finding in self.findings if finding.verdict == Verdict.LEAK)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        findings = [
            {"way": f.way, "verdict": str(f.verdict), "told": f.told, "counts": dict(f.counts)} for f in self.findings
        ]
        facts = {"run_dir": self.run_dir, "protocol": self.protocol, "split": self.split}
        return facts | {"clean": not self.leaks, "findings": findings}


def judged(count: int, admitted: bool) -> Verdict:
    """The verdict on so many crossings that the protocol admits or does not."""
    if not count:
        return Verdict.CLEAN
    return Verdict.BY_DESIGN if admitted else Verdict.LEAK


def worst(verdicts: list[Verdict]) -> Verdict:
    """The verdict on several parts of one way."""
    order = (Verdict.LEAK, Verdict.UNPROVEN, Verdict.BY_DESIGN)
    return next((verdict for verdict in order if verdict in verdicts), Verdict.CLEAN)
