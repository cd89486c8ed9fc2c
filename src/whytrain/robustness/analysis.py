"""Whether answers hold under small changes, of a text or of sentences of the validation rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
import pandas as pd
from annotated_types import Ge
from numpy.typing import NDArray

from whytrain.analyses.analysis import Analysis, AnalysisResult, Need, Progress
from whytrain.analyses.charts import Bars, Chart, Lines
from whytrain.analyses.chosen_texts import ChosenTexts, chosen_texts
from whytrain.analyses.subject import Subject
from whytrain.counted import counted
from whytrain.data.lexicon import Lexicon, NoLexicon, are_english, lexicon_of
from whytrain.data.words import bare_word
from whytrain.presentation.wording import listed, percent
from whytrain.robustness.attacks import HOLDS, Attacked, attack
from whytrain.robustness.certificates import certified
from whytrain.robustness.clauses import ENGLISH, with_clauses
from whytrain.robustness.reduction import Reduced, reduce_texts
from whytrain.robustness.typing_errors import drawn_typos, mistyped
from whytrain.statistics.intervals import Interval, wilson_interval

TYPOS, SYNONYMS = "typing errors", "synonyms"  # in the words that matter most
DRAWN = "typing errors in words drawn"
LEFT_OUT = "any words left out"

Curve = tuple[Interval | None, ...]  # share of right answers after at most 0, 1, … changed words


class RobustnessAnalysis(Analysis):
    """Accuracy under typing errors, synonyms, deletions and clauses that say nothing."""

    name = "robustness"
    title = "Do its answers hold under small changes?"
    needs: tuple[Need, ...] = ("one_class",)
    shown_by_default = True

    def __init__(
        self,
        *,
        sentences: Annotated[int, Ge(1)],
        longest: Annotated[int, Ge(1)],
        most: Annotated[int, Ge(1)],
        left_out: Annotated[int, Ge(1)],
        budget: Annotated[int, Ge(1)],
    ) -> None:
        """Store the settings.

        Args:
            sentences: of the validation rows.
            longest: words of a sentence that is drawn.
            most: words of a sentence that are changed at most.
            left_out: words of which all sets are left out.
            budget: such sets of a sentence, at most.
        """
        self._sentences, self._longest, self._most = sentences, longest, most
        self._left_out, self._budget = left_out, budget

    def analyze(self, subject: Subject, progress: Progress) -> AnalysisResult:
        """Change the texts in each of the ways."""
        chosen = chosen_texts(subject, self._sentences, self._longest)
        lexicon, ways = lexicon_of(subject.train.texts), [TYPOS, SYNONYMS, DRAWN, LEFT_OUT, "clauses", "less"]
        if isinstance(lexicon, NoLexicon):
            ways.remove(SYNONYMS)
        if not are_english(subject.train.texts):
            ways.remove("clauses")
        attacked: dict[str, Attacked] = {}
        curves: dict[str, Curve] = {}
        clauses: dict[str, Interval] = {}
        reduced: list[Reduced] = []
        for way in progress(ways, "changing texts"):
            if way in (TYPOS, SYNONYMS):
                attacked[way] = self._attack(way, chosen, subject, lexicon)
                curves[way] = tuple(
                    _share(attacked[way].right(k), subject.level) for k in range(self._most + 1)
                )
            elif way == DRAWN:
                curves[way] = self._drawn(chosen, subject)
            elif way == LEFT_OUT:
                curves[way] = self._certified(chosen, subject)
            elif way == "clauses":
                clauses = _beside_clauses(chosen, subject)
            else:
                reduced = reduce_texts(subject.saved.probabilities, chosen.texts)
        return _result(chosen, subject, attacked, curves, clauses, reduced)

    def _attack(self, way: str, chosen: ChosenTexts, subject: Subject, lexicon: Lexicon) -> Attacked:
        generator = np.random.default_rng([subject.seed, 1])

        def variants(word: str) -> Sequence[str]:
            return drawn_typos(word, generator) if way == TYPOS else lexicon.synonyms(bare_word(word))

        predict = subject.saved.probabilities
        return attack(predict, chosen.texts, chosen.labels.tolist(), variants, most=self._most)

    def _drawn(self, chosen: ChosenTexts, subject: Subject) -> Curve:
        curve = []
        for k in range(self._most + 1):
            generator = np.random.default_rng([subject.seed, 2])
            texts = [mistyped(text, k, generator) for text in chosen.texts]
            said = subject.saved.probabilities(texts).argmax(axis=1)
            curve.append(_share(said == chosen.labels, subject.level))
        return tuple(curve)

    def _certified(self, chosen: ChosenTexts, subject: Subject) -> Curve:
        holds = certified(
            subject.saved.probabilities,
            chosen.texts,
            chosen.labels.tolist(),
            most=self._left_out,
            budget=self._budget,
        )
        holds = holds[~np.isnan(holds).any(axis=1)]  # the same texts for every number of words
        known = [_share(column > 0, subject.level) if len(holds) else None for column in holds.T]
        return (*known, *[None] * self._most)[: self._most + 1]


def _share(right: NDArray[np.bool_], level: float) -> Interval:
    return wilson_interval(int(right.sum()), len(right), level)


def _beside_clauses(chosen: ChosenTexts, subject: Subject) -> dict[str, Interval]:
    """Return for each clause which share of the answers stays what it is beside it."""
    before = subject.saved.probabilities(chosen.texts).argmax(axis=1)
    found = {}
    for clause in ENGLISH:
        texts = [text for each in chosen.texts for text in with_clauses(each, [clause])]
        after = subject.saved.probabilities(texts).argmax(axis=1)
        found[clause.replace("{text}", "…")] = _share(before == after, subject.level)
    return found


def _result(
    chosen: ChosenTexts,
    subject: Subject,
    attacked: Mapping[str, Attacked],
    curves: Mapping[str, Curve],
    clauses: Mapping[str, Interval],
    reduced: Sequence[Reduced],
) -> AnalysisResult:
    changed = pd.DataFrame([row for way, found in attacked.items() for row in _changed(way, found)])
    shares = pd.DataFrame(
        [
            {"change": way, "words": k, "right": value.estimate, "low": value.low, "high": value.high}
            for way, curve in curves.items()
            for k, value in enumerate(curve)
            if value is not None
        ]
    )
    told = _of_text(attacked, reduced[0]) if chosen.is_given else _of_all(curves, len(chosen.texts))
    return AnalysisResult(
        verdict=told,
        how_to_read=(
            "In the words without which the right answer loses most, one after the other, one letter is "
            "swapped, dropped, mistyped or inserted (or the word becomes a WordNet synonym), in the way that "
            "costs the answer most. The first and last letter stay: people read such a text with ease. Any "
            "words left out: all sets of so many words were tried, so what holds there holds for certain. "
            "Clauses: the share of answers that stay as they are beside them."
        ),
        remarks=tuple(_remarks(attacked, clauses, reduced, chosen)),
        tables={
            "accuracy": shares,
            "changed": changed,
            "left": pd.DataFrame([vars(each) for each in reduced]),
            "clauses": pd.DataFrame([{"clause": name, **vars(value)} for name, value in clauses.items()]),
        },
        text_columns=("text", "changed", "changes", "left"),
        charts=() if chosen.is_given else tuple(_charts(curves, clauses, len(chosen.texts), subject.level)),
        metrics={
            f"{name}_{k}": value.estimate
            for way, name in _METRICS.items()
            for k, value in enumerate(curves.get(way, ()))
            if value is not None
        },
    )


_METRICS = {TYPOS: "typos", SYNONYMS: "synonyms", DRAWN: "typos_drawn", LEFT_OUT: "certified"}


def _changed(way: str, found: Attacked) -> list[dict[str, object]]:
    """Return what became of each text whose answer was right at first."""
    rows = zip(found.texts, found.changed, found.words.tolist(), found.changes, strict=True)
    return [
        {
            "change": way,
            "text": text,
            "changed": changed,
            "holds": words == HOLDS,
            "words": len(changes),
            "changes": ", ".join(f"{old} → {new}" for old, new in changes),
        }
        for text, changed, words, changes in rows
        if words != 0
    ]


def _of_text(attacked: Mapping[str, Attacked], reduced: Reduced) -> str:
    told = []
    for way, found in attacked.items():
        changes = listed([f"{old} → {new}" for old, new in found.changes[0]]) or "any"
        holds = found.words[0] == HOLDS
        told.append(f"{way.capitalize()}: {'it holds' if holds else 'the answer turns'} with {changes}.")
    words = counted(reduced.n_left, "word")
    return f"{' '.join(told)} The answer stays with {words} alone: “{reduced.left}”."


def _of_all(curves: Mapping[str, Curve], n: int) -> str:
    typos, drawn = curves[TYPOS], curves[DRAWN]
    most = len(typos) - 1
    told = [
        f"Of {counted(n, 'answer')} {_in_words(typos[0])} are right; with one letter wrong in at most "
        f"{counted(most, 'word')}, those that matter most, {_in_words(typos[-1])}; in as many words drawn, "
        f"{_in_words(drawn[-1])}."
    ]
    if SYNONYMS in curves:
        told.append(f"With synonyms of at most {counted(most, 'word')} {_in_words(curves[SYNONYMS][-1])}.")
    if certain := [(k, value) for k, value in enumerate(curves[LEFT_OUT]) if value is not None and k]:
        k, value = certain[-1]
        told.append(f"{_in_words(value)} are right whichever {counted(k, 'word')} are left out.")
    return " ".join(told)


def _in_words(value: Interval | None) -> str:
    assert value is not None
    return f"{percent(value.estimate)} ({percent(value.low)} to {percent(value.high)})"


def _remarks(
    attacked: Mapping[str, Attacked],
    clauses: Mapping[str, Interval],
    reduced: Sequence[Reduced],
    chosen: ChosenTexts,
) -> list[str]:
    remarks = []
    if not chosen.is_given:
        left, all_words = (np.mean([getattr(r, name) for r in reduced]) for name in ("n_left", "n_words"))
        sure = [np.mean([getattr(r, name) for r in reduced]) for name in ("probability", "probability_left")]
        remarks.append(
            f"Of {all_words:.0f} words {left:.1f} are enough on average for the same answer, then with "
            f"a probability of {sure[1]:.2f} instead of {sure[0]:.2f}: the table “left” shows which; "
            "whether they are a reason, only a person can say."
        )
        if clauses:
            worst = min(clauses, key=lambda clause: clauses[clause].estimate)
            remarks.append(f"Beside “{worst}” {_in_words(clauses[worst])} of the answers stay.")
        remarks.append("Training with guidance.typos=0.3 makes it harder to mislead.")
    if SYNONYMS not in attacked:
        remarks.append("Without synonyms: WordNet is not on this machine, or the texts are not English.")
    return remarks


def _charts(
    curves: Mapping[str, Curve], clauses: Mapping[str, Interval], n: int, level: float
) -> list[Chart]:
    charts: list[Chart] = [
        Lines(
            name="words_changed",
            title="What small changes do to right answers",
            subtitle=f"{n} validation sentences; bands: {level:.0%} intervals",
            ticks=tuple(map(str, range(len(curves[TYPOS])))),
            series=curves,
            x="words changed, at most",
            y="share of right answers",
        )
    ]
    if clauses:
        charts.append(
            Bars(
                name="clauses",
                title="Answers beside clauses that say nothing",
                subtitle=f"share of {n} answers that stay what they are; {level:.0%} intervals",
                labels=tuple(clauses),
                series={"stays": tuple(clauses.values())},
                x="share of answers that stay",
                reference=1.0,
            )
        )
    return charts
