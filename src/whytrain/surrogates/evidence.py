"""What the surrogates of a run say about it, for those who act on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from whytrain.statistics.intervals import Interval

Kind = Literal["word", "pair", "score", "form", "embedding", "hidden", "attention"]
FeatureSet = Literal["readable", "dense"]  # words, pairs and form; or what the network computes
SurrogateKind = Literal["logistic", "tree", "soft_tree"]


@dataclass(frozen=True, kw_only=True)
class FidelityEvidence:
    """How faithful one surrogate is, on validation sentences.

    Attributes:
        kind: which.
        features: what it sees.
        agreement: share of sentences on which it predicts the network's class.
        over_gold: that share minus the share of the same surrogate trained on gold labels, paired.
        kl_below_gold: KL(network ‖ that one) − KL(network ‖ this one), mean, nats, paired; above 0 where
            the network says more than the gold labels.
        majority: share of sentences on which always the network's most frequent answer on them would agree.
        kl: mean KL(network ‖ surrogate), nats.
        r_squared: share of the variance of the network's log-odds that the surrogate's explain; ≤ 1.
        agreement_on_errors: share of the network's errors that the surrogate makes too; None without errors.
        accuracy: share of sentences classified right.
        kl_below_tree: of a soft tree, KL(network ‖ tree) − KL(network ‖ this one), mean, nats, paired: how
            much closer it comes than the tree, which has no fewer leaves; None of others.
    """

    kind: SurrogateKind
    features: FeatureSet
    agreement: Interval
    over_gold: Interval
    kl_below_gold: Interval
    majority: float
    kl: Interval
    r_squared: float
    agreement_on_errors: Interval | None
    accuracy: Interval
    kl_below_tree: Interval | None = None


@dataclass(frozen=True, kw_only=True)
class CoefficientEvidence:
    """A coefficient of a logistic surrogate.

    Attributes:
        name: of the feature; words are hashed where text is private.
        kind: of the feature.
        beta: log-odds of the class, by the presence of a word or pair, by one standard deviation of anything
            measured.
        class_name: whose; with two classes always the second one.
    """

    name: str
    kind: Kind
    beta: float
    class_name: str


@dataclass(frozen=True, kw_only=True)
class RuleEvidence:
    """A leaf of the readable tree as a sentence.

    Attributes:
        text: "“bad” is absent and length ≤ 7.5 words → positive"; words are hashed where text is private.
        class_name: what it predicts.
        confidence: the tree's probability of that class, 0 to 1.
        impurity: entropy of its probabilities, bits.
        n_train: sampled training sentences that it covers (its support).
        support: share of the sample that it covers.
        right_train: how many of these have the rule's class as gold label.
        teacher_train: on how many of these the network predicts it.
        n_validation: validation sentences that it covers.
        right_validation: as `right_train`, of validation sentences.
        teacher_validation: as `teacher_train`, of validation sentences.
    """

    text: str
    class_name: str
    confidence: float
    impurity: float
    n_train: int
    support: float
    right_train: int
    teacher_train: int
    n_validation: int
    right_validation: int
    teacher_validation: int


@dataclass(frozen=True, kw_only=True)
class SurrogateEvidence:
    """What the surrogates of the best epoch say.

    Attributes:
        n_rows: training sentences that they learned from.
        surrogates: readable logistic and tree, dense ones where the network shows its states, the soft tree.
        coefficients: of the logistic surrogates, by |β|, all features.
        rules: of the readable tree, by support.
        disagreeing_rows: rows of the training split on which the two readable surrogates disagree, ascending.
        disagreeing_ids: the ids of these rows.
    """

    n_rows: int
    surrogates: tuple[FidelityEvidence, ...]
    coefficients: tuple[CoefficientEvidence, ...]
    rules: tuple[RuleEvidence, ...]
    disagreeing_rows: tuple[int, ...]
    disagreeing_ids: tuple[str, ...]
