"""Whether served texts are still like the data that the model learned from, as far as a record can tell."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from whytrain.audit.answers import Reasons, answers_of
from whytrain.audit.verify import read_entries
from whytrain.data.corpus import Corpus
from whytrain.data.words import bare_word, split_words
from whytrain.errors import ConfigError
from whytrain.models.saved import SavedModel
from whytrain.statistics.holm import holm_correction
from whytrain.statistics.intervals import Interval, share_difference

FEWEST = 30  # texts on each side of which means are compared
_MOST_ROWS = 1000  # held-out rows that are asked
_MOST_EXPLAINED = 100  # of which reasons are asked, where a record has some
_MOST_WORDS = 5  # that decide most, and are looked at one by one
ALPHA = 0.05  # probability of any false alarm
_Answer = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Look:
    """One thing that was looked at.

    Attributes:
        what: it is, in words.
        unit: of the numbers: `share`, or what is counted.
        held_out: mean over held-out rows of the training data.
        served: mean over served texts.
        difference: served − held out, with its 95% interval.
        p_value: of no difference; corrected for all looks in a `Drift`.
    """

    what: str
    unit: str
    held_out: float
    served: float
    difference: Interval
    p_value: float


@dataclass(frozen=True, kw_only=True)
class Drift:
    """What a record says of the served texts.

    Attributes:
        n_served: texts; one that was asked several times counts once, where the record holds texts.
        n_held_out: rows that they are compared with.
        looks: the surest difference first.
        missing: what could not be looked at, a sentence each.
    """

    n_served: int
    n_held_out: int
    looks: Sequence[Look]
    missing: Sequence[str]

    @property
    def found(self) -> list[Look]:
        """The differences beyond chance, by Holm's correction."""
        return [look for look in self.looks if look.p_value <= ALPHA]


def recorded_answers(folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the model of a record's last answer, and its answers; of equal texts the last one.

    Raises:
        ConfigError: there is no record, or no answer in it.
    """
    entries = [entry for entry in read_entries(folder) if entry["kind"] == "answer"]
    if not entries:
        raise ConfigError(f"{folder}: there is no answer in this record yet")
    model = entries[-1]["model"]
    own = [entry for entry in entries if entry["model"]["fingerprint"] == model["fingerprint"]]
    return model, list({entry.get("text", entry["hash"]): entry for entry in own}.values())


def drift(served: Sequence[dict[str, Any]], model: SavedModel, corpus: Corpus) -> Drift:
    """Compare served answers with those to held-out rows of the data: validation, which nobody learned from.

    Each look is a test of equal means (Welch) or shares (Fisher, exact); all are corrected together (Holm).

    Args:
        served: entries of a record, of one model.
        model: that answered.
        corpus: that it learned from.

    Raises:
        ConfigError: there are too few answers.
    """
    rows = np.random.default_rng(0).permutation(len(corpus.validation))[:_MOST_ROWS]
    texts = [corpus.validation.texts[row] for row in np.sort(rows)]
    if min(len(served), len(texts)) < FEWEST:
        raise ConfigError(
            f"{len(served)} served texts and {len(texts)} held-out rows: {FEWEST} of each are the least that "
            "can tell a difference"
        )
    answers, expected = [entry["answer"] for entry in served], answers_of(model, texts)
    looks = [*_answer_looks(answers, expected, model)]
    asked = [str(entry["text"]) for entry in served if "text" in entry]
    missing = []
    if len(asked) < FEWEST:
        missing.append("The record holds hashes in place of texts: nothing of their words is compared.")
    else:
        looks += _text_looks(asked, texts, corpus)
        more, why = _reason_looks(answers, model, texts)
        looks, missing = [*looks, *more], why
    adjusted = holm_correction([look.p_value for look in looks])
    corrected = [replace(look, p_value=float(p)) for look, p in zip(looks, adjusted, strict=True)]
    return Drift(
        n_served=len(served),
        n_held_out=len(texts),
        looks=sorted(corrected, key=lambda look: look.p_value),
        missing=missing,
    )


def _text_looks(served: Sequence[str], held_out: Sequence[str], corpus: Corpus) -> list[Look]:
    known = {bare_word(word) for text in corpus.train.texts for word in split_words(text)}

    def unknown(text: str) -> float:
        words = split_words(text)
        return sum(bare_word(word) not in known for word in words) / max(1, len(words))

    def length(text: str) -> float:
        return float(len(split_words(text)))

    return [
        _mean_look(
            "words not seen in training",
            "share",
            list(map(unknown, served)),
            list(map(unknown, held_out)),
        ),
        _mean_look("words per text", "words", list(map(length, served)), list(map(length, held_out))),
    ]


def _answer_looks(served: Sequence[_Answer], held_out: Sequence[_Answer], model: SavedModel) -> list[Look]:
    looks = [_mean_look("confidence", "share", list(map(_sure, served)), list(map(_sure, held_out)))]
    names = model.class_names if model.task.exclusive else ()
    for name in names if len(names) != 2 else names[1:]:  # of two, each says what the other says
        looks.append(
            _share_look(
                f"answers “{name}”", *([a["label"] == name for a in told] for told in (served, held_out))
            )
        )
    if all(isinstance(a.get("abstain"), bool) for a in (*served, *held_out)):
        looks.append(
            _share_look(
                "answers that abstain", *([a["abstain"] for a in told] for told in (served, held_out))
            )
        )
    return looks


def _sure(answer: _Answer) -> float:
    """Return the probability of what was answered, of labels that of the least sure one."""
    probabilities = np.array(list(answer["probabilities"].values()))
    return float(
        answer["probability"]
        if "probability" in answer
        else np.maximum(probabilities, 1 - probabilities).min()
    )


def _reason_looks(
    served: Sequence[_Answer], model: SavedModel, held_out: Sequence[str]
) -> tuple[list[Look], list[str]]:
    """Compare which words decide most, by the method that explained most of the answers."""
    explained = [a["explanation"] for a in served if "words" in (a.get("explanation") or {})]
    if not explained:
        return [], ["No answer was explained: which words decide is not compared."]
    keys = [json.dumps([e["settings"], e["seed"]], sort_keys=True) for e in explained]
    settings, seed = json.loads(Counter(keys).most_common(1)[0][0])
    own = [e for e, key in zip(explained, keys, strict=True) if json.loads(key) == [settings, seed]]
    if len(own) < FEWEST:
        return [], [f"{len(own)} answers were explained alike, too few to compare which words decide."]
    asked = Reasons(model, settings, seed=seed)(held_out[:_MOST_EXPLAINED])
    first, second = [_top_word(e) for e in own], [_top_word(e) for e in asked]
    counts = Counter(first) + Counter(second)
    return [
        _share_look(f"answers decided by “{word}”", [w == word for w in first], [w == word for w in second])
        for word, _ in counts.most_common(_MOST_WORDS)
    ], []


def _top_word(explanation: Mapping[str, Any]) -> str:
    return bare_word(explanation["words"][int(np.abs(explanation["scores"]).argmax())])


def _mean_look(what: str, unit: str, served: ArrayLike, held_out: ArrayLike) -> Look:
    a, b = np.asarray(served, np.float64), np.asarray(held_out, np.float64)
    if np.ptp(a) == np.ptp(b) == 0:  # nothing varies: the test has no scale
        same = a[0] == b[0]
        low = high = float(a[0] - b[0])
        p = 1.0 if same else 0.0
    else:
        test = stats.ttest_ind(a, b, equal_var=False)
        (low, high), p = test.confidence_interval(), float(test.pvalue)
    return Look(
        what=what,
        unit=unit,
        held_out=float(b.mean()),
        served=float(a.mean()),
        difference=Interval(estimate=float(a.mean() - b.mean()), low=float(low), high=float(high)),
        p_value=p,
    )


def _share_look(what: str, served: Sequence[bool], held_out: Sequence[bool]) -> Look:
    hits, n = [sum(served), sum(held_out)], [len(served), len(held_out)]
    table: NDArray[np.int64] = np.array([[hits[0], n[0] - hits[0]], [hits[1], n[1] - hits[1]]])
    return Look(
        what=what,
        unit="share",
        held_out=hits[1] / n[1],
        served=hits[0] / n[0],
        difference=share_difference(hits[0], n[0], hits[1], n[1]),
        p_value=float(stats.fisher_exact(table).pvalue),
    )
