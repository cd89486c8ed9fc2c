"""Findings of the diagnosis that a run closed, opened or kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from whytrain.runs.diagnosis import StoredDiagnosis

Status = Literal["closed", "opened", "kept", "examined in one run only"]


@dataclass(frozen=True, kw_only=True)
class FindingChange:
    """A finding of at least one of two runs.

    Attributes:
        name: of the finding.
        status: closed: the other run looked and found nothing; opened: the baseline did; kept: both have it.
        before: the baseline's value; None where it did not look.
        after: the other run's.
        finding: of the other run if it has it, else the baseline's.
    """

    name: str
    status: Status
    before: float | None
    after: float | None
    finding: Mapping[str, Any]


def finding_changes(before: StoredDiagnosis, after: StoredDiagnosis) -> tuple[FindingChange, ...]:
    """Say which findings were closed, opened and kept, and which only one run looked for, in this order."""
    changes = []
    for name in {**before.findings, **after.findings}:
        values = [_value(diagnosis, name) for diagnosis in (before, after)]
        if name in before.findings and name in after.findings:
            status: Status = "kept"
        elif None in values:
            status = "examined in one run only"
        else:
            status = "closed" if name in before.findings else "opened"
        finding = after.findings.get(name) or before.findings[name]
        changes.append(
            FindingChange(name=name, status=status, before=values[0], after=values[1], finding=finding)
        )
    order = ("closed", "opened", "kept", "examined in one run only")
    return tuple(sorted(changes, key=lambda change: order.index(change.status)))


def _value(diagnosis: StoredDiagnosis, name: str) -> float | None:
    measured = diagnosis.measured.get(name)
    return None if measured is None else float(measured["estimate"])
