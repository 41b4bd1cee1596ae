"""What the run says of itself: its configuration, manifest, metrics and stages must say the same."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sracl.auditing.evidence import Evidence
from sracl.auditing.findings import Finding, Verdict
from sracl.errors import SraclError
from sracl.semantics import index


def check_statements(evidence: Evidence) -> Iterator[Finding]:
    """Protocol and split, wherever they stand."""
    stated = {"protocol": evidence.config.protocol, "split": evidence.split.name}
    sources = {"manifest.json": index.read_manifest(evidence.semantics), "metrics.json": _read(evidence.folder)}
    others = [
        f"{name} says {facts[key]}, config.yaml {value}"
        for name, facts in sources.items()
        for key, value in stated.items()
        if key in facts and facts[key] != value
    ]
    if others:
        yield Finding("what the run states", Verdict.LEAK, "; ".join(others), {"contradictions": len(others)})
        return
    told = f"protocol {stated['protocol']}, split {stated['split']}, the same in all of the run's records"
    yield Finding("what the run states", Verdict.CLEAN, told, {"contradictions": 0})


def _read(folder: Path) -> dict[str, Any]:
    path = folder / "metrics.json"
    if not path.exists():
        return {}
    try:
        metrics: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SraclError(f"{path} is damaged ({error}); run `sracl evaluate` again") from error
    return metrics
