"""All students of a teacher: their features chosen, their strength tuned, their fidelity measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import softmax
from threadpoolctl import threadpool_limits

from whytrain.surrogates.evidence import FeatureSet, StudentKind
from whytrain.surrogates.feature_selection import (
    associated_effects,
    chosen_pairs,
    chosen_words,
    explained_variance,
    shapley_effects,
    word_scores,
)
from whytrain.surrogates.features import Feature, FeatureTable, ReadSentences
from whytrain.surrogates.fidelity import agrees, divergences, majority_agreement, r_squared
from whytrain.surrogates.students import Student, choose_strength, fit_student, targets

Array = NDArray[np.float64]

KINDS: tuple[StudentKind, ...] = ("logistic", "tree")
# Of the students of an epoch, so that their curve moves with the network alone.
UNTUNED: dict[StudentKind, float] = {"logistic": 1.0, "tree": 5}


@dataclass(frozen=True)
class StudySettings:
    """How students learn.

    Attributes:
        alpha: weight of the gold labels beside the teacher, 0 to 1.
        temperature: softens what the teacher teaches, > 0; fidelity is to the teacher as it is, so that
            students of a softened one agree with it but are less sure.
        words: words whose presence is a feature, at most.
        pairs: pairs of words, at most.
        seed: of the trees.
    """

    alpha: float
    temperature: float
    words: int
    pairs: int
    seed: int


@dataclass(frozen=True, eq=False)
class Taught:
    """Sentences, and what the teacher says of them.

    Attributes:
        read: what a person sees in them.
        labels: int64 (n,), gold classes.
        logits: float64 (n, n_classes), the teacher's.
    """

    read: ReadSentences
    labels: NDArray[np.int64]
    logits: Array

    @property
    def probabilities(self) -> Array:
        """The teacher's probabilities, float64 (n, n_classes)."""
        return np.asarray(softmax(self.logits, axis=1))

    def select(self, rows: NDArray[np.int64]) -> Taught:
        """Return the given rows, int64 (n_chosen,), in the given order."""
        return Taught(self.read.select(rows), self.labels[rows], self.logits[rows])


class Answers(NamedTuple):
    """Sentences without gold labels, and what the teacher says of them.

    Attributes:
        read: what a person sees in them.
        logits: float64 (n, n_classes), the teacher's.
    """

    read: ReadSentences
    logits: Array


class Ranking(NamedTuple):
    """Words and pairs of words of explained sentences.

    Attributes:
        vocabulary: see `whytrain.attribution.tables.word_table`.
        pairs: see `whytrain.attribution.tables.pair_table`.
    """

    vocabulary: pd.DataFrame
    pairs: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Lesson:
    """A student, and the same one trained on gold labels: the floor that distillation has to beat.

    Attributes:
        student: learned from the teacher.
        gold: learned from gold labels alone, and so not from joined sentences, which have none; everything
            else is the same.
        train: the features of the sentences that both learned from.
        validation: the features of the sentences that they are judged on.
        predicted: float64 (n_validation, n_classes), the student's probabilities.
        gold_predicted: the gold student's.
    """

    student: Student
    gold: Student
    train: FeatureTable
    validation: FeatureTable
    predicted: Array
    gold_predicted: Array


Study = Mapping[tuple[FeatureSet, StudentKind], Lesson]


def choose_features(
    train: Taught,
    columns: dict[str, int],
    ranking: Ranking | None,
    settings: StudySettings,
    class_names: Sequence[str],
) -> list[Feature]:
    """Return the features that explain most of the teacher on the training sentences.

    First words and pairs of the ranking, by mean Shapley values and interactions, with the score of these
    words. Where it has fewer words than wanted, others follow, by the difference in the teacher's log-odds
    between sentences with and without them; a score of such differences would repeat what is taught.
    """
    presence = train.read.presence
    words: list[Feature] = []
    others: list[Feature] = []
    if ranking is not None:
        effects = shapley_effects(ranking.vocabulary, columns, class_names)
        words = chosen_words(explained_variance(effects, presence), columns, settings.words)
        others = chosen_pairs(ranking.pairs, presence, columns, settings.pairs)
        others += word_scores(effects, words, columns, class_names) if words else []
    log_odds = train.logits - train.logits.mean(axis=1, keepdims=True)
    differences, errors = associated_effects(log_odds, presence)
    variance = explained_variance(differences, presence, errors)
    variance[[columns[word.words[0]] for word in words]] = 0.0  # known better already
    return [*words, *chosen_words(variance, columns, settings.words - len(words)), *others]


def study(
    train: Taught,
    validation: Taught,
    columns: dict[str, int],
    ranking: Ranking | None,
    settings: StudySettings,
    class_names: Sequence[str],
    *,
    dense: tuple[FeatureTable, FeatureTable] | None = None,
    groups: NDArray[np.int64] | None = None,
    joined: Answers | None = None,
) -> Study:
    """Teach both kinds of student the readable features, and the dense ones where there are any.

    Args:
        train: sentences to learn from.
        validation: sentences to be judged on.
        columns: the column of each word that was read.
        ranking: of words and pairs; None where nothing was explained.
        settings: how they learn.
        class_names: all of them.
        dense: what the teacher computes of `train`, or of its first sentences only, and of `validation`.
        groups: int64 (n_train,), groups of sentences that stay together when the strength is tuned; None
            leaves it untuned.
        joined: further sentences for the readable students, not for the gold ones: nobody labeled them. The
            strength is tuned without them.

    Raises:
        DataError: too few sentences, groups or classes.
    """
    chosen = choose_features(train, columns, ranking, settings, class_names)
    tables: dict[FeatureSet, tuple[FeatureTable, FeatureTable]] = {
        "readable": (train.read.table(columns, chosen), validation.read.table(columns, chosen))
    }
    if dense is not None:
        tables["dense"] = dense
    more: dict[FeatureSet, tuple[FeatureTable, Array]] = {}
    if joined is not None:
        soft = softmax(joined.logits / settings.temperature, axis=1)
        more["readable"] = joined.read.table(columns, chosen), np.asarray(soft)
    # A tree of dense features is not tuned: that takes ten seconds, for rules that tell nobody anything.
    with threadpool_limits(1):  # on matrices as small as these, several threads take twice as long
        return {
            (name, kind): _lesson(
                kind,
                sides,
                train,
                settings,
                None if (name, kind) == ("dense", "tree") else groups,
                more.get(name),
            )
            for name, sides in tables.items()
            for kind in KINDS
        }


def _lesson(
    kind: StudentKind,
    tables: tuple[FeatureTable, FeatureTable],
    train: Taught,
    settings: StudySettings,
    groups: NDArray[np.int64] | None,
    more: tuple[FeatureTable, Array] | None,
) -> Lesson:
    seen, unseen = tables
    n, students = seen.values.shape[0], []
    for alpha, further in ((settings.alpha, more), (1.0, None)):
        target = targets(train.labels[:n], train.logits[:n], alpha=alpha, temperature=settings.temperature)
        strength = UNTUNED[kind]
        if groups is not None:
            strength = choose_strength(kind, seen, target, groups[:n], settings.seed)
        lessons = seen
        if further is not None:
            lessons, target = seen.joined(further[0]), np.concatenate([target, further[1]])
        students.append(fit_student(kind, lessons, target, strength=strength, seed=settings.seed))
    student, gold = students
    return Lesson(student, gold, seen, unseen, student.probabilities(unseen), gold.probabilities(unseen))


def epoch_scores(lessons: Study, train: Taught, validation: Taught) -> dict[str, float]:
    """Return how faithful the readable students are, without intervals.

    `agreement_<kind>` and `over_gold_<kind>` as shares of sentences, `kl_<kind>` in nats,
    `r_squared_<kind>` and `majority`: see `whytrain.surrogates.evidence`; `student_agreement`, the share of
    validation sentences on which the two students predict the same class.
    """
    teacher = validation.probabilities
    scores = {"majority": majority_agreement(train.probabilities, teacher)}
    for kind in KINDS:
        lesson = lessons["readable", kind]
        agreement = agrees(lesson.predicted, teacher).mean()
        scores |= {
            f"agreement_{kind}": float(agreement),
            f"over_gold_{kind}": float(agreement - agrees(lesson.gold_predicted, teacher).mean()),
            f"kl_{kind}": float(divergences(lesson.predicted, teacher).mean()),
            f"r_squared_{kind}": r_squared(lesson.predicted, teacher),
        }
    both = (lessons["readable", kind].predicted for kind in KINDS)
    return scores | {"student_agreement": float(agrees(*both).mean())}
