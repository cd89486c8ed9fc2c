"""The rules of a tree, one per leaf, as sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whytrain.surrogates.evidence import RuleEvidence
from whytrain.surrogates.features import Feature, FeatureTable, Name
from whytrain.surrogates.surrogates import Surrogate

ARROW = " → "  # between a rule's conditions and its class


@dataclass(frozen=True, kw_only=True)
class Condition:
    """low < feature ≤ high; an end may be infinite."""

    feature: int
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A leaf of a tree.

    Attributes:
        cell: the leaf's number in the tree.
        conditions: what a sentence must fulfil, from the root on; those on one feature are joined.
        class_index: the class of the largest probability.
        confidence: that probability.
        impurity: entropy of the probabilities, bits.
    """

    cell: int
    conditions: tuple[Condition, ...]
    class_index: int
    confidence: float
    impurity: float


def rules_of(surrogate: Surrogate) -> tuple[Rule, ...]:
    """Return a rule per leaf of a tree surrogate, from left to right."""
    assert surrogate.kind == "tree"
    tree, found = surrogate.estimator.tree_, []
    stack: list[tuple[int, dict[int, Condition]]] = [(0, {})]
    while stack:
        cell, conditions = stack.pop()
        if tree.children_left[cell] < 0:
            shares = tree.value[cell, 0] / tree.value[cell, 0].sum()
            best = int(shares.argmax())
            found.append(
                Rule(
                    cell=int(cell),
                    conditions=tuple(conditions.values()),
                    class_index=int(surrogate.estimator.classes_[best]),
                    confidence=float(shares[best]),
                    impurity=float(tree.impurity[cell]),
                )
            )
            continue
        feature, cut = int(tree.feature[cell]), float(tree.threshold[cell])
        old = conditions.get(feature, Condition(feature=feature, low=-np.inf, high=np.inf))
        below, above = (
            Condition(feature=feature, low=old.low, high=cut),
            Condition(feature=feature, low=cut, high=old.high),
        )
        stack.append((int(tree.children_right[cell]), conditions | {feature: above}))
        stack.append((int(tree.children_left[cell]), conditions | {feature: below}))
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class TreeCell:
    """A cell of a tree as a diagram shows it.

    Attributes:
        depth: 0 for the root.
        text: the condition that leads to it; empty for the root.
        children: numbers of the left and the right cell below it; empty for a leaf.
        class_index: the class of the largest probability.
        confidence: that probability.
        share: share of the training sentences that reach it.
    """

    depth: int
    text: str
    children: tuple[int, ...]
    class_index: int
    confidence: float
    share: float


def tree_cells(surrogate: Surrogate, features: Sequence[Feature], show: Name) -> tuple[TreeCell, ...]:
    """Return the cells of a tree surrogate, numbered as in the tree: parents before their children."""
    tree = surrogate.estimator.tree_
    depths, texts = {0: 0}, {0: ""}
    cells = []
    for cell in range(tree.node_count):
        feature, cut = int(tree.feature[cell]), float(tree.threshold[cell])
        children = (int(tree.children_left[cell]), int(tree.children_right[cell]))
        if children[0] >= 0:
            ways = (
                Condition(feature=feature, low=-np.inf, high=cut),
                Condition(feature=feature, low=cut, high=np.inf),
            )
            for child, way in zip(children, ways, strict=True):
                depths[child], texts[child] = depths[cell] + 1, condition_text(way, features, show)
        shares = tree.value[cell, 0] / tree.value[cell, 0].sum()
        best = int(shares.argmax())
        cells.append(
            TreeCell(
                depth=depths[cell],
                text=texts[cell],
                children=children if children[0] >= 0 else (),
                class_index=int(surrogate.estimator.classes_[best]),
                confidence=float(shares[best]),
                share=float(tree.weighted_n_node_samples[cell] / tree.weighted_n_node_samples[0]),
            )
        )
    return tuple(cells)


def cells_of(surrogate: Surrogate, table: FeatureTable) -> NDArray[np.int64]:
    """Return the leaf that each sentence falls into, int64 (n,): a rule's `cell`."""
    return np.asarray(surrogate.estimator.apply(surrogate.inputs(table)), dtype=np.int64)


def rule_text(rule: Rule, features: Sequence[Feature], class_names: Sequence[str], show: Name) -> str:
    """Return "contains “fine”, length in words ≤ 7.5, without “bad” → positive".

    Args:
        rule: of a tree on these features.
        features: the columns.
        class_names: all of them.
        show: what stands for a word.
    """
    present: list[str] = []
    other: list[str] = []
    absent: list[str] = []
    for condition in rule.conditions:
        feature = features[condition.feature]
        if not feature.is_presence:
            other.append(condition_text(condition, features, show))
        else:
            (absent if _is_absence(condition, features) else present).append(feature.name(show))
    parts = [f"contains {' and '.join(present)}"] if present else []
    parts += other
    parts += [f"without {', '.join(absent)}"] if absent else []
    return f"{', '.join(parts) or 'always'}{ARROW}{class_names[rule.class_index]}"


def condition_text(condition: Condition, features: Sequence[Feature], show: Name) -> str:
    """Return one condition in words: contains “bad”, without “bad”, at most 7 words."""
    feature = features[condition.feature]
    name = feature.name(show)
    if feature.is_presence:
        return f"{'without' if _is_absence(condition, features) else 'contains'} {name}"
    if feature.unit:
        return _count_text(condition, feature.unit)
    low, high = (f"{end:.3g}".replace("-", "−") for end in (condition.low, condition.high))
    if condition.low == -np.inf:
        return f"{name} ≤ {high}"
    return f"{name} > {low}" if condition.high == np.inf else f"{low} < {name} ≤ {high}"


def _count_text(condition: Condition, unit: str) -> str:
    """Return a condition on whole numbers, whose cuts lie between them: at most 7 words, 8 to 17 words."""
    if condition.low == -np.inf:
        return f"at most {np.floor(condition.high):.0f} {unit}"
    least = np.floor(condition.low) + 1
    if condition.high == np.inf:
        return f"{least:.0f} {unit} or more"
    most = np.floor(condition.high)
    return f"{least:.0f} {unit}" if least == most else f"{least:.0f} to {most:.0f} {unit}"


def _is_absence(condition: Condition, features: Sequence[Feature]) -> bool:
    return features[condition.feature].is_presence and condition.low == -np.inf


@dataclass(frozen=True, eq=False, kw_only=True)
class Judged:
    """Sentences that rules are held against.

    Attributes:
        table: their features.
        labels: int64 (n,), gold classes.
        network: int64 (n,), the network's predicted classes.
    """

    table: FeatureTable
    labels: NDArray[np.int64]
    network: NDArray[np.int64]


def rule_evidence(
    surrogate: Surrogate, train: Judged, validation: Judged, class_names: Sequence[str], show: Name
) -> tuple[RuleEvidence, ...]:
    """Return every rule with its support, confidence, impurity and precision, by support.

    Args:
        surrogate: a tree.
        train: the sentences that it learned from.
        validation: others.
        class_names: all of them.
        show: what stands for a word.
    """
    cells = [cells_of(surrogate, judged.table) for judged in (train, validation)]
    found = []
    for rule in rules_of(surrogate):
        (n_train, *of_train), (n_validation, *of_validation) = (
            _counts(rule, inside == rule.cell, judged)
            for inside, judged in zip(cells, (train, validation), strict=True)
        )
        found.append(
            RuleEvidence(
                text=rule_text(rule, train.table.features, class_names, show),
                class_name=class_names[rule.class_index],
                confidence=rule.confidence,
                impurity=rule.impurity,
                n_train=n_train,
                support=n_train / len(train.labels),
                right_train=of_train[0],
                teacher_train=of_train[1],
                n_validation=n_validation,
                right_validation=of_validation[0],
                teacher_validation=of_validation[1],
            )
        )
    return tuple(sorted(found, key=lambda rule: -rule.n_train))


def _counts(rule: Rule, inside: NDArray[np.bool_], judged: Judged) -> tuple[int, int, int]:
    """Return how many sentences a rule covers, and of how many gold label and network agree with it."""
    classes: tuple[Any, Any] = (judged.labels[inside], judged.network[inside])
    right, answered = (int((labels == rule.class_index).sum()) for labels in classes)
    return int(inside.sum()), right, answered
