"""Findings of the diagnosis that a run closed, opened or kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from whytrain.errors import TrackingError
from whytrain.tracking.reader import RunRecord, download

FINDINGS = "diagnosis/findings.json"
Status = Literal["closed", "opened", "kept"]


@dataclass(frozen=True)
class FindingChange:
    """A finding in two runs.

    Attributes:
        name: of the finding.
        status: closed: only the baseline has it; opened: only the other run; kept: both.
        before: the baseline's finding as its run stored it (value, low, high, threshold, severity,
            message); None where it has none.
        after: the other run's.
    """

    name: str
    status: Status
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def read_findings(run: RunRecord) -> dict[str, Mapping[str, Any]]:
    """Return a run's findings by name.

    Raises:
        TrackingError: the run holds no diagnosis, or one that cannot be read.
    """
    path = download(run, FINDINGS)
    try:
        return {str(finding["name"]): finding for finding in json.loads(path.read_text("utf-8"))}
    except (ValueError, TypeError, KeyError) as error:
        raise TrackingError(f"{FINDINGS} of run {run.name} is not a list of findings: {error}") from error


def finding_changes(
    before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]
) -> tuple[FindingChange, ...]:
    """Say which findings were closed, opened and kept, in this order.

    >>> [(c.name, c.status) for c in finding_changes({"a": {}, "b": {}}, {"b": {}, "c": {}})]
    [('a', 'closed'), ('c', 'opened'), ('b', 'kept')]
    """
    closed = [FindingChange(name, "closed", f, None) for name, f in before.items() if name not in after]
    opened = [FindingChange(name, "opened", None, f) for name, f in after.items() if name not in before]
    kept = [FindingChange(name, "kept", f, after[name]) for name, f in before.items() if name in after]
    return (*closed, *opened, *kept)
