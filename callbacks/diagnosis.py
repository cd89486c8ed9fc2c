"""The last observer: from what the others found to findings, recommendations and the next run's overrides."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from whytrain.attribution.evidence import ExplanationEvidence
from whytrain.baselines.bag_of_words import floor_predictions, held_out_probabilities
from whytrain.calibration.summary import CalibrationSummary
from whytrain.callbacks.access import classifier_of, data_of, evidence_of, store_of
from whytrain.callbacks.order import Phase
from whytrain.callbacks.run_record import RunRecord
from whytrain.data.cache import cache_directory
from whytrain.data.lexicon import WordNet
from whytrain.diagnosis.detectors import DETECTORS, diagnose
from whytrain.diagnosis.evidence import HistoryEvidence, RunEvidence
from whytrain.diagnosis.finding import SEVERITIES, hidden
from whytrain.diagnosis.finding import Diagnosis as Result
from whytrain.diagnosis.overrides import OVERRIDES_PATH, Plan, make_plan, plan_text
from whytrain.diagnosis.rules import load_rules
from whytrain.errors import ConfigError
from whytrain.models.batch_runner import predict_split
from whytrain.pages.diagnosis import diagnosis_page
from whytrain.surrogates.evidence import SurrogateEvidence
from whytrain.tracking.store import Store
from whytrain.tracking.tables import text_hash

TOPIC = "diagnosis"
_OF_WORDS = ("guidance.mask", "guidance.replace", "guidance.synonyms")


class Diagnosis(Callback):
    """Logs findings, `diagnosis/overrides.yaml` and a page for people, of the best weights."""

    phase = Phase.DIAGNOSE

    def __init__(self, *, rules: str | None) -> None:
        """Read the rules.

        Args:
            rules: a YAML file whose entries replace packaged ones or are added; None: the packaged ones.

        Raises:
            ConfigError: the file cannot be read or has a wrong key, value or name.
        """
        self.book = load_rules(None if rules is None else Path(rules).expanduser(), DETECTORS)

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Gather the evidence, diagnose, and log."""
        store = store_of(trainer)
        if store is None:
            return
        started = time.perf_counter()
        evidence = gather(trainer, pl_module)
        diagnosis = diagnose(evidence, self.book.findings)
        config = next(c.config for c in trainer.callbacks if isinstance(c, RunRecord))  # type: ignore[attr-defined]  # Lightning leaves it untyped
        unusable = self._unusable(evidence, diagnosis, store)
        plan = make_plan(diagnosis, self.book, config, store.run_id, unusable)
        if not store.settings.log_text:
            diagnosis = hidden(diagnosis, text_hash)
        store.log_text(plan_text(plan.strategies, store.run_id), OVERRIDES_PATH)
        store.log_text(_as_json(diagnosis, plan), f"{TOPIC}/findings.json")
        store.log_text(diagnosis_page(diagnosis, plan, store.run_name, store.run_id), f"reports/{TOPIC}.html")
        store.log_table(_values(diagnosis), TOPIC, "values")
        store.log_table(_rows(diagnosis), TOPIC, "rows")
        metrics = _metrics(diagnosis) | {"time/diagnosis_s": time.perf_counter() - started}
        store.log_metrics(metrics, step=trainer.current_epoch)

    def _unusable(self, evidence: RunEvidence, diagnosis: Result, store: Store) -> Mapping[str, str]:
        """Say which keys this run gives the next one no ground for."""
        reasons: dict[str, str] = {}
        names = [name for f in diagnosis.findings for name in self.book.findings[f.name].recommend]
        if any("guidance.synonyms" in self.book.recommendations[name].overrides for name in names):
            try:
                WordNet()
            except ConfigError as error:
                reasons["guidance.synonyms"] = str(error)
        if not store.settings.log_text:
            reason = "this run keeps its words private (tracking.log_text=false): nothing can be looked up"
            reasons |= dict.fromkeys(_OF_WORDS, reason)
        elif (explained := evidence.attributions("shapley")) is None or explained.vocabulary is None:
            reason = "this run ranked no words; callbacks.explanations.vocabulary_sentences says how many"
            reasons |= dict.fromkeys(_OF_WORDS, reason)
        if evidence.surrogate is None:
            reasons["guidance.upweight"] = "this run distilled no students"
        return reasons


def gather(trainer: pl.Trainer, pl_module: pl.LightningModule) -> RunEvidence:
    """Collect what the callbacks publish and what both models predict."""
    data, model = data_of(trainer), classifier_of(pl_module).interface
    return RunEvidence(
        corpus=data.corpus,
        predict_train=lambda rows: predict_split(model, data.encoded("train").select(rows)),
        validation=predict_split(model, data.encoded("validation")),
        floor=floor_predictions(data.corpus, cache_directory()),
        held_out=held_out_probabilities(data.corpus, cache_directory()),
        history=evidence_of(trainer, HistoryEvidence),
        calibration=evidence_of(trainer, CalibrationSummary),
        explanations=evidence_of(trainer, ExplanationEvidence),
        surrogate=evidence_of(trainer, SurrogateEvidence),
    )


def _metrics(diagnosis: Result) -> dict[str, float]:
    counts: dict[str, float] = {severity: diagnosis.count(severity) for severity in SEVERITIES}
    counts |= {"findings": len(diagnosis.findings), "not_examined": len(diagnosis.not_examined)}
    values = {name: measured.value.estimate for name, measured in diagnosis.measurements.items()}
    return {f"{TOPIC}/{name}": float(value) for name, value in (counts | values).items()}


def _values(diagnosis: Result) -> pd.DataFrame:
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


def _rows(diagnosis: Result) -> pd.DataFrame:
    """One row per value and sentence: what a later run's values are paired with."""
    rows = [
        (name, key, value)
        for name, measured in diagnosis.measurements.items()
        for key, value in measured.rows.items()
    ]
    return pd.DataFrame(rows, columns=["name", "id", "value"]).astype({"value": "float64"})


def _as_json(diagnosis: Result, plan: Plan) -> str:
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
