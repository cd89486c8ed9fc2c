"""What the fitted surrogates say: evidence for those who act on it, and tables for those who read it."""

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
    FidelityEvidence,
    RuleEvidence,
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
from whytrain.surrogates.fitting import KINDS, Answered, FittedSurrogate, FittedSurrogates
from whytrain.surrogates.rules import Judged, cells_of, rule_evidence, rule_text, rules_of
from whytrain.surrogates.surrogates import dense_values

Array = NDArray[np.float64]
_REASONS = 3  # contributions that stand beside a sentence


def fidelity_evidence(fits: FittedSurrogates, validation: Answered) -> tuple[FidelityEvidence, ...]:
    """Judge every surrogate on validation sentences, with intervals."""
    network, found = validation.probabilities, []
    for (features, kind), fit in fits.items():
        seen = fidelity(fit.predicted, network, validation.labels)
        found.append(
            FidelityEvidence(
                kind=kind,
                features=features,
                agreement=seen.agreement,
                over_gold=agreement_over(fit.predicted, fit.gold_predicted, network),
                kl_below_gold=divergence_below(fit.predicted, fit.gold_predicted, network),
                majority=majority_agreement(network),
                kl=seen.kl,
                r_squared=seen.r_squared,
                agreement_on_errors=seen.agreement_on_errors,
                accuracy=seen.accuracy,
                kl_below_tree=_below_tree(fits, network) if kind == "soft_tree" else None,
            )
        )
    return tuple(found)


def _below_tree(fits: FittedSurrogates, network: Array) -> Interval:
    """Return how much closer the soft tree comes to the network than the tree, see `FidelityEvidence`."""
    soft, tree = fits["readable", "soft_tree"], fits["readable", "tree"]
    return divergence_below(soft.predicted, tree.predicted, network)


def fidelity_table(
    fits: FittedSurrogates, surrogates: Sequence[FidelityEvidence], validation: Answered
) -> pd.DataFrame:
    """One row per surrogate and one per gold one: features, strength, fidelity with intervals, floors."""
    network, rows = validation.probabilities, []
    for fit, evidence in zip(fits.values(), surrogates, strict=True):
        for surrogate, predicted, taught_by in (
            (fit.surrogate, fit.predicted, "teacher"),
            (fit.gold, fit.gold_predicted, "gold labels"),
        ):
            seen = fidelity(predicted, network, validation.labels)
            row: dict[str, Any] = {
                "student": surrogate.kind,
                "features": evidence.features,
                "taught_by": taught_by,
                "n_features": len(fit.train.features),
                "strength": float(surrogate.strength),
                **_columns("agreement", seen.agreement),
                **_columns("kl", seen.kl),
                "r_squared": seen.r_squared,
                **_columns("agreement_on_errors", seen.agreement_on_errors),
                **_columns("accuracy", seen.accuracy),
                "majority": evidence.majority,
                **_columns("over_gold", evidence.over_gold if taught_by == "teacher" else None),
                **_columns("kl_below_gold", evidence.kl_below_gold if taught_by == "teacher" else None),
                **_columns("kl_below_tree", evidence.kl_below_tree if taught_by == "teacher" else None),
            }
            rows.append(row)
    return pd.DataFrame(rows)


def _columns(name: str, interval: Interval | None) -> dict[str, float]:
    if interval is None:
        return dict.fromkeys((name, f"{name}_low", f"{name}_high"), float("nan"))
    return {name: interval.estimate, f"{name}_low": interval.low, f"{name}_high": interval.high}


def coefficient_table(fits: FittedSurrogates, class_names: Sequence[str], show: Name) -> pd.DataFrame:
    """One row per class and feature of the logistic surrogates, by |β|; words are shown as `show` says.

    Columns `features` (readable or dense), `kind`, `feature`, `class`, `beta` (log-odds by presence, or by
    one standard deviation), `contribution` (mean |X·β| over validation sentences, log-odds) and `sentences`
    (training sentences in which a word or pair is present; 0 for others).
    """
    frames = []
    for (name, kind), fit in fits.items():
        if kind != "logistic":
            continue
        kept, beta = betas_in_words(fit)
        features = [fit.train.features[i] for i in kept]
        explained = [len(class_names) - 1] if len(beta) == 1 else range(len(class_names))
        present = np.array([feature.is_presence for feature in features])
        counts = np.where(present, np.asarray(fit.train.values.sum(axis=0)).ravel()[kept], 0)
        for row, class_index in enumerate(explained):
            columns = {
                "features": name,
                "kind": [feature.kind for feature in features],
                "feature": [feature.name(show) for feature in features],
                "class": class_names[class_index],
                "beta": beta[row],
                "contribution": np.abs(contributions(fit, fit.validation, class_index)).mean(axis=0),
                "sentences": counts.astype(np.int64),
            }
            frames.append(pd.DataFrame(columns))
    table = pd.concat(frames, ignore_index=True)
    return table.sort_values("beta", key=np.abs, ascending=False, kind="stable", ignore_index=True)


def betas_in_words(fit: FittedSurrogate) -> tuple[NDArray[np.int64], Array]:
    """Return the features that are no scores, and the β that say the same without these.

    A score is a weighted sum of words, so that its β adds to theirs: Σ β_w x_w + β_s Σ (φ_w / scale) x_w.

    Returns:
        int64 (n_kept,), columns, and float64 (n_rows, n_kept), rows as in `Surrogate.coefficients`.
    """
    features, beta = fit.train.features, fit.surrogate.coefficients.copy()
    place = {feature.words[0]: i for i, feature in enumerate(features) if feature.kind == "word"}
    for i, feature in enumerate(features):
        if feature.kind == "score":
            words = [place[word] for word in feature.words]
            beta[:, words] += np.outer(beta[:, i] / fit.surrogate.scale[i], feature.weights)
    kept = np.flatnonzero([feature.kind != "score" for feature in features])
    return kept, beta[:, kept]


def contributions(fit: FittedSurrogate, table: FeatureTable, class_index: int) -> Array:
    """Return X·β of the features of `betas_in_words`, float64 (n, n_kept): what each adds to the log-odds.

    Of two classes it is the second one's whatever `class_index`, with the other sign for the first.
    """
    kept, beta = betas_in_words(fit)
    own = beta[class_index] if len(beta) > 1 else beta[0] * (1 if class_index == 1 else -1)
    return np.asarray(dense_values(fit.surrogate.inputs(table))[:, kept] * own)


def rule_table(rules: Sequence[RuleEvidence]) -> pd.DataFrame:
    """One row per rule, numbered from 1 by support, with precisions as shares (NaN of no sentences)."""
    table = pd.DataFrame([vars(rule) for rule in rules])
    for split in ("train", "validation"):
        for judge in ("right", "teacher"):
            table[f"precision_{judge}_{split}"] = table[f"{judge}_{split}"] / table[f"n_{split}"]
    table.insert(0, "rule", range(1, len(table) + 1))
    return table


@dataclass(frozen=True, eq=False, kw_only=True)
class Disagreement:
    """Where the two readable surrogates predict different classes.

    Attributes:
        rows: int64 (n_rows,), of the split.
        share: of the split's sentences on which they agree.
        table: one row per sentence: `id`, `text`, `label`, `logistic`, `tree`, `contributions` (the logistic
            surrogate's largest) and `rule` (the tree's).
    """

    rows: NDArray[np.int64]
    share: float
    table: pd.DataFrame


def disagreement(
    fits: FittedSurrogates, table: FeatureTable, split: Split, class_names: Sequence[str], show: Name
) -> Disagreement:
    """Compare the readable surrogates on all sentences of a split.

    Args:
        fits: the fitted surrogates.
        table: readable features of the split, the columns that the surrogates learned from.
        split: the sentences.
        class_names: all of them.
        show: what stands for a word.
    """
    logistic, tree = (fits["readable", kind] for kind in KINDS)
    predicted = [fit.surrogate.probabilities(table) for fit in (logistic, tree)]
    same = agrees(*predicted)
    rows, names = np.flatnonzero(~same), np.array(class_names, dtype=object)
    chosen, part = table.select(rows), split.select(rows)
    texts = {
        rule.cell: rule_text(rule, table.features, class_names, show) for rule in rules_of(tree.surrogate)
    }
    columns = {
        "id": part.ids,
        "text": part.texts,
        "label": names[part.labels],
        "logistic": names[predicted[0][rows].argmax(axis=1)],
        "tree": names[predicted[1][rows].argmax(axis=1)],
        "contributions": _reasons(logistic, chosen, predicted[0][rows].argmax(axis=1), show),
        "rule": [texts[cell] for cell in cells_of(tree.surrogate, chosen).tolist()] if len(rows) else [],
    }
    return Disagreement(rows=rows, share=float(same.mean()), table=pd.DataFrame(columns))


def _reasons(fit: FittedSurrogate, table: FeatureTable, classes: NDArray[np.int64], show: Name) -> list[str]:
    """Return the largest contributions to the predicted class of each sentence, in words."""
    reasons = [""] * len(classes)
    names = [table.features[i].name(show) for i in betas_in_words(fit)[0]]
    for class_index in np.unique(classes):
        rows = np.flatnonzero(classes == class_index)
        values = contributions(fit, table.select(rows), int(class_index))
        top = np.stack([np.argsort(-np.abs(own), kind="stable")[:_REASONS] for own in values])
        largest = np.take_along_axis(values, top, axis=1)
        for row, features, own in zip(rows.tolist(), top.tolist(), largest.tolist(), strict=True):
            pairs = zip(features, own, strict=True)
            reasons[row] = ", ".join(f"{names[i]} {value:+.2f}" for i, value in pairs if value)
    return reasons


def surrogate_evidence(
    fits: FittedSurrogates,
    surrogates: tuple[FidelityEvidence, ...],
    rules: tuple[RuleEvidence, ...],
    coefficients: pd.DataFrame,
    differing: Disagreement,
) -> SurrogateEvidence:
    """Put together what a diagnosis needs."""
    columns = (coefficients[name] for name in ("feature", "kind", "beta", "class"))
    rows = zip(*columns, strict=True)
    return SurrogateEvidence(
        n_rows=fits["readable", "tree"].train.values.shape[0],
        surrogates=surrogates,
        coefficients=tuple(
            CoefficientEvidence(name=name, kind=kind, beta=beta, class_name=class_name)
            for name, kind, beta, class_name in rows
        ),
        rules=rules,
        disagreeing_rows=tuple(differing.rows.tolist()),
        disagreeing_ids=tuple(differing.table["id"]),
    )


def rules_in_words(
    fits: FittedSurrogates,
    train: Answered,
    validation: Answered,
    class_names: Sequence[str],
    show: Name,
) -> tuple[RuleEvidence, ...]:
    """Return the readable tree's rules, held against the sentences that it learned from and others."""
    fit = fits["readable", "tree"]
    learned = Judged(table=fit.train, labels=train.labels, network=train.logits.argmax(axis=1))
    unseen = Judged(table=fit.validation, labels=validation.labels, network=validation.logits.argmax(axis=1))
    return rule_evidence(fit.surrogate, learned, unseen, class_names, show)
