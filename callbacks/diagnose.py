"""The last observer: from what the others found to findings, recommendations and the next run's overrides."""

from __future__ import annotations

from pathlib import Path

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from whytrain.attribution.evidence import ExplanationEvidence
from whytrain.baselines.bag_of_words import floor_predictions, floor_two_words, held_out_probabilities
from whytrain.callbacks.access import best_answers, classifier_of, data_of, evidence_of, shown_word, store_of
from whytrain.callbacks.describe_run import record_of
from whytrain.callbacks.order import Phase
from whytrain.data.cache import cache_directory
from whytrain.diagnosis.conclusion import Conclusion, conclude
from whytrain.diagnosis.detectors import DETECTORS
from whytrain.diagnosis.evidence import CalibrationEvidence, CheckRows, HistoryEvidence, RunEvidence
from whytrain.diagnosis.finding import SEVERITIES, Diagnosis, hidden
from whytrain.diagnosis.gathering import gather
from whytrain.diagnosis.rules import load_rules
from whytrain.fairness.evidence import FairnessEvidence
from whytrain.guidance.guidance_settings import follows_marks
from whytrain.models.batch_runner import predict_split, split_of
from whytrain.pages.diagnosis import diagnosis_page
from whytrain.pages.shortcuts import ranked_list
from whytrain.runs.corrections import log_corrections
from whytrain.runs.diagnosis import log_diagnosis, log_rules
from whytrain.runs.evidence import log_evidence
from whytrain.shortcuts.evidence import ShortcutEvidence
from whytrain.surrogates.evidence import SurrogateEvidence
from whytrain.tracking.tables import text_hash

TOPIC = "diagnosis"


class Diagnose(Callback):
    """Logs findings of the best weights, what they rest on, the overrides and a page for people."""

    phase = Phase.DIAGNOSE
    topic = TOPIC
    evidence: Conclusion | None = None  # after the fit

    def __init__(self, *, rules: str | None) -> None:
        """Read the rules.

        Args:
            rules: a YAML file whose entries replace packaged ones or are added; None: the packaged ones.

        Raises:
            ConfigError: the file cannot be read or has a wrong key, value or name.
        """
        self._rules = None if rules is None else Path(rules).expanduser()
        self.book = load_rules(self._rules, DETECTORS)

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Gather the evidence, diagnose, and log."""
        store = store_of(trainer)
        if store is None:
            return
        evidence = gathered(trainer, pl_module)
        config = record_of(trainer).config
        diagnosis, plan = conclude(evidence, self.book, config, store.run_id)
        log_evidence(store, evidence, diagnosis)
        if not store.settings.log_text:
            diagnosis = hidden(diagnosis, text_hash)
        self.evidence = Conclusion(diagnosis=diagnosis, plan=plan)
        log_diagnosis(store, diagnosis, plan)
        if self._rules is not None:
            log_rules(store, self._rules)
        if store.settings.log_text:
            log_corrections(store, evidence.train, evidence.class_names)
        found = evidence.shortcuts
        suspects = "" if found is None else ranked_list(found, evidence.class_names, shown_word(store))
        page = diagnosis_page(diagnosis, plan, store.run_name, store.run_id, suspects)
        store.log_text(page, f"reports/{TOPIC}.html")
        store.log_metrics(_metrics(diagnosis), step=trainer.current_epoch)


def gathered(trainer: pl.Trainer, pl_module: pl.LightningModule) -> RunEvidence:
    """Collect what the callbacks publish and what both models predict."""
    data, model = data_of(trainer), classifier_of(pl_module).interface
    record, rows = record_of(trainer), classifier_of(pl_module).row_history
    answers = best_answers(trainer, pl_module)
    floor = floor_predictions(data.corpus, cache_directory())
    check = None
    if data.corpus.check is not None and floor.check is not None:
        ids, predictions = data.corpus.check.ids, record.outside["check"]
        check = CheckRows(ids=ids, predictions=predictions, floor=floor.check)
    return gather(
        data.corpus,
        training=answers("train"),
        validation=answers("validation"),
        floor=floor.validation,
        held_out=held_out_probabilities(data.corpus, cache_directory()),
        two_words=floor_two_words(data.corpus, cache_directory()),
        history=evidence_of(trainer, HistoryEvidence),
        calibration=evidence_of(trainer, CalibrationEvidence),
        unread=data.unread["validation"],
        explanations=evidence_of(trainer, ExplanationEvidence),
        surrogate=evidence_of(trainer, SurrogateEvidence),
        shortcuts=evidence_of(trainer, ShortcutEvidence),
        check=check,
        is_marked=follows_marks(record.config["guidance"]),
        predict_texts=lambda texts: predict_split(model, split_of(texts, model)).probabilities,
        while_training=None if rows is None else rows.probabilities,
        self_influence=None if rows is None else rows.self_influence,
        fairness=evidence_of(trainer, FairnessEvidence),
    )


def _metrics(diagnosis: Diagnosis) -> dict[str, float]:
    counts: dict[str, float] = {severity: diagnosis.count(severity) for severity in SEVERITIES}
    counts |= {"findings": len(diagnosis.findings), "not_examined": len(diagnosis.not_examined)}
    values = {name: measured.value.estimate for name, measured in diagnosis.measurements.items()}
    return {f"{TOPIC}/{name}": float(value) for name, value in (counts | values).items()}
