"""The floor against scikit-learn used directly, and for text that is short, few or unspaced."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from whytrain.baselines import bag_of_words as floor
from whytrain.baselines.bag_of_words import floor_accuracies
from whytrain.data.corpus import Corpus, Split


def corpus(train: dict[str, int], validation: dict[str, int], names: tuple[str, ...] = ("a", "b")) -> Corpus:
    def split(rows: dict[str, int]) -> Split:
        ids = [str(number) for number in range(len(rows))]
        return Split(ids=ids, texts=list(rows), labels=np.array(list(rows.values())), human=None, columns={})

    return Corpus(
        name="small",
        class_names=names,
        train=split(train),
        validation=split(validation),
        calibration=None,
        test=None,
        notices=(),
        fingerprint="f" * 8,
    )


def floor_accuracy(given: Corpus, cache: Path) -> float:
    return floor_accuracies(given, cache)["validation"]


def random_rows(n: int, n_classes: int, seed: int) -> dict[str, int]:
    generator = np.random.default_rng(seed)
    rows = {}
    for _ in range(n):
        label = int(generator.integers(n_classes))
        words = generator.choice([f"w{k}" for k in range(12)] + [f"c{label}!"] * 2, 6)
        rows[" ".join(words)] = label
    return rows


@pytest.mark.parametrize("n_classes", [2, 3])
def test_against_scikit_learn(tmp_path, n_classes):
    names = ("a", "b", "c")[:n_classes]
    train, validation = random_rows(150, n_classes, 0), random_rows(60, n_classes, 1)
    got = floor_accuracy(corpus(train, validation, names), tmp_path)
    counter = CountVectorizer(tokenizer=str.split, token_pattern=None, ngram_range=(1, 2))
    weigh = TfidfTransformer(sublinear_tf=True)
    solver = "liblinear" if n_classes == 2 else "lbfgs"
    model = LogisticRegression(C=10, solver=solver)
    model.fit(weigh.fit_transform(counter.fit_transform(train)), list(train.values()))
    predicted = model.predict(weigh.transform(counter.transform(validation)))
    expected = (predicted == np.array(list(validation.values()))).mean()
    assert got == expected
    assert 0.6 < got < 1.0  # neither chance nor trivial: another recipe would give another number


def test_text_without_spaces(tmp_path):
    train = {"这部电影很好看": 1, "剧情很好": 1, "音乐真好": 1, "演员很差": 0, "太差了": 0, "剧情差劲": 0}
    assert floor_accuracy(corpus(train, {"画面好": 1, "结局差": 0}), tmp_path) == 1.0


def test_two_rows_are_enough(tmp_path):
    assert floor_accuracy(corpus({"good": 1, "bad": 0}, {"good!": 1, "bad": 0}), tmp_path) in {0.5, 1.0}


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How often the floor was computed."""
    calls = []
    compute = floor._predictions
    monkeypatch.setattr(floor, "_predictions", lambda given: calls.append(given) or compute(given))
    return lambda: len(calls)


def test_it_is_computed_once_and_a_damaged_note_is_no_obstacle(tmp_path, counted):
    data = corpus({"good": 1, "bad": 0}, {"bad": 0})
    assert floor_accuracy(data, tmp_path) == floor_accuracy(data, tmp_path) == 1.0
    assert counted() == 1
    [note] = tmp_path.rglob("*.json")
    note.write_text('{"pred')
    assert floor_accuracy(data, tmp_path) == 1.0
    assert counted() == 2


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(tmp_path, counted, caplog):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with caplog.at_level(logging.WARNING):
        assert floor_accuracy(corpus({"good": 1, "bad": 0}, {"bad": 0}), Path(blocked)) == 1.0
    assert counted() == 1
    assert "goes on without this cache" in caplog.text


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_share_of_two_words_against_taking_features_one_by_one(tmp_path, n_classes):
    names = ("a", "b", "c")[:n_classes]
    train = random_rows(80, n_classes, 0)
    got = floor.floor_two_words(corpus(train, random_rows(5, n_classes, 1), names), tmp_path)
    words = TfidfVectorizer(tokenizer=str.split, token_pattern=None, ngram_range=(1, 2), sublinear_tf=True)
    values = words.fit_transform(train).toarray()
    labels = list(train.values())
    model = LogisticRegression(C=10, solver="liblinear" if n_classes == 2 else "lbfgs").fit(values, labels)
    features = words.get_feature_names_out()
    for row, label in enumerate(labels):
        weights = model.coef_[0 if n_classes == 2 else label]
        parts: dict[str, float] = {}
        for feature, part in zip(features, values[row] * weights, strict=True):
            for word in feature.split(" "):
                parts[word] = parts.get(word, 0.0) + part / len(feature.split(" "))
        sizes = sorted(map(abs, parts.values()))
        assert got[row] == pytest.approx(sum(sizes[-2:]) / sum(sizes))
    again = floor.floor_two_words(corpus(train, random_rows(5, n_classes, 1), names), tmp_path)
    np.testing.assert_array_equal(again, got)


def test_check_rows_are_answered_by_the_same_floor(tmp_path, counted):
    known = corpus({"good film": 1, "bad film": 0, "good plot": 1, "bad plot": 0}, {"good": 1, "bad": 0})
    check = corpus({}, {"good": 0, "bad": 0, "bad bad": 0}).validation
    checked = replace(known, check=check)
    found = floor_accuracies(checked, tmp_path)
    assert found == {"validation": 1.0, "check": pytest.approx(2 / 3)}  # it says good of what is labeled bad
    assert floor_accuracies(checked, tmp_path) == found
    assert counted() == 1  # fitted once for both
    other = replace(known, check=corpus({}, {"good": 1}).validation)
    assert floor_accuracies(other, tmp_path)["check"] == 1.0  # other rows are asked anew
    assert floor_accuracies(known, tmp_path) == {"validation": 1.0}
