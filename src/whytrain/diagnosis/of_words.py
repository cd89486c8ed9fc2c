"""Detectors over explained sentences: how few words, which pairs and which places a prediction rests on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from whytrain.diagnosis.evidence import RunEvidence
from whytrain.diagnosis.finding import (
    PAIR,
    Evidence,
    Example,
    Measurement,
    NotExamined,
    mean_measurement,
)
from whytrain.explanation.evidence import ProbeEvidence, ShapleyEvidence
from whytrain.statistics.intervals import Interval

SHOWN_SENTENCES, SHOWN_TOKENS = 3, 12
FEWEST_SENTENCES = 10  # below, an interval over explained sentences means little
FEWEST_PAIRS = 3  # a pair seen in fewer sentences is not "frequent together"
_NORMAL_95 = 1.959964  # two-sided 95% quantile of the normal distribution

NOT_EXPLAINED = NotExamined("no training sentence was explained; the callback shapley explains some")


def few_token_dependence(run: RunEvidence) -> Measurement | NotExamined:
    """Share of Σ|φ| in a sentence's two most important words, averaged over explained sentences."""
    return _over_probes(run, lambda probe: probe.top2_share)


def few_token_dependence_removed(run: RunEvidence) -> Measurement | NotExamined:
    """`few_token_dependence` where an absent word is removed instead of replaced."""
    return _over_probes(run, lambda probe: probe.top2_share, "removed")


def accuracy_on_two_words(run: RunEvidence) -> Measurement | NotExamined:
    """Accuracy on the explained sentences minus accuracy without the two most important words of each."""

    def lost(probe: ProbeEvidence) -> float:
        return float(probe.prediction == probe.label) - float(probe.prediction_without_top_two == probe.label)

    return _over_probes(run, lost)


def neglected_ends(run: RunEvidence) -> Measurement | NotExamined:
    """Share of Σ|φ| in the last third of a sentence."""
    return _over_probes(run, lambda probe: float(probe.part_shares[-1]))


def shortcut_pairs(run: RunEvidence) -> Measurement | NotExamined:
    """Largest |mean interaction| of two words that stand together in at least 3 of the ranked sentences.

    The interval takes the sentences with the pair as independent: ± 1.96 standard errors, and it is that of
    one pair chosen as the largest lower end, so it errs on the narrow side.
    """
    if run.shapley is None or run.shapley.pairs is None:
        return NOT_EXPLAINED
    pairs = run.shapley.pairs
    frequent = pairs[(pairs["count"] >= FEWEST_PAIRS) & pairs["standard_error"].notna()]
    if not len(frequent):
        return NotExamined(
            f"no two words stand together in {FEWEST_PAIRS} ranked sentences; raise "
            "callbacks.shapley.vocabulary_sentences"
        )
    low = frequent["interaction"].abs() - _NORMAL_95 * frequent["standard_error"]
    ranked = frequent.loc[low.sort_values(ascending=False, kind="stable").index]
    first = ranked.iloc[0]
    size, margin = abs(first["interaction"]), _NORMAL_95 * first["standard_error"]
    tokens = [f"{a}{PAIR}{b}" for a, b in zip(ranked["word_a"], ranked["word_b"], strict=True)]
    return Measurement(
        Interval(float(size), float(size - margin), float(size + margin)),
        "log-odds" if run.shapley.payoff != "probability" else "share",
        Evidence(tokens=tuple(dict.fromkeys(tokens[:SHOWN_TOKENS]))),
    )


def attention_concentration(run: RunEvidence) -> Measurement | NotExamined:
    """1 − H(a) / log n of the attention weights over the tokens of a sentence, averaged over sentences."""
    if run.shapley is None:
        return NOT_EXPLAINED
    if run.shapley.attention is None:
        return NotExamined("the model has no attention; model.pooling=attention has")
    values = run.shapley.attention
    if values.size < FEWEST_SENTENCES:
        return NotExamined(f"attention was looked at in fewer than {FEWEST_SENTENCES} sentences")
    return mean_measurement({str(i): float(value) for i, value in enumerate(values)}, "share")


def _over_probes(
    run: RunEvidence, reading: Callable[[ProbeEvidence], float], absence: str | None = None
) -> Measurement | NotExamined:
    """Average a reading of the probes of one absence, the first one of the run unless it is named."""
    if run.shapley is None or not run.shapley.probes:
        return NOT_EXPLAINED
    chosen = absence or run.shapley.probes[0].absence
    probes = [probe for probe in run.shapley.probes if probe.absence == chosen]
    readings = {probe.sentence_id: reading(probe) for probe in probes}
    rows = {key: value for key, value in readings.items() if np.isfinite(value)}
    if len(rows) < FEWEST_SENTENCES:
        return NotExamined(
            f"{len(rows)} training sentences were explained with absent words {chosen}, "
            f"{FEWEST_SENTENCES} are needed; raise callbacks.shapley.budget"
        )
    telling = sorted((p for p in probes if p.sentence_id in rows), key=lambda p: -rows[p.sentence_id])
    return mean_measurement(rows, "share", _evidence(run.shapley, telling, run.corpus.class_names))


def _evidence(
    shapley: ShapleyEvidence, telling: Sequence[ProbeEvidence], class_names: Sequence[str]
) -> Evidence:
    examples = tuple(
        Example(
            probe.sentence_id,
            probe.words,
            f"{probe.top2_share:.0%} in two words; gold {class_names[probe.label]}, "
            f"predicted {class_names[probe.prediction]}",
            tuple(probe.values.tolist()),
            shapley.payoff,
            class_names[probe.label],
        )
        for probe in telling[:SHOWN_SENTENCES]
    )
    if shapley.vocabulary is None:
        return Evidence(examples)
    words = dict.fromkeys(shapley.vocabulary["word"].head(SHOWN_TOKENS))
    return Evidence(examples, tuple(str(word) for word in words))
