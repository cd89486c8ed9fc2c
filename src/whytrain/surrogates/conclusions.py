"""What a finished study says: evidence for those who act on it, and tables for those who read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from whytrain.data.corpus import Split
from whytrain.statistics.intervals import Interval
from whytrain.surrogates.evidence import (
    CoefficientEvidence,
    RuleEvidence,
    StudentEvidence,
    SurrogateEvidence,
)
from whytrain.surrogates.features import FeatureTable, Name
from whytrain.surrogates.fidelity import (
    agreement_over,
    agrees,
    divergence_below,
    fidelity,
    majority_agreement,
)
from whytrain.surrogates.fitting import KINDS, Lesson, Study, Taught
from whytrain.surrogates.rules import Judged, cells_of, rule_evidence, rule_text, rules_of

Array = NDArray[np.float64]
_REASONS = 3  # contributions that stand beside a sentence


def student_evidence(lessons: Study, train: Taught, validation: Taught) -> tuple[StudentEvidence, ...]:
    """Judge every student on validation sentences, with intervals."""
    teacher, taught = validation.probabilities, train.probabilities
    found = []
    for (features, kind), lesson in lessons.items():
        seen = fidelity(lesson.predicted, teacher, validation.labels)
        found.append(
            StudentEvidence(
                kind=kind,
                features=features,
                agreement=seen.agreement,
                over_gold=agreement_over(lesson.predicted, lesson.gold_predicted, teacher),
                kl_below_gold=divergence_below(lesson.predicted, lesson.gold_predicted, teacher),
                majority=majority_agreement(taught, teacher),
                kl=seen.kl,
                r_squared=seen.r_squared,
                agreement_on_errors=seen.agreement_on_errors,
                accuracy=seen.accuracy,
            )
        )
    return tuple(found)


def fidelity_table(lessons: Study, students: Sequence[StudentEvidence], validation: Taught) -> pd.DataFrame:
    """One row per student and one per gold student: features, strength, fidelity with intervals, floors."""
    teacher, rows = validation.probabilities, []
    for lesson, evidence in zip(lessons.values(), students, strict=True):
        for student, predicted, taught_by in (
            (lesson.student, lesson.predicted, "teacher"),
            (lesson.gold, lesson.gold_predicted, "gold labels"),
        ):
            seen = fidelity(predicted, teacher, validation.labels)
            row: dict[str, Any] = {
                "student": student.kind,
                "features": evidence.features,
                "taught_by": taught_by,
                "n_features": len(lesson.train.features),
                "strength": float(student.strength),
                **_columns("agreement", seen.agreement),
                **_columns("kl", seen.kl),
                "r_squared": seen.r_squared,
                **_columns("agreement_on_errors", seen.agreement_on_errors),
                **_columns("accuracy", seen.accuracy),
                "majority": evidence.majority,
                **_columns("over_gold", evidence.over_gold if taught_by == "teacher" else None),
                **_columns("kl_below_gold", evidence.kl_below_gold if taught_by == "teacher" else None),
            }
            rows.append(row)
    return pd.DataFrame(rows)


def _columns(name: str, interval: Interval | None) -> dict[str, float]:
    if interval is None:
        return dict.fromkeys((name, f"{name}_low", f"{name}_high"), float("nan"))
    return {name: interval.estimate, f"{name}_low": interval.low, f"{name}_high": interval.high}


def coefficient_table(lessons: Study, class_names: Sequence[str], show: Name) -> pd.DataFrame:
    """One row per class and feature of the logistic students, by |β|; words are shown as `show` says.

    Columns `features` (readable or dense), `kind`, `feature`, `class`, `beta` (log-odds by presence, or by
    one standard deviation), `contribution` (mean |X·β| over validation sentences, log-odds) and `sentences`
    (training sentences in which a word or pair is present; 0 for others).
    """
    frames = []
    for (name, kind), lesson in lessons.items():
        if kind == "tree":
            continue
        beta = lesson.student.coefficients
        explained = [len(class_names) - 1] if len(beta) == 1 else range(len(class_names))
        present = np.array([feature.is_presence for feature in lesson.train.features])
        counts = np.where(present, np.asarray(lesson.train.values.sum(axis=0)).ravel(), 0)
        for row, class_index in enumerate(explained):
            contributions = lesson.student.contributions(lesson.validation, class_index)
            columns = {
                "features": name,
                "kind": [feature.kind for feature in lesson.train.features],
                "feature": [feature.name(show) for feature in lesson.train.features],
                "class": class_names[class_index],
                "beta": beta[row],
                "contribution": np.abs(contributions).mean(axis=0),
                "sentences": counts.astype(np.int64),
            }
            frames.append(pd.DataFrame(columns))
    table = pd.concat(frames, ignore_index=True)
    return table.sort_values("beta", key=np.abs, ascending=False, kind="stable", ignore_index=True)


def rule_table(rules: Sequence[RuleEvidence]) -> pd.DataFrame:
    """One row per rule, numbered from 1 by support, with precisions as shares (NaN of no sentences)."""
    table = pd.DataFrame([vars(rule) for rule in rules])
    for split in ("train", "validation"):
        for judge in ("right", "teacher"):
            table[f"precision_{judge}_{split}"] = table[f"{judge}_{split}"] / table[f"n_{split}"]
    table.insert(0, "rule", range(1, len(table) + 1))
    return table


@dataclass(frozen=True, eq=False)
class Disagreement:
    """Where the two readable students predict different classes.

    Attributes:
        rows: int64 (n_rows,), of the split.
        share: of the split's sentences on which they agree.
        table: one row per sentence: `id`, `text`, `label`, `logistic`, `tree`, `contributions` (the logistic
            student's largest) and `rule` (the tree's).
    """

    rows: NDArray[np.int64]
    share: float
    table: pd.DataFrame


def disagreement(
    lessons: Study, table: FeatureTable, split: Split, class_names: Sequence[str], show: Name
) -> Disagreement:
    """Compare the readable students on all sentences of a split.

    Args:
        lessons: the study.
        table: readable features of the split, the columns that the students learned from.
        split: the sentences.
        class_names: all of them.
        show: what stands for a word.
    """
    logistic, tree = (lessons["readable", kind] for kind in KINDS)
    predicted = [lesson.student.probabilities(table) for lesson in (logistic, tree)]
    same = agrees(*predicted)
    rows, names = np.flatnonzero(~same), np.array(class_names, dtype=object)
    chosen, part = table.select(rows), split.select(rows)
    texts = {rule.cell: rule_text(rule, table.features, class_names, show) for rule in rules_of(tree.student)}
    columns = {
        "id": part.ids,
        "text": part.texts,
        "label": names[part.labels],
        "logistic": names[predicted[0][rows].argmax(axis=1)],
        "tree": names[predicted[1][rows].argmax(axis=1)],
        "contributions": _reasons(logistic, chosen, predicted[0][rows].argmax(axis=1), show),
        "rule": [texts[cell] for cell in cells_of(tree.student, chosen).tolist()] if len(rows) else [],
    }
    return Disagreement(rows, float(same.mean()), pd.DataFrame(columns))


def _reasons(lesson: Lesson, table: FeatureTable, classes: NDArray[np.int64], show: Name) -> list[str]:
    """Return the largest contributions to the predicted class of each sentence, in words."""
    reasons = [""] * len(classes)
    names = [feature.name(show) for feature in table.features]
    for class_index in np.unique(classes):
        rows = np.flatnonzero(classes == class_index)
        values = lesson.student.contributions(table.select(rows), int(class_index))
        top = np.stack([np.argsort(-np.abs(own), kind="stable")[:_REASONS] for own in values])
        largest = np.take_along_axis(values, top, axis=1)
        for row, features, own in zip(rows.tolist(), top.tolist(), largest.tolist(), strict=True):
            pairs = zip(features, own, strict=True)
            reasons[row] = ", ".join(f"{names[i]} {value:+.2f}" for i, value in pairs if value)
    return reasons


def surrogate_evidence(
    lessons: Study,
    students: tuple[StudentEvidence, ...],
    rules: tuple[RuleEvidence, ...],
    coefficients: pd.DataFrame,
    differing: Disagreement,
) -> SurrogateEvidence:
    """Put together what a diagnosis needs."""
    columns = (coefficients[name] for name in ("feature", "kind", "beta", "class"))
    rows = zip(*columns, strict=True)
    return SurrogateEvidence(
        n_rows=lessons["readable", "tree"].train.values.shape[0],
        students=students,
        coefficients=tuple(CoefficientEvidence(*row) for row in rows),
        rules=rules,
        disagreeing_rows=tuple(differing.rows.tolist()),
        disagreeing_ids=tuple(differing.table["id"]),
    )


def rules_in_words(
    lessons: Study, train: Taught, validation: Taught, class_names: Sequence[str], show: Name
) -> tuple[RuleEvidence, ...]:
    """Return the readable tree's rules, held against the sentences that it learned from and others."""
    lesson = lessons["readable", "tree"]
    learned = Judged(lesson.train, train.labels, train.logits.argmax(axis=1))
    unseen = Judged(lesson.validation, validation.labels, validation.logits.argmax(axis=1))
    return rule_evidence(lesson.student, learned, unseen, class_names, show)
