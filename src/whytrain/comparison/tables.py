"""A comparison as tables, for those who calculate on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from whytrain.comparison.comparison import SideBySide
from whytrain.comparison.slices import SliceChange
from whytrain.statistics.intervals import Interval

TEXT_COLUMNS = {"disagreements": ("text",), "words": ("word",), "interactions": ("first_word", "second_word")}


def comparison_tables(result: SideBySide) -> dict[str, pd.DataFrame]:
    """Return all tables by name; those without rows are left out."""
    tables = {
        "config": result.config,
        "origin": result.origin,
        "metrics": _metrics(result),
        "differences": _differences(result),
        "pairs": pd.DataFrame(result.ranking.pairs if result.ranking is not None else []),
        "calibration": result.measures.calibration,
        "slices": _changes(result.slices),
        "outside": _changes(result.outside),
        "disagreements": _disagreements(result),
        "words": _words(result),
        "interactions": _interactions(result),
        "findings": _findings(result),
    }
    return {name: table for name, table in tables.items() if len(table)}


def _metrics(result: SideBySide) -> pd.DataFrame:
    rows = []
    for name, scores in result.measures.scores.items():
        for metric, value in scores.items():
            known = isinstance(value, Interval)
            rows.append(
                {
                    "run": name,
                    "metric": metric,
                    "value": value.estimate if isinstance(value, Interval) else value,
                    "low": value.low if isinstance(value, Interval) else None,
                    "high": value.high if isinstance(value, Interval) else None,
                    "interval_over": ("seeds" if _n_seeds(result, name) > 1 else "sentences")
                    if known
                    else "",
                }
            )
    return pd.DataFrame(rows)


def _n_seeds(result: SideBySide, name: str) -> int:
    return next(len(recipe.runs) for recipe in result.recipes if recipe.name == name)


def _differences(result: SideBySide) -> pd.DataFrame:
    rows = []
    for name, found in result.measures.against_baseline.items():
        for compared in found.metrics:
            measured, difference = compared.measured, compared.measured.difference
            rows.append(
                {
                    "run": name,
                    "baseline": result.baseline.name,
                    "metric": measured.metric.name,
                    "baseline_value": measured.value_a,
                    "value": measured.value_b,
                    "difference": difference.estimate,
                    "low": difference.low,
                    "high": difference.high,
                    "level": difference.level,
                    "p_value": measured.p_value,
                    "adjusted_p_value": compared.adjusted_p_value,
                    "effect_size": compared.effect_size,
                    "sentences_needed": compared.sentences_needed,
                    "seeds_needed": compared.seeds_needed,
                    "in_words": compared.sentence,
                }
            )
    frame = pd.DataFrame(rows)
    return frame.astype({"sentences_needed": "Int64", "seeds_needed": "Int64"})


def _changes(changes: Sequence[SliceChange]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "run": change.recipe,
            "column": change.column,
            "group": change.group,
            "sentences": change.n_rows,
            "accuracy_before": change.before,
            "accuracy_after": change.after,
            "difference": change.difference.estimate,
            "low": change.difference.low,
            "high": change.difference.high,
            "p_value": change.p_value,
            "adjusted_p_value": change.adjusted_p_value,
        }
        for change in changes
    )


def _disagreements(result: SideBySide) -> pd.DataFrame:
    frames = []
    for pair in result.pairs:
        table = pair.judgements
        table = table[table["right_before"] != table["right_after"]].drop(columns="row")
        frames.append(table.assign(run=pair.recipe.name, baseline=result.baseline.name))
    return pd.concat(frames, ignore_index=True)


def _words(result: SideBySide) -> pd.DataFrame:
    frames = []
    for pair in result.pairs:
        for sentence in pair.explained:
            for e, f in zip(sentence.before.explanations, sentence.after.explanations, strict=True):
                before, after = e.attribution, f.attribution
                columns: dict[str, object] = {
                    "run": pair.recipe.name,
                    "baseline": result.baseline.name,
                    "id": result.sentences.ids[sentence.row],
                    "class": sentence.class_name,
                    "method": before.method,
                    "variant": before.variant,
                    "position": range(1, len(before.words) + 1),
                    "word": list(before.words),
                    "score_before": before.scores,
                    "score_after": after.scores,
                    "standard_error_before": before.standard_errors,
                    "standard_error_after": after.standard_errors,
                }
                for when, side in (("before", sentence.before), ("after", sentence.after)):
                    if side.attention is not None:
                        columns[f"attention_{when}"] = side.attention.of_words
                frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _interactions(result: SideBySide) -> pd.DataFrame:
    frames = []
    for pair in result.pairs:
        for sentence in pair.explained:
            for e, f in zip(sentence.before.explanations, sentence.after.explanations, strict=True):
                before, after = e.attribution, f.attribution
                if before.pairs is None or after.pairs is None:
                    continue
                first, second = np.triu_indices(len(before.words), 1)
                columns = {
                    "run": pair.recipe.name,
                    "id": result.sentences.ids[sentence.row],
                    "method": before.method,
                    "variant": before.variant,
                    "first": first + 1,
                    "second": second + 1,
                    "first_word": [before.words[i] for i in first],
                    "second_word": [before.words[i] for i in second],
                    "interaction_before": before.pairs.scores[first, second],
                    "interaction_after": after.pairs.scores[first, second],
                }
                frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _findings(result: SideBySide) -> pd.DataFrame:
    rows = []
    for pair in result.pairs:
        for change in pair.findings or ():
            rows.append(
                {
                    "run": pair.recipe.name,
                    "finding": change.name,
                    "status": change.status,
                    "before": change.before,
                    "after": change.after,
                    "severity": change.finding.get("severity"),
                }
            )
    return pd.DataFrame(rows)
