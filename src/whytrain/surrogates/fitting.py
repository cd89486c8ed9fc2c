"""All surrogates of a network: their features chosen, their strength tuned, their fidelity measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import softmax
from threadpoolctl import threadpool_limits

from whytrain.surrogates.evidence import FeatureSet, SurrogateKind
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
from whytrain.surrogates.surrogates import N_FOLDS, Surrogate, choose_strength, fit_surrogate, targets
from whytrain.types import Progress

Array = NDArray[np.float64]

KINDS: tuple[SurrogateKind, ...] = ("logistic", "tree")  # of every epoch; a soft tree is fitted at the end
# Of the surrogates of an epoch, so that their curve moves with the network alone.
UNTUNED: dict[SurrogateKind, float] = {"logistic": 1.0, "tree": 5}
# By how many cuts of the sentences a strength is chosen; 0: untuned. Dense features are thousands: for five
# classes three cuts take as long as all explanations, and a tree of them has rules that tell nobody anything.
CUTS: dict[tuple[FeatureSet, SurrogateKind], int] = {
    ("readable", "logistic"): N_FOLDS,
    ("readable", "tree"): N_FOLDS,
    ("dense", "logistic"): 1,
    ("dense", "tree"): 0,
}
_SOFT_DEPTH = 3  # at most: a person reads 7 nodes, and deeper ones were measured to repeat those above them


@dataclass(frozen=True, kw_only=True)
class SurrogateSettings:
    """How surrogates learn.

    Attributes:
        alpha: weight of the gold labels beside the network, 0 to 1.
        temperature: softens what the network teaches, > 0; fidelity is to the network as it is, so that
            surrogates of a softened one agree with it but are less sure.
        words: words whose presence is a feature, at most.
        pairs: pairs of words, at most.
        seed: of the trees.
    """

    alpha: float
    temperature: float
    words: int
    pairs: int
    seed: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Answered:
    """Sentences, and what the network says of them.

    Attributes:
        read: what a person sees in them.
        labels: int64 (n,), gold classes.
        logits: float64 (n, n_classes), the network's.
    """

    read: ReadSentences
    labels: NDArray[np.int64]
    logits: Array

    @property
    def probabilities(self) -> Array:
        """The network's probabilities, float64 (n, n_classes)."""
        return np.asarray(softmax(self.logits, axis=1))

    def select(self, rows: NDArray[np.int64]) -> Answered:
        """Return the given rows, int64 (n_chosen,), in the given order."""
        return Answered(read=self.read.select(rows), labels=self.labels[rows], logits=self.logits[rows])


class Unlabeled(NamedTuple):
    """Sentences without gold labels, and what the network says of them.

    Attributes:
        read: what a person sees in them.
        logits: float64 (n, n_classes), the network's.
    """

    read: ReadSentences
    logits: Array


class ExplainedWords(NamedTuple):
    """Words and pairs of words of explained sentences.

    Attributes:
        vocabulary: see `whytrain.attribution.tables.word_table`.
        pairs: see `whytrain.attribution.tables.pair_table`.
    """

    vocabulary: pd.DataFrame
    pairs: pd.DataFrame


@dataclass(frozen=True, eq=False, kw_only=True)
class FittedSurrogate:
    """A surrogate, and the same one trained on gold labels: the floor that distillation has to beat.

    Attributes:
        surrogate: learned from the network.
        gold: learned from gold labels alone, and so not from joined sentences, which have none; everything
            else is the same.
        train: the features of the sentences that both learned from.
        validation: the features of the sentences that they are judged on.
        predicted: float64 (n_validation, n_classes), the surrogate's probabilities.
        gold_predicted: the gold surrogate's.
    """

    surrogate: Surrogate
    gold: Surrogate
    train: FeatureTable
    validation: FeatureTable
    predicted: Array
    gold_predicted: Array


FittedSurrogates = Mapping[tuple[FeatureSet, SurrogateKind], FittedSurrogate]


def choose_features(
    train: Answered,
    columns: dict[str, int],
    ranking: ExplainedWords | None,
    settings: SurrogateSettings,
    class_names: Sequence[str],
) -> list[Feature]:
    """Return the features that explain most of the network on the training sentences.

    First words and pairs of the ranking, by mean Shapley values and interactions, with the score of these
    words. Where it has fewer words than wanted, others follow, by the difference in the network's log-odds
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


def fit_surrogates(
    train: Answered,
    validation: Answered,
    columns: dict[str, int],
    ranking: ExplainedWords | None,
    settings: SurrogateSettings,
    class_names: Sequence[str],
    *,
    dense: tuple[FeatureTable, FeatureTable] | None = None,
    groups: NDArray[np.int64] | None = None,
    joined: Unlabeled | None = None,
    progress: Progress = iter,
) -> FittedSurrogates:
    """Teach surrogates the readable features, and the dense ones where there are any.

    Where the strength is tuned, a soft tree comes with them, with no more leaves than the tree.

    Args:
        train: sentences to learn from.
        validation: sentences to be judged on.
        columns: the column of each word that was read.
        ranking: of words and pairs; None where nothing was explained.
        settings: how they learn.
        class_names: all of them.
        dense: what the network computes of `train`, or of its first sentences only, and of `validation`.
        groups: int64 (n_train,), groups of sentences that stay together when the strength is tuned; None
            leaves it untuned.
        joined: further sentences for the readable surrogates, not for the gold ones: nobody labeled them. The
            strength is tuned without them.
        progress: shows how many are fitted.

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
    wanted: list[tuple[FeatureSet, SurrogateKind]] = [(name, kind) for name in tables for kind in KINDS]
    if groups is not None:
        wanted.append(("readable", "soft_tree"))  # last: its depth is read off the tree
    fits: dict[tuple[FeatureSet, SurrogateKind], FittedSurrogate] = {}
    with threadpool_limits(1):  # on matrices as small as these, several threads take twice as long
        for name, kind in progress(wanted):
            if kind == "soft_tree":
                depth = _soft_depth(fits["readable", "tree"].surrogate)
                tuning = _Tuning(groups=None, n_cuts=0, untuned=depth)
            else:
                tuning = _Tuning(groups=groups, n_cuts=CUTS[name, kind], untuned=UNTUNED[kind])
            fits[name, kind] = _fit_with_gold(kind, tables[name], train, settings, more.get(name), tuning)
    return fits


def _soft_depth(tree: Surrogate) -> int:
    """Return the depth of a soft tree with at most as many leaves as a tree has."""
    return min(_SOFT_DEPTH, max(1, int(np.log2(tree.estimator.get_n_leaves()))))


class _Tuning(NamedTuple):
    """By how many cuts of which groups a strength is chosen; the untuned one where there are none."""

    groups: NDArray[np.int64] | None
    n_cuts: int
    untuned: float


def _fit_with_gold(
    kind: SurrogateKind,
    tables: tuple[FeatureTable, FeatureTable],
    train: Answered,
    settings: SurrogateSettings,
    more: tuple[FeatureTable, Array] | None,
    tuning: _Tuning,
) -> FittedSurrogate:
    seen, unseen = tables
    n, surrogates = seen.values.shape[0], []
    for alpha, further in ((settings.alpha, more), (1.0, None)):
        target = targets(train.labels[:n], train.logits[:n], alpha=alpha, temperature=settings.temperature)
        strength = tuning.untuned
        if tuning.groups is not None and tuning.n_cuts:
            groups = tuning.groups[:n]
            strength = choose_strength(kind, seen, target, groups, settings.seed, n_cuts=tuning.n_cuts)
        fits = seen
        if further is not None:
            fits, target = seen.joined(further[0]), np.concatenate([target, further[1]])
        surrogates.append(fit_surrogate(kind, fits, target, strength=strength, seed=settings.seed))
    surrogate, gold = surrogates
    return FittedSurrogate(
        surrogate=surrogate,
        gold=gold,
        train=seen,
        validation=unseen,
        predicted=surrogate.probabilities(unseen),
        gold_predicted=gold.probabilities(unseen),
    )


def epoch_scores(fits: FittedSurrogates, validation: Answered) -> dict[str, float]:
    """Return how faithful the readable surrogates are, without intervals.

    `agreement_<kind>` and `over_gold_<kind>` as shares of sentences, `kl_<kind>` in nats,
    `r_squared_<kind>` and `majority`: see `whytrain.surrogates.evidence`; `student_agreement`, the share of
    validation sentences on which the two surrogates predict the same class.
    """
    network = validation.probabilities
    scores = {"majority": majority_agreement(network)}
    for kind in KINDS:
        fit = fits["readable", kind]
        agreement = agrees(fit.predicted, network).mean()
        scores |= {
            f"agreement_{kind}": float(agreement),
            f"over_gold_{kind}": float(agreement - agrees(fit.gold_predicted, network).mean()),
            f"kl_{kind}": float(divergences(fit.predicted, network).mean()),
            f"r_squared_{kind}": r_squared(fit.predicted, network),
        }
    both = (fits["readable", kind].predicted for kind in KINDS)
    return scores | {"student_agreement": float(agrees(*both).mean())}
