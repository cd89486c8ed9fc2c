"""Detectors over explained sentences: how few words, which pairs and which places a prediction rests on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

from whytrain.attribution.attribution import Quantity
from whytrain.attribution.evidence import AttributionEvidence, SentenceEvidence
from whytrain.diagnosis.evidence import RunEvidence
from whytrain.diagnosis.finding import (
    PAIR,
    Example,
    Measurement,
    NotExamined,
    Support,
    Unit,
    mean_measurement,
)
from whytrain.presentation.wording import quoted
from whytrain.statistics.intervals import Interval

SHOWN_SENTENCES, SHOWN_TOKENS = 3, 12
FEWEST_SENTENCES = 10  # below, an interval over explained sentences means little
FEWEST_PAIRS = 3  # a pair seen in fewer sentences is not "frequent together"

METHOD = "shapley"  # whose scores the thresholds of the rules are meant for
NOT_EXPLAINED = NotExamined(
    f"no training sentence was explained by {METHOD}; callbacks=default explainer=[{METHOD}] explains some"
)


def few_token_dependence(run: RunEvidence) -> Measurement | NotExamined:
    """Share of Σ|φ| in a sentence's two most important words, beyond what may be expected of them.

    Averaged over explained sentences. What may be expected is the larger of two shares: by chance, the two
    largest parts of a stick broken at random into as many parts as the sentence has words; and what a bag of
    words reads in the sentence's two strongest words. Where a word or two name the topic, to lean on them is
    right.
    """
    return _two_words_beyond(run, None)


def few_token_dependence_removed(run: RunEvidence) -> Measurement | NotExamined:
    """`few_token_dependence` where an absent word is removed instead of replaced."""
    return _two_words_beyond(run, "removed")


def _two_words_beyond(run: RunEvidence, variant: str | None) -> Measurement | NotExamined:
    floor = run.train.two_words
    read = {} if floor is None else dict(zip(run.train.ids, floor.tolist(), strict=True))

    def expected(sentence: SentenceEvidence) -> float:
        shares = random_share_of_two(len(sentence.words)), read.get(sentence.sentence_id, np.nan)
        return float(np.nanmax(shares))

    def context(sentences: Sequence[SentenceEvidence]) -> str:
        lengths = [len(sentence.words) for sentence in sentences]
        even, random = np.mean([(2 / n, random_share_of_two(n)) for n in lengths], axis=0)
        share = np.nanmean([sentence.top2_share for sentence in sentences])
        words = [read.get(sentence.sentence_id, np.nan) for sentence in sentences]
        of_floor = "" if np.isnan(words).all() else f", and {np.nanmean(words):.0%} for a plain list of words"
        return (
            f"They hold {share:.0%}; in sentences as short as these ({np.mean(lengths):.1f} words on "
            f"average) two words would hold {even:.0%} if all words mattered the same, {random:.0%} if "
            f"chance alone decided how much each matters{of_floor}."
        )

    return _over_sentences(
        run,
        lambda sentence: sentence.top2_share - expected(sentence),
        lambda sentence: f"{sentence.top2_share:.0%} in two words",
        context=context,
        variant=variant,
    )


def accuracy_on_two_words(run: RunEvidence) -> Measurement | NotExamined:
    """Accuracy on the explained sentences minus accuracy without the two most important words of each."""
    names = run.class_names

    def lost(sentence: SentenceEvidence) -> float:
        is_right, stays_right = (
            predicted == sentence.label
            for predicted in (sentence.prediction, sentence.prediction_without_top_two)
        )
        return float(is_right) - float(stays_right)

    def note(sentence: SentenceEvidence) -> str:
        return f"without its two most important words: {_named(names, sentence.prediction_without_top_two)}"

    return _over_sentences(run, lost, note)


def _named(names: Sequence[str], decision: int) -> str:
    return quoted(names[decision]) if decision >= 0 else "not the label in question"


def neglected_ends(run: RunEvidence) -> Measurement | NotExamined:
    """Share of Σ|φ| in the last third of a sentence."""
    return _over_sentences(
        run,
        lambda sentence: float(sentence.part_shares[-1]),
        lambda sentence: f"{sentence.part_shares[-1]:.0%} in its last third",
        unit="share",
        smallest=True,
    )


def random_share_of_two(n_words: int) -> float:
    """Mean share of the two largest parts of a stick broken at random: (Σ_{i=1}^n 1/i + Σ_{i=2}^n 1/i) / n.

    Args:
        n_words: n ≥ 2, parts.

    References:
        MacArthur (1957), On the relative abundance of bird species.

    >>> random_share_of_two(2), round(random_share_of_two(10), 3)
    (1.0, 0.486)
    """
    harmonic = sum(1 / i for i in range(1, n_words + 1))
    return (2 * harmonic - 1) / n_words


def shortcut_pairs(run: RunEvidence) -> Measurement | NotExamined:
    """Largest |mean interaction| of two words that stand together in at least 3 of the ranked sentences.

    The pair with the largest lower end is shown. Student's t over the sentences that hold the pair, at a
    level at which the intervals of all frequent pairs hold together (Bonferroni): the largest of many would
    otherwise be chance.
    """
    explained = run.attributions(METHOD)
    if explained is None or explained.pairs is None:
        return NOT_EXPLAINED
    pairs = explained.pairs
    frequent = pairs[(pairs["count"] >= FEWEST_PAIRS) & pairs["standard_error"].notna()]
    if not len(frequent):
        return NotExamined(
            f"no two words stand together in {FEWEST_PAIRS} ranked sentences; raise "
            "callbacks.explanations.vocabulary_sentences"
        )
    quantiles = stats.t.ppf(1 - 0.025 / len(frequent), frequent["count"] - 1)
    frequent = frequent.assign(
        size=frequent["interaction"].abs(), margin=quantiles * frequent["standard_error"]
    )
    order = (frequent["size"] - frequent["margin"]).sort_values(ascending=False, kind="stable").index
    ranked = frequent.loc[order]
    size, margin = ranked.iloc[0][["size", "margin"]]
    tokens = [f"{a}{PAIR}{b}" for a, b in zip(ranked["word_a"], ranked["word_b"], strict=True)]
    return Measurement(
        value=Interval(estimate=float(size), low=float(size - margin), high=float(size + margin)),
        unit="share" if explained.quantity.unit == "probability" else "log-odds",
        evidence=Support(tokens=tuple(dict.fromkeys(tokens[:SHOWN_TOKENS]))),
    )


def attention_concentration(run: RunEvidence) -> Measurement | NotExamined:
    """1 − H(a) / log n of the attention weights over the tokens of a sentence, averaged over sentences."""
    if run.explanations is None:
        return NOT_EXPLAINED
    if run.explanations.attention is None:
        return NotExamined("the model has no attention; model.pooling=attention has")
    values = run.explanations.attention
    if values.size < FEWEST_SENTENCES:
        return NotExamined(f"attention was looked at in fewer than {FEWEST_SENTENCES} sentences")
    return mean_measurement({str(i): float(value) for i, value in enumerate(values)}, "share")


def _over_sentences(
    run: RunEvidence,
    reading: Callable[[SentenceEvidence], float],
    note: Callable[[SentenceEvidence], str],
    *,
    context: Callable[[Sequence[SentenceEvidence]], str] | None = None,
    variant: str | None = None,
    unit: Unit = "points",
    smallest: bool = False,
) -> Measurement | NotExamined:
    """Average a reading of the sentences in one variant, the first one of the run unless it is named.

    The examples are the sentences with the largest readings, or the smallest; `context` says what to hold the
    value against.
    """
    explained = run.attributions(METHOD)
    if explained is None or not explained.sentences:
        return NOT_EXPLAINED
    chosen = variant or explained.sentences[0].variant
    sentences = [sentence for sentence in explained.sentences if sentence.variant == chosen]
    if not sentences:
        return NotExamined(f"explainer.{METHOD}.absences has no {chosen}")
    readings = {sentence.sentence_id: reading(sentence) for sentence in sentences}
    rows = {key: value for key, value in readings.items() if np.isfinite(value)}
    if len(rows) < FEWEST_SENTENCES:
        return NotExamined(
            f"{len(rows)} training sentences were explained with absent words {chosen}, "
            f"{FEWEST_SENTENCES} are needed; raise callbacks.explanations.max_words or train_sentences"
        )
    sign = 1 if smallest else -1
    telling = sorted(
        (s for s in sentences if s.sentence_id in rows), key=lambda s: sign * rows[s.sentence_id]
    )
    names, quantity = run.class_names, explained.quantity
    examples = [_example(s, note(s), names, quantity) for s in telling[:SHOWN_SENTENCES]]
    detail = "" if context is None else context(telling)
    return mean_measurement(
        rows, unit, Support(sentences=tuple(examples), tokens=_top_words(explained)), detail
    )


def _example(sentence: SentenceEvidence, note: str, names: Sequence[str], quantity: Quantity) -> Example:
    gold, predicted = (_named(names, k) for k in (sentence.label, sentence.prediction))
    return Example(
        sentence_id=sentence.sentence_id,
        words=sentence.words,
        note=f"{note}; labeled {gold}, predicted {predicted}",
        values=tuple(sentence.scores.tolist()),
        quantity=quantity,
        class_name=names[sentence.label] if sentence.label >= 0 else gold,
    )


def _top_words(explained: AttributionEvidence) -> tuple[str, ...]:
    if explained.vocabulary is None:
        return ()
    words = dict.fromkeys(explained.vocabulary["word"].head(SHOWN_TOKENS))
    return tuple(str(word) for word in words)
