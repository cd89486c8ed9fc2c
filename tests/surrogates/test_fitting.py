"""A whole study: a network whose rules are known is understood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from whytrain.data.corpus import Split
from whytrain.surrogates.conclusions import (
    coefficient_table,
    contributions,
    disagreement,
    fidelity_evidence,
    fidelity_table,
    rule_table,
    rules_in_words,
    surrogate_evidence,
)
from whytrain.surrogates.features import Feature, FeatureTable
from whytrain.surrogates.fitting import (
    Answered,
    ExplainedWords,
    SurrogateSettings,
    Unlabeled,
    epoch_scores,
    fit_surrogates,
)

Make = Callable[..., Any]
SETTINGS = SurrogateSettings(alpha=0.0, temperature=1.0, words=20, pairs=5, seed=0)
NAMES = ["neg", "pos"]
RANKING = ExplainedWords(
    pd.DataFrame({"class": ["pos"] * 3, "word": ["great", "dull", "elsewhere"], "score": [2.5, -2.0, 9.0]}),
    pd.DataFrame({"word_a": ["dull"], "word_b": ["great"], "interaction": [-1.0]}),
)


@pytest.fixture(scope="module")
def understood(fit: Make) -> tuple[Any, ...]:
    train, validation, counter = fit()
    groups = np.arange(len(train.labels))
    return (
        fit_surrogates(train, validation, counter.words, RANKING, SETTINGS, NAMES, groups=groups),
        train,
        validation,
    )


def test_the_planted_words_are_found(understood: tuple[Any, ...]) -> None:
    fits, _, validation = understood
    assert list(fits) == [("readable", kind) for kind in ("logistic", "tree", "soft_tree")]
    features = fits["readable", "logistic"].train.features
    assert [f.words for f in features[:2]] == [("great",), ("dull",)]
    assert [f.kind for f in features] == ["word"] * (len(features) - 7) + ["pair", "score"] + ["form"] * 5
    logistic, tree, soft = fidelity_evidence(fits, validation)
    # Its weights are kept small, as if before 400 sentences; the same words decide.
    assert soft.agreement.estimate > 0.9
    assert soft.kl_below_tree.high < 0
    for surrogate in (logistic, tree):
        assert surrogate.agreement.estimate == 1.0
        assert surrogate.kl.estimate < 0.01
        assert surrogate.r_squared > 0.98
        assert surrogate.agreement_on_errors.estimate == 1.0
    table = coefficient_table(fits, NAMES, str)
    beta = table.set_index("feature")["beta"]
    # What the network does: 3 and −2; 0.15: the penalty that was chosen. The sum of words is in their β.
    assert beta["“great”"] == pytest.approx(3.0, abs=0.15)
    assert beta["“dull”"] == pytest.approx(-2.0, abs=0.15)
    assert "score" not in set(table["kind"])
    fit = fits["readable", "logistic"]
    p = fit.predicted[:, 1]
    total = contributions(fit, fit.validation, 1).sum(axis=1) + fit.surrogate.estimator.intercept_[0]
    np.testing.assert_allclose(total, np.log(p / (1 - p)), atol=1e-9)
    np.testing.assert_array_equal(
        contributions(fit, fit.validation, 0), -contributions(fit, fit.validation, 1)
    )
    assert set(table["class"]) == {"pos"}


def test_noisy_gold_labels_teach_less(understood: tuple[Any, ...]) -> None:
    fits, _, validation = understood
    surrogates = fidelity_evidence(fits, validation)
    table = fidelity_table(fits, surrogates, validation)
    assert table["taught_by"].tolist() == ["teacher", "gold labels"] * 3
    answered, gold = table.iloc[0], table.iloc[1]
    assert answered["over_gold"] == pytest.approx(answered["agreement"] - gold["agreement"])
    assert answered["kl_below_gold"] == pytest.approx(gold["kl"] - answered["kl"])
    assert answered["kl_below_gold_low"] > 0
    assert (table["agreement_low"] <= table["agreement"]).all()
    assert table["majority"].nunique() == 1


def test_alpha_of_one_is_the_gold_student(fit: Make) -> None:
    train, validation, counter = fit(150)
    fits = fit_surrogates(train, validation, counter.words, None, replace(SETTINGS, alpha=1.0), NAMES)
    for one in fits.values():
        np.testing.assert_array_equal(one.predicted, one.gold_predicted)


def test_temperature_softens_what_is_taught(fit: Make) -> None:
    train, validation, counter = fit(300)
    warm = replace(SETTINGS, temperature=4.0)
    fits = fit_surrogates(train, validation, counter.words, RANKING, warm, NAMES)
    tree = fits["readable", "tree"]
    soft = softmax(validation.logits / 4.0, axis=1)
    # 0.02: leaves of a few noisy sentences; without the temperature the mean difference is 0.19.
    assert np.abs(tree.surrogate.probabilities(tree.validation) - soft).mean() < 0.02
    scores = epoch_scores(fits, validation)
    assert scores["agreement_tree"] > 0.98  # a softer network has the same opinions,
    assert scores["kl_tree"] > 0.1  # but is less sure of them


def test_joined_sentences_teach_the_readable_student_and_not_the_gold_one(fit: Make) -> None:
    train, validation, counter = fit(60, noise=0.0)
    # What the network says of the sample is drowned by what it says of these: the contrary, a hundred times.
    repeated = np.tile(np.arange(60), 100)
    contrary = Unlabeled(train.read.select(repeated), -train.logits[repeated])
    alone, more = (
        fit_surrogates(train, validation, counter.words, None, SETTINGS, NAMES, joined=joined)
        for joined in (None, contrary)
    )
    for kind in ("logistic", "tree"):
        a, b = alone["readable", kind], more["readable", kind]
        np.testing.assert_array_equal(a.gold_predicted, b.gold_predicted)
        differs = np.abs(a.predicted[:, 1] - 0.5) > 0.1
        assert (a.predicted.argmax(axis=1) != b.predicted.argmax(axis=1))[differs].mean() > 0.9
        assert b.train.values.shape[0] == 60  # support and rules are of the sample


def test_without_a_ranking_words_follow_from_the_teacher(fit: Make) -> None:
    train, validation, counter = fit()
    fits = fit_surrogates(train, validation, counter.words, None, SETTINGS, NAMES)
    features = fits["readable", "logistic"].train.features
    assert {f.words for f in features[:2]} == {("great",), ("dull",)}
    assert {f.kind for f in features} == {"word", "form"}
    scores = epoch_scores(fits, validation)
    assert scores["agreement_logistic"] > 0.95 > scores["majority"]
    assert scores["over_gold_logistic"] >= 0.0


def test_a_short_ranking_is_filled_up(fit: Make) -> None:
    train, validation, counter = fit()
    short = RANKING._replace(vocabulary=RANKING.vocabulary.query("word == 'dull'"))
    fits = fit_surrogates(train, validation, counter.words, short, SETTINGS, NAMES)
    words = [f.words for f in fits["readable", "tree"].train.features if f.kind == "word"]
    assert words[:2] == [("dull",), ("great",)]
    assert len(set(words)) == len(words)
    score = next(f for f in fits["readable", "tree"].train.features if f.kind == "score")
    assert score.words == ("dull",)


def test_three_classes_and_dense_features_of_the_first_sentences(fit: Make) -> None:
    train, validation, counter = fit()
    names = ["a", "b", "c"]
    three = [
        Answered(
            read=side.read,
            labels=np.where(side.read.form.values[:, 0] > 6, 2, side.labels),
            logits=np.concatenate([side.logits, 0.5 * side.read.form.values[:, [0]] - 3.0], axis=1),
        )
        for side in (train, validation)
    ]
    dense = []
    for side, n in zip(three, (50, 200), strict=True):
        dense.append(FeatureTable((Feature(kind="hidden", what="hidden mean 0"),), side.logits[:n, [1]]))
    ranking = pd.DataFrame(
        {"class": ["b", "a", "c"], "word": ["great", "dull", "film"], "score": [2.0, 1.5, 0.5]}
    )
    fits = fit_surrogates(
        *three,
        counter.words,
        ExplainedWords(ranking, RANKING.pairs),
        SETTINGS,
        names,
        dense=tuple(dense),
        groups=np.arange(400),
    )
    assert fits["dense", "logistic"].train.values.shape == (50, 1)
    surrogates = fidelity_evidence(fits, three[1])
    assert surrogates[0].agreement.estimate > 0.9
    assert {(s.features, s.kind) for s in surrogates} == set(fits)
    table = coefficient_table(fits, names, str)
    assert set(table["class"]) == set(names)
    assert set(table["features"]) == {"readable", "dense"}
    scores = [f.what for f in fits["readable", "tree"].train.features if f.kind == "score"]
    assert scores == [f"all words together for {name}" for name in names]


def test_where_students_disagree_is_told_with_both_reasons(fit: Make) -> None:
    train, validation, counter = fit()
    turned = Answered(read=train.read, labels=train.labels, logits=train.logits[:, ::-1])
    few = replace(SETTINGS, words=2)
    straight, other = (
        fit_surrogates(side, validation, counter.words, RANKING, few, NAMES) for side in (train, turned)
    )
    split = Split(
        ids=[f"id-{i}" for i in range(200)],
        texts=["text"] * 200,
        labels=validation.labels,
        human=None,
        columns={},
    )
    table = straight["readable", "tree"].validation
    assert len(disagreement(straight, table, split, NAMES, str).rows) == 0
    # A logistic surrogate of the network beside a tree that has learned the opposite.
    mixed = {**straight, ("readable", "tree"): other["readable", "tree"]}
    found = disagreement(mixed, table, split, NAMES, str)
    own = validation.logits.argmax(axis=1)
    np.testing.assert_array_equal(found.rows, np.arange(200))
    assert found.share == 0.0
    assert found.table["id"].tolist() == split.ids
    assert found.table["logistic"].tolist() == [NAMES[label] for label in own]
    assert found.table["tree"].tolist() == [NAMES[1 - label] for label in own]
    for reasons, rule, logistic, tree, presence in zip(
        *(found.table[name] for name in ("contributions", "rule", "logistic", "tree")),
        validation.read.presence[:, [counter.words["great"]]].toarray().ravel(),
        strict=True,
    ):
        assert ("“great” +" in reasons) == (presence == 1 and logistic == "pos") or "“great”" not in reasons
        assert rule.endswith(f"→ {tree}")


def test_evidence_and_tables_hide_words(understood: tuple[Any, ...]) -> None:
    fits, train, validation = understood

    def hide(word: str) -> str:
        return f"#{len(word)}"

    surrogates = fidelity_evidence(fits, validation)
    rules = rules_in_words(fits, train, validation, NAMES, hide)
    betas = coefficient_table(fits, NAMES, hide)
    split = Split(
        ids=[str(i) for i in range(200)], texts=["?"] * 200, labels=validation.labels, human=None, columns={}
    )
    found = disagreement(fits, fits["readable", "tree"].validation, split, NAMES, hide)
    evidence = surrogate_evidence(fits, surrogates, rules, betas, found)
    assert evidence.n_rows == 400
    assert evidence.coefficients[0].name == betas["feature"][0]
    sizes = [abs(c.beta) for c in evidence.coefficients]
    assert sizes == sorted(sizes, reverse=True)
    told = " ".join([*betas["feature"], *(rule.text for rule in rules), *rule_table(rules)["text"]])
    assert "great" not in told
    assert "#5" in told
