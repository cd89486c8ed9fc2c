"""All that a diagnosis looked at, so that it can be repeated without the model and the data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from whytrain.attribution.attribution import Quantity
from whytrain.attribution.evidence import AttributionEvidence, ExplanationEvidence, SentenceEvidence
from whytrain.calibration.abstention import Abstention
from whytrain.calibration.summary import summarize_calibration
from whytrain.calibration.temperature import apply_temperature
from whytrain.data.unread import Unread
from whytrain.data.words import split_words
from whytrain.diagnosis.evidence import (
    CalibrationEvidence,
    CheckRows,
    HistoryEvidence,
    RunEvidence,
    SetEvidence,
    TokenEvidence,
    TrainingRows,
    ValidationRows,
)
from whytrain.diagnosis.finding import Diagnosis
from whytrain.diagnosis.of_words import METHOD
from whytrain.errors import TrackingError
from whytrain.fairness import evidence as fairness
from whytrain.runs.ranking import read_pairs, read_words
from whytrain.runs.shortcuts import as_plain, of_plain
from whytrain.runs.surrogates import read_surrogates
from whytrain.runs.table import TableRecord
from whytrain.tracking.reader import RunRecord, download
from whytrain.tracking.tables import text_hash
from whytrain.types import Predictions

if TYPE_CHECKING:
    from whytrain.tracking.recorder import Recorder

VERSION = 5  # of all files below together
_PATH = "diagnosis/evidence.json"
_TOPIC = "diagnosis"
_ENDS = ("lowest_epoch", "train_accuracy", "validation_accuracy", "n_steps")  # numbers of a history
_SETS = ("alpha", "class_conditional")  # settings of conformal sets
_LOGIT, _HELD_OUT, _WHILE_TRAINING = "logit_", "held_out_", "while_training_"
# And per class `logit_…`; where there are any, `held_out_…` and `while_training_…` per class, `two_words` and
# `self_influence`.
_TRAIN = TableRecord(topic=_TOPIC, name="train", columns=("id", "text", "label", "sentence", "group"))
# And per class `logit_…`; with a history `lowest_loss`, `last_loss`, `halfway_loss`; with conformal sets
# `covered`; where the network was asked about typing errors, `right_mistyped`.
_VALIDATION = TableRecord(
    topic=_TOPIC, name="validation", columns=("id", "text", "label", "floor", "given_away", "given_by")
)
_CHECK = TableRecord(topic=_TOPIC, name="check", columns=("id", "label", "floor"))  # and per class `logit_…`
# Words, scores and the shares of beginning, middle and end are lists.
_EXPLAINED = TableRecord(
    topic=_TOPIC,
    name="explained",
    columns=("method", *(field.name for field in fields(SentenceEvidence))),
)


def log_evidence(store: Recorder, evidence: RunEvidence, diagnosis: Diagnosis) -> None:
    """Log what a diagnosis looked at, beside what the callbacks logged of words and surrogates.

    Of the sentences only those are kept that the diagnosis shows, and where text is private the hashes of
    their words.

    Args:
        store: of the run.
        evidence: all of it.
        diagnosis: made from it.
    """
    kept = {e.sentence_id for m in diagnosis.measurements.values() for e in m.evidence.sentences}
    is_private, names = not store.settings.log_text, evidence.class_names

    def texts(rows: TrainingRows | ValidationRows) -> list[str]:
        chosen = (text if key in kept else "" for key, text in zip(rows.ids, rows.texts, strict=True))
        return [" ".join(map(text_hash, split_words(text))) if is_private else text for text in chosen]

    _TRAIN.log(store, _train_table(evidence.train, texts(evidence.train), names))
    _VALIDATION.log(store, _validation_table(evidence, texts(evidence.validation)))
    if evidence.check is not None:
        _CHECK.log(store, _check_table(evidence.check, names))
    if evidence.explanations is not None:
        _EXPLAINED.log(store, _explained_table(evidence.explanations, is_private=is_private))
    summary = _summary(evidence)
    named = text_hash if is_private else str
    if evidence.shortcuts is not None:
        summary["shortcuts"] = as_plain(evidence.shortcuts, named)
    if evidence.fairness is not None:
        summary["fairness"] = fairness.as_plain(evidence.fairness, named)
    store.log_text(json.dumps(summary, ensure_ascii=False), _PATH)


def read_evidence(run: RunRecord) -> RunEvidence:
    """Return what a run's diagnosis looked at.

    Texts are those that the diagnosis showed; in a private run they are hashes of words.

    Raises:
        TrackingError: the run holds no such evidence, or that of a newer version.
    """
    summary = _read_summary(run)
    names = tuple(summary["class_names"])
    train, validation = _TRAIN.read(run), _VALIDATION.read(run)
    predictions = _predictions(validation, names)
    return RunEvidence(
        class_names=names,
        train=_training_rows(train, names),
        validation=_validation_rows(validation, predictions),
        history=_history(summary, validation),
        calibration=_calibration(predictions, summary, validation),
        tokens=_tokens(summary),
        explanations=_explanations(run, summary) if summary["explained"] is not None else None,
        surrogate=read_surrogates(run, train["id"].tolist()) if summary["has_students"] else None,
        shortcuts=None if summary.get("shortcuts") is None else of_plain(summary["shortcuts"]),
        check=_check_rows(_CHECK.read(run), names) if summary.get("has_check") else None,
        is_marked=summary.get("is_marked", False),
        fairness=None if summary.get("fairness") is None else fairness.of_plain(summary["fairness"]),
    )


def absent_evidence(evidence: RunEvidence) -> list[str]:
    """Name what a run holds no evidence of; detectors that look at it say so, too."""
    explained, ranked = evidence.explanations, evidence.attributions(METHOD)
    held = {
        "the epochs' losses": evidence.history,
        "calibration": evidence.calibration,
        "explained training sentences": explained,
        "a ranking of words": ranked and ranked.vocabulary,
        "attention": explained and explained.attention,
        "students": evidence.surrogate,
        "what the tokenizer leaves out": evidence.tokens,
        "held-out training sentences": evidence.train.held_out,
        "what it said of training sentences while it learned them": evidence.train.while_training,
    }
    return [name for name, found in held.items() if found is None]


def _summary(evidence: RunEvidence) -> dict[str, Any]:
    explained, history = evidence.explanations, evidence.history
    attention = None if explained is None else explained.attention
    calibration = evidence.calibration
    return {
        "version": VERSION,
        "class_names": list(evidence.class_names),
        "abstention": None if calibration is None else asdict(calibration.abstention),
        "sets": None if calibration is None else {name: getattr(calibration.sets, name) for name in _SETS},
        "tokens": None if evidence.tokens is None else asdict(evidence.tokens),
        "has_students": evidence.surrogate is not None,
        "has_check": evidence.check is not None,
        "is_marked": evidence.is_marked,
        "explained": None if explained is None else {k: _method(m) for k, m in explained.methods.items()},
        "attention": None if attention is None else attention.tolist(),
        "train_loss": None if history is None else history.train_loss.tolist(),
        **dict.fromkeys(_ENDS),
        **({} if history is None else {name: getattr(history, name) for name in _ENDS}),
    }


def _method(found: AttributionEvidence) -> dict[str, Any]:
    ranked = {"ranks_words": found.vocabulary is not None, "ranks_pairs": found.pairs is not None}
    return {"quantity": asdict(found.quantity), **ranked}


def _read_summary(run: RunRecord) -> Mapping[str, Any]:
    try:
        path = download(run, _PATH)
    except TrackingError as error:
        raise TrackingError(
            f"run {run.name} ({run.status}) does not hold what its diagnosis looked at"
            f"{run.goes_on or ': train it again, with callbacks=default'}"
        ) from error
    summary: dict[str, Any] = json.loads(path.read_text("utf-8"))
    if summary["version"] > VERSION:
        raise TrackingError(
            f"{_PATH} of run {run.name} has version {summary['version']}, this whytrain reads up to "
            f"{VERSION}: update it"
        )
    if summary["version"] < VERSION:
        raise TrackingError(
            f"run {run.name} was diagnosed by an older whytrain, which measured otherwise: train it again"
        )
    return summary


def _train_table(train: TrainingRows, texts: list[str], names: Sequence[str]) -> pd.DataFrame:
    return _table(
        {
            "id": train.ids,
            "text": texts,
            "label": _column(train.labels),
            "sentence": train.sentences,
            "group": train.groups,
            **_by_class(_LOGIT, train.logits, names),
            **_by_class(_HELD_OUT, train.held_out, names),
            **_by_class(_WHILE_TRAINING, train.while_training, names),
            "two_words": train.two_words,
            "self_influence": train.self_influence,
        }
    )


def _training_rows(table: pd.DataFrame, names: Sequence[str]) -> TrainingRows:
    return TrainingRows(
        ids=table["id"].tolist(),
        texts=table["text"].tolist(),
        labels=_labels(table["label"]),
        sentences=table["sentence"].to_numpy(),
        groups=table["group"].to_numpy(),
        logits=_of_classes(_LOGIT, table, names),
        held_out=_optional_classes(_HELD_OUT, table, names),
        while_training=_optional_classes(_WHILE_TRAINING, table, names),
        two_words=_optional("two_words", table),
        self_influence=_optional("self_influence", table),
    )


def _validation_table(evidence: RunEvidence, texts: list[str]) -> pd.DataFrame:
    rows, history, calibration = evidence.validation, evidence.history, evidence.calibration
    return _table(
        {
            "id": rows.ids,
            "text": texts,
            "label": _column(rows.predictions.labels),
            "floor": _column(rows.floor),
            "given_away": rows.given_away,
            "given_by": rows.given_by,
            **_by_class(_LOGIT, rows.predictions.logits, evidence.class_names),
            "lowest_loss": history and history.lowest,
            "last_loss": history and history.last,
            "halfway_loss": history and history.halfway,
            "right_mistyped": rows.right_mistyped,
            "covered": calibration and calibration.sets.covered,
        }
    )


def _validation_rows(table: pd.DataFrame, predictions: Predictions) -> ValidationRows:
    return ValidationRows(
        ids=table["id"].tolist(),
        texts=table["text"].tolist(),
        predictions=predictions,
        floor=_labels(table["floor"]),
        given_away=table["given_away"].to_numpy(),
        given_by=table["given_by"].to_numpy(),
        right_mistyped=_optional("right_mistyped", table),
    )


def _check_table(check: CheckRows, names: Sequence[str]) -> pd.DataFrame:
    columns = {"id": check.ids, "label": _column(check.predictions.labels), "floor": _column(check.floor)}
    return pd.DataFrame(columns | _by_class(_LOGIT, check.predictions.logits, names))


def _check_rows(table: pd.DataFrame, names: Sequence[str]) -> CheckRows:
    ids, floor = table["id"].tolist(), _labels(table["floor"])
    return CheckRows(ids=ids, predictions=_predictions(table, names), floor=floor)


def _predictions(table: pd.DataFrame, names: Sequence[str]) -> Predictions:
    return Predictions(logits=_of_classes(_LOGIT, table, names), labels=_labels(table["label"]))


def _table(columns: Mapping[str, Any]) -> pd.DataFrame:
    """Return a table without the columns that are None."""
    return pd.DataFrame({name: column for name, column in columns.items() if column is not None})


def _column(labels: NDArray[np.int64]) -> list[Any]:
    """Return labels as a column: indices of classes, or a list of 0 and 1 per row."""
    column: list[Any] = labels.tolist()
    return column


def _labels(column: pd.Series[Any]) -> NDArray[np.int64]:
    return np.array(column.tolist(), dtype=np.int64)


def _by_class(prefix: str, values: NDArray[np.float64] | None, names: Sequence[str]) -> dict[str, Any]:
    if values is None:
        return {}
    return {f"{prefix}{name}": column for name, column in zip(names, values.T, strict=True)}


def _of_classes(prefix: str, table: pd.DataFrame, names: Sequence[str]) -> NDArray[np.float64]:
    return table[[f"{prefix}{name}" for name in names]].to_numpy(np.float64)


def _optional_classes(prefix: str, table: pd.DataFrame, names: Sequence[str]) -> NDArray[np.float64] | None:
    return _of_classes(prefix, table, names) if f"{prefix}{names[0]}" in table else None


def _optional(name: str, table: pd.DataFrame) -> NDArray[np.float64] | None:
    return table[name].to_numpy(np.float64) if name in table else None


def _history(summary: Mapping[str, Any], validation: pd.DataFrame) -> HistoryEvidence | None:
    if summary["train_loss"] is None:
        return None
    return HistoryEvidence(
        train_loss=np.array(summary["train_loss"], np.float64),
        halfway=_optional("halfway_loss", validation),
        **{name: summary[name] for name in _ENDS},
        lowest=validation["lowest_loss"].to_numpy(np.float64),
        last=validation["last_loss"].to_numpy(np.float64),
    )


def _calibration(
    validation: Predictions, summary: Mapping[str, Any], table: pd.DataFrame
) -> CalibrationEvidence | None:
    """As `whytrain.calibration.summary.before_and_after` gives it before the correction."""
    if summary["abstention"] is None:
        return None
    return CalibrationEvidence(
        summary=summarize_calibration(apply_temperature(validation.logits, 1.0), validation.labels),
        abstention=Abstention(**summary["abstention"]),
        sets=SetEvidence(**summary["sets"], covered=table["covered"].to_numpy(np.bool_)),
    )


def _tokens(summary: Mapping[str, Any]) -> TokenEvidence | None:
    kept = summary["tokens"]
    return None if kept is None else TokenEvidence(**{**kept, "validation": Unread(**kept["validation"])})


def _explained_table(explained: ExplanationEvidence, *, is_private: bool) -> pd.DataFrame:
    rows = []
    for method, found in explained.methods.items():
        for sentence in found.sentences:
            words = [text_hash(word) if is_private else word for word in sentence.words]
            rows.append({"method": method, **vars(sentence), "words": words})
    return pd.DataFrame(rows, columns=list(_EXPLAINED.columns))


def _explanations(run: RunRecord, summary: Mapping[str, Any]) -> ExplanationEvidence:
    table, attention = _EXPLAINED.read(run), summary["attention"]
    methods = {
        name: AttributionEvidence(
            quantity=Quantity(**found["quantity"]),
            sentences=tuple(map(_sentence, table[table["method"] == name].to_dict("records"))),
            vocabulary=read_words(run, name) if found["ranks_words"] else None,
            pairs=read_pairs(run, name) if found["ranks_pairs"] else None,
        )
        for name, found in summary["explained"].items()
    }
    kept = None if attention is None else np.array(attention, np.float64)
    return ExplanationEvidence(methods=methods, attention=kept)


def _sentence(row: Mapping[Any, Any]) -> SentenceEvidence:
    values = {field.name: row[field.name] for field in fields(SentenceEvidence)}
    first, second = row["top_words"]
    lists = {
        "words": tuple(row["words"]),
        "top_words": (int(first), int(second)),
        "scores": np.asarray(row["scores"], np.float64),
        "part_shares": np.asarray(row["part_shares"], np.float64),
    }
    return SentenceEvidence(**(values | lists))
