"""What a run's diagnosis says: findings, all values with their rows, and the overrides that it recommends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from whytrain.diagnosis.finding import Diagnosis
from whytrain.diagnosis.overrides import Plan, Strategy, plan_text, read_plan
from whytrain.errors import TrackingError
from whytrain.runs.table import TableRecord
from whytrain.tracking.reader import RunRecord, download

if TYPE_CHECKING:
    from whytrain.tracking.recorder import Recorder

FINDINGS_PATH = "diagnosis/findings.json"
OVERRIDES_PATH = "diagnosis/overrides.yaml"
_RULES_PATH = "diagnosis/rules.yaml"
_VALUES = TableRecord(
    topic="diagnosis",
    name="values",
    columns=("name", "estimate", "low", "high", "unit", "threshold", "severity", "not_examined"),
)
_PROMISES = TableRecord(
    topic="diagnosis",
    name="promises",
    columns=("arm", "against", "metric", "difference", "low", "high", "promise", "verdict", "targeted"),
)
_ROWS = TableRecord(topic="diagnosis", name="rows", columns=("name", "id", "value"))


@dataclass(frozen=True, kw_only=True)
class StoredDiagnosis:
    """What a run's diagnosis left in its artifacts, as plain data.

    Attributes:
        findings: by name, with `value`, `low`, `high`, `threshold`, `severity` and `message`.
        measured: by name, every value that was looked at, findings or not: `estimate`, `low`, `high`, `unit`.
        not_examined: the reason, by name.
        skipped: why a recommendation is not followed, by its name.
    """

    findings: Mapping[str, Mapping[str, Any]]
    measured: Mapping[str, Mapping[str, Any]]
    not_examined: Mapping[str, str]
    skipped: Mapping[str, str]


def log_diagnosis(store: Recorder, diagnosis: Diagnosis, plan: Plan) -> None:
    """Log a diagnosis, whose words are hidden already where they are private."""
    store.log_text(plan_text(plan.strategies, store.run_id), OVERRIDES_PATH)
    store.log_text(findings_text(diagnosis, plan), FINDINGS_PATH)
    _VALUES.log(store, _value_table(diagnosis))
    _ROWS.log(store, _row_table(diagnosis))


def findings_text(diagnosis: Diagnosis, plan: Plan) -> str:
    """Return a diagnosis and its plan as JSON."""
    content = {
        "findings": [asdict(finding) for finding in diagnosis.findings],
        "measured": {
            name: asdict(measured.value) | {"unit": measured.unit}
            for name, measured in diagnosis.measurements.items()
        },
        "not_examined": dict(diagnosis.not_examined),
        "strategies": [asdict(strategy) for strategy in plan.strategies],
        "advice": [asdict(strategy) for strategy in plan.advice],
        "skipped": dict(plan.skipped),
    }
    return json.dumps(content, ensure_ascii=False, indent=1)


def log_promises(store: Recorder, promises: pd.DataFrame) -> None:
    """Keep what became, in a run that followed a diagnosis, of what that promised."""
    _PROMISES.log(store, promises)


def log_rules(store: Recorder, rules: Path) -> None:
    """Keep the rules file that a run was diagnosed with."""
    store.log_text(rules.read_text("utf-8"), _RULES_PATH)


def read_rules(run: RunRecord, config: Mapping[str, Any]) -> Path | None:
    """Return the rules file that a run was diagnosed with; None where it had the packaged rules.

    Args:
        run: that holds a diagnosis.
        config: its resolved config.

    Raises:
        TrackingError: the run had a file and did not keep it.
    """
    return None if config["callbacks"]["diagnosis"]["rules"] is None else download(run, _RULES_PATH)


def read_diagnosis(run: RunRecord) -> StoredDiagnosis:
    """Return a run's diagnosis.

    Raises:
        TrackingError: the run holds no diagnosis, or one that cannot be read.
    """
    path = download(run, FINDINGS_PATH)
    try:
        content = json.loads(path.read_text("utf-8"))
        findings = {str(finding["name"]): finding for finding in content["findings"]}
        return StoredDiagnosis(
            findings=findings,
            measured=dict(content["measured"]),
            not_examined=dict(content["not_examined"]),
            skipped=dict(content["skipped"]),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise TrackingError(f"{FINDINGS_PATH} of run {run.name} is no diagnosis: {error!r}") from error


def read_rows(run: RunRecord) -> dict[str, pd.Series[float]]:
    """Return what each value is the mean of, by its name: float64, indexed by sentence id.

    Raises:
        TrackingError: the run holds no diagnosis.
    """
    groups = _ROWS.read(run).groupby("name")
    return {str(name): group.set_index("id")["value"] for name, group in groups}


def read_strategies(run: RunRecord, source: str) -> tuple[Strategy, ...]:
    """Return what a run's diagnosis recommends; `source` is what an error calls the run.

    Raises:
        TrackingError: the run holds no diagnosis.
        ConfigError: it recommends what it may not.
    """
    return read_plan(download(run, OVERRIDES_PATH).read_text("utf-8"), source)


def _value_table(diagnosis: Diagnosis) -> pd.DataFrame:
    """One row per detector: value with interval, threshold and severity where it is a finding, or why not."""
    findings = {finding.name: finding for finding in diagnosis.findings}
    rows: list[dict[str, Any]] = []
    for name, measured in diagnosis.measurements.items():
        found = findings.get(name)
        row = {"name": name, **asdict(measured.value), "unit": measured.unit, "not_examined": None}
        row |= {"threshold": found and found.threshold, "severity": found and found.severity}
        rows.append(row)
    rows += [{"name": name, "not_examined": reason} for name, reason in diagnosis.not_examined.items()]
    numbers = dict.fromkeys(("estimate", "low", "high", "level", "threshold"), "float64")
    return pd.DataFrame(rows).astype(numbers)


def _row_table(diagnosis: Diagnosis) -> pd.DataFrame:
    """One row per value and sentence: what a later run's values are paired with."""
    rows = [
        (name, key, value)
        for name, measured in diagnosis.measurements.items()
        for key, value in measured.rows.items()
    ]
    return pd.DataFrame(rows, columns=["name", "id", "value"]).astype({"value": "float64"})
