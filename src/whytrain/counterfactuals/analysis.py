"""What would have to change for another answer, to a text or to sentences of the validation rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

import pandas as pd
from annotated_types import Ge

from whytrain.analyses.analysis import Analysis, AnalysisResult, Need, Progress
from whytrain.analyses.charts import Lines
from whytrain.analyses.chosen_texts import ChosenTexts, chosen_texts
from whytrain.analyses.subject import Subject
from whytrain.counted import counted
from whytrain.counterfactuals.contrast import changes_in_words, contrast_rows
from whytrain.counterfactuals.turned import Turned, Turner, median_words
from whytrain.data.lexicon import NoLexicon, lexicon_of
from whytrain.presentation.wording import listed, percent
from whytrain.shortcuts.features import Text
from whytrain.statistics.intervals import Interval, wilson_interval

_NO_WORDNET = (
    "WordNet, which knows opposites and parts of speech of English words, took no part: it is not on this "
    "machine, or the texts are not English. Replacements are then less grammatical."
)
_REVIEW = (
    "Whether a changed text still means the same only a person can say: in the table “pairs” the column "
    "label is empty; read the texts, fill it in, and train with these rows, too."
)


class CounterfactualsAnalysis(Analysis):
    """The fewest words that turn an answer when they go, and when they become others."""

    name = "counterfactuals"
    title = "What would have to change for another answer?"
    needs: tuple[Need, ...] = ("one_class",)
    shown_by_default = True

    def __init__(
        self,
        *,
        sentences: Annotated[int, Ge(1)],
        longest: Annotated[int, Ge(1)],
        most: Annotated[int, Ge(1)],
        candidates: Annotated[int, Ge(1)],
        budget: Annotated[int, Ge(0)],
    ) -> None:
        """Store the settings.

        Args:
            sentences: of the validation rows.
            longest: words of a sentence that is drawn.
            most: words that are replaced at most.
            candidates: words that are tried in the place of one, of each kind.
            budget: sets of changes of a size up to which all are tried.
        """
        self._sentences, self._longest = sentences, longest
        self._most, self._candidates, self._budget = most, candidates, budget

    def analyze(self, subject: Subject, progress: Progress) -> AnalysisResult:
        """Turn one answer after the other."""
        chosen = chosen_texts(subject, self._sentences, self._longest)
        lexicon = lexicon_of(subject.train.texts)
        turner = Turner(
            subject.saved,
            subject.train.texts,
            lexicon,
            candidates=self._candidates,
            most=self._most,
            budget=self._budget,
        )
        found = [turner(text) for text in progress(chosen.texts, "looking for other answers")]
        return AnalysisResult(
            verdict=_of_text(found[0], subject) if chosen.is_given else _of_all(found, self._most, subject),
            how_to_read=(
                "A word is replaced by WordNet's opposites and synonyms, by words that the training texts "
                "have beside the same neighbors, and by words that are near for the model. The fewest words "
                "come first, then what is most usual in the training texts (fluency: log-probability gained "
                "by the change, in nats)."
            ),
            remarks=tuple(_remarks(found, isinstance(lexicon, NoLexicon))),
            tables={"pairs": _pairs(found, chosen, subject), "deletions": _deletions(found)},
            text_columns=("text", "original", "changed", "left_out", "left"),
            charts=() if chosen.is_given else (_chart(found, self._most, subject.level),),
            metrics={
                "turned_by_replacing": _share(found, "n_replaced"),
                "turned_by_leaving_out": _share(found, "n_deleted"),
                "median_replaced": median_words([turned.n_replaced for turned in found]),
                "median_left_out": median_words([turned.n_deleted for turned in found]),
            },
        )


def _share(found: Sequence[Turned], number: str) -> float:
    return sum(getattr(turned, number) is not None for turned in found) / len(found)


def _of_text(turned: Turned, subject: Subject) -> str:
    """Say for one text what turns its answer."""
    names, words = subject.class_names, Text(turned.text).shown
    told = [f"The answer is {names[turned.said]}."]
    if turned.deletions.sets:
        left_out = listed([f"“{words[place]}”" for place in turned.deletions.sets[0]])
        least = "no fewer words are enough" if turned.deletions.is_least else "fewer may be enough"
        told.append(f"Without {left_out} it is another one ({least}).")
    else:
        told.append("No words were found without which it is another one.")
    if turned.substitutions.found:
        best = turned.substitutions.found[0]
        told.append(f"With {changes_in_words(turned.text, best.changes)} it is {names[best.label]}.")
    else:
        told.append("No replacement of words turned it.")
    return " ".join(told)


def _of_all(found: Sequence[Turned], most: int, subject: Subject) -> str:
    """Say of many sentences how many are turned, and by how many words."""
    replaced = [turned.n_replaced for turned in found]
    deleted = [turned.n_deleted for turned in found]
    return (
        f"Replacing at most {counted(most, 'word')} turns {_within(replaced, subject.level)} of "
        f"{counted(len(found), 'sentence')}, {_median(replaced)}; leaving words out turns "
        f"{_within(deleted, subject.level)}, {_median(deleted)}."
    )


def _within(numbers: Sequence[int | None], level: float) -> str:
    value = _turned_by(numbers, None, level)
    return f"{percent(value.estimate)} ({percent(value.low)} to {percent(value.high)})"


def _median(numbers: Sequence[int | None]) -> str:
    median = median_words(numbers)
    return "none of them" if math.isnan(median) else f"half of those with {median:g} or fewer"


def _turned_by(numbers: Sequence[int | None], k: int | None, level: float) -> Interval:
    """Return the share that is turned by at most k words; None: by any number."""
    turned = sum(number is not None and (k is None or number <= k) for number in numbers)
    return wilson_interval(turned, len(numbers), level)


def _remarks(found: Sequence[Turned], is_without_lexicon: bool) -> list[str]:
    remarks = [_REVIEW]
    if unproven := sum(bool(t.deletions.sets) and not t.deletions.is_least for t in found):
        remarks.append(f"Of {unproven} deletions fewer words may be enough: not all were tried.")
    if unproven := sum(bool(t.substitutions.found) and not t.substitutions.is_least for t in found):
        remarks.append(f"Of {unproven} replacements fewer words may be enough: not all were tried.")
    return [*remarks, _NO_WORDNET] if is_without_lexicon else remarks


def _pairs(found: Sequence[Turned], chosen: ChosenTexts, subject: Subject) -> pd.DataFrame:
    """Return the best replacement of each text, and further ones where there is one text only."""
    shown = None if chosen.is_given else 1
    rows = [
        (turned, "" if chosen.is_given else subject.class_names[label], each)
        for turned, label in zip(found, chosen.labels, strict=True)
        for each in turned.substitutions.found[:shown]
    ]
    return contrast_rows(
        [(turned.text, label) for turned, label, _ in rows],
        [each for _, _, each in rows],
        [turned.said for turned, _, _ in rows],
        subject.class_names,
    )


def _deletions(found: Sequence[Turned]) -> pd.DataFrame:
    rows = [
        {
            "text": turned.text,
            "left_out": ", ".join(Text(turned.text).shown[place] for place in turned.deletions.sets[0]),
            "words": turned.n_deleted,
            "is_least": turned.deletions.is_least,
            "left": turned.left,
        }
        for turned in found
        if turned.deletions.sets
    ]
    return pd.DataFrame(rows, columns=["text", "left_out", "words", "is_least", "left"])


def _chart(found: Sequence[Turned], most: int, level: float) -> Lines:
    numbers = {
        "words replaced": [turned.n_replaced for turned in found],
        "words left out": [turned.n_deleted for turned in found],
    }
    ks = range(1, most + 1)
    return Lines(
        name="words_to_change",
        title="How many words decide",
        subtitle=f"{len(found)} validation sentences; bands: {level:.0%} intervals",
        ticks=tuple(map(str, ks)),
        series={name: tuple(_turned_by(values, k, level) for k in ks) for name, values in numbers.items()},
        x="words changed, at most",
        y="share of answers that turn",
    )
