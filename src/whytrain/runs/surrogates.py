"""The readable surrogates of a run: how faithful they are, what they say, where they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pandas as pd

from whytrain.runs.table import TableRecord
from whytrain.statistics.intervals import Interval
from whytrain.surrogates.evidence import (
    CoefficientEvidence,
    FidelityEvidence,
    RuleEvidence,
    SurrogateEvidence,
)
from whytrain.tracking.reader import RunRecord

if TYPE_CHECKING:
    from whytrain.tracking.recorder import Recorder

_TOPIC = "surrogate"
_INTERVALS = ("agreement", "over_gold", "kl_below_gold", "kl", "accuracy")
_FIDELITY = TableRecord(
    topic=_TOPIC,
    name="fidelity",
    columns=("student", "features", "taught_by", "agreement_on_errors", "majority", "r_squared", *_INTERVALS),
)
_COEFFICIENTS = TableRecord(topic=_TOPIC, name="coefficients", columns=("feature", "kind", "beta", "class"))
_RULES = TableRecord(topic=_TOPIC, name="rules", columns=tuple(field.name for field in fields(RuleEvidence)))
_DISAGREEMENT = TableRecord(
    topic=_TOPIC, name="disagreement", columns=("split", "id"), text_columns=("text",)
)
_SOFT_TREE = TableRecord(topic=_TOPIC, name="soft_tree", columns=("node", "parent", "pulled_by", "rule"))
_ROWS = TableRecord(
    topic=_TOPIC, name="influence", columns=("id", "leverage", "cooks_distance"), text_columns=("text",)
)


def log_surrogates(
    store: Recorder,
    *,
    fidelity: pd.DataFrame,
    coefficients: pd.DataFrame,
    rules: pd.DataFrame,
    disagreement: pd.DataFrame,
    influence: pd.DataFrame,
    soft_tree: pd.DataFrame,
) -> None:
    """Log the tables that `whytrain.surrogates.conclusions` makes.

    Args:
        store: of the run.
        fidelity: one row per surrogate.
        coefficients: of the logistic surrogates, by |β|.
        rules: of the readable tree.
        disagreement: sentences of `split` on which the readable surrogates differ.
        influence: training sentences on which the logistic one rests; none where that is not known.
        soft_tree: its nodes.
    """
    _SOFT_TREE.log(store, soft_tree)
    _COEFFICIENTS.log(store, coefficients)
    _RULES.log(store, rules)
    _FIDELITY.log(store, fidelity)
    _DISAGREEMENT.log(store, disagreement)
    if len(influence):
        _ROWS.log(store, influence)


def read_disputed(run: RunRecord) -> list[str]:
    """Return the ids of the training sentences on which the readable surrogates differ, in order of rows.

    Raises:
        TrackingError: the run has no surrogates.
    """
    table = _DISAGREEMENT.read(run)
    return table.loc[table["split"] == "train", "id"].astype(str).tolist()


def read_surrogates(run: RunRecord, train_ids: Sequence[str]) -> SurrogateEvidence:
    """Return what the surrogates of a run say.

    Args:
        run: the run.
        train_ids: of all training sentences, in order of rows.

    Raises:
        TrackingError: the run has no surrogates.
    """
    disputed, row_of = read_disputed(run), {key: row for row, key in enumerate(train_ids)}
    coefficients = _COEFFICIENTS.read(run)
    rules = [_rule(row) for row in _RULES.read(run).to_dict("records")]
    fidelity = _FIDELITY.read(run)
    answered = fidelity[fidelity["taught_by"] == "teacher"]
    columns = (coefficients[name].tolist() for name in ("feature", "kind", "beta", "class"))
    return SurrogateEvidence(
        n_rows=sum(rule.n_train for rule in rules),
        surrogates=tuple(_student(row) for row in answered.to_dict("records")),
        coefficients=tuple(
            CoefficientEvidence(name=name, kind=kind, beta=beta, class_name=class_name)
            for name, kind, beta, class_name in zip(*columns, strict=True)
        ),
        rules=tuple(rules),
        disagreeing_rows=tuple(row_of[key] for key in disputed),
        disagreeing_ids=tuple(disputed),
    )


def _student(row: Mapping[Any, Any]) -> FidelityEvidence:
    def interval(name: str) -> Interval:
        return Interval(estimate=row[name], low=row[f"{name}_low"], high=row[f"{name}_high"])

    def interval_or_none(name: str) -> Interval | None:
        return None if pd.isna(row.get(name)) else interval(name)

    return FidelityEvidence(
        kind=row["student"],
        features=row["features"],
        **{name: interval(name) for name in _INTERVALS},
        majority=row["majority"],
        r_squared=row["r_squared"],
        agreement_on_errors=interval_or_none("agreement_on_errors"),
        kl_below_tree=interval_or_none("kl_below_tree"),  # runs before soft trees have none
    )


def _rule(row: Mapping[Any, Any]) -> RuleEvidence:
    return RuleEvidence(**{field.name: row[field.name] for field in fields(RuleEvidence)})
