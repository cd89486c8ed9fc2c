"""Served texts are told from the data that the model learned from, and equal ones are not."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from served_models import SHAPLEY, small_model

from whytrain.audit import Chain
from whytrain.audit.answers import Reasons, answers_of, recorded
from whytrain.audit.drift import Drift, drift, recorded_answers
from whytrain.audit.drift_told import told
from whytrain.data.corpus import Corpus, Split
from whytrain.errors import ConfigError
from whytrain.models.saved import SavedModel

IDENTITY = {"run": "r", "version": None, "fingerprint": "f"}


@pytest.fixture(scope="module")
def model() -> SavedModel:
    return small_model()


def sentences(
    n: int, seed: int, words: tuple[str, ...] = ("good", "bad", "film"), length: int = 4
) -> list[str]:
    chosen = random.Random(seed)
    return [" ".join(chosen.choices(words, k=chosen.randint(length - 1, length + 1))) for _ in range(n)]


def corpus_of(train: list[str], validation: list[str]) -> Corpus:
    def split(texts: list[str]) -> Split:
        ids = [f"row-{i}" for i in range(len(texts))]
        return Split(ids=ids, texts=texts, labels=np.arange(len(texts)) % 2, human=None, columns={})

    return Corpus(
        name="x",
        class_names=("neg", "pos"),
        train=split(train),
        validation=split(validation),
        calibration=None,
        test=None,
        notices=(),
        fingerprint="f",
    )


DATA = corpus_of(sentences(50, 1), sentences(60, 2))


def served(
    model: SavedModel, texts: list[str], *, with_text: bool = True, reasons: bool = False
) -> list[dict[str, Any]]:
    answers = answers_of(model, texts)
    if reasons:
        for answer, why in zip(answers, Reasons(model, SHAPLEY, seed=0)(texts), strict=True):
            answer["explanation"] = why
    return [
        {**recorded(a, t, model=IDENTITY, request="q", asked_by=None, with_text=with_text), "hash": str(i)}
        for i, (a, t) in enumerate(zip(answers, texts, strict=True))
    ]


def names(found: Drift) -> list[str]:
    return [look.what for look in found.looks]


def test_texts_like_the_data_show_no_drift(model: SavedModel) -> None:
    found = drift(served(model, sentences(80, 3)), model, DATA)
    assert found.found == []
    assert set(names(found)) == {
        "words not seen in training",
        "words per text",
        "confidence",
        "answers “pos”",
        *(name for name in names(found) if "abstain" in name),
    }
    assert found.missing == ["No answer was explained: which words decide is not compared."]
    assert told(found, "first").startswith("No drift is seen: ")


def test_longer_texts_with_new_words_are_found(model: SavedModel) -> None:
    texts = sentences(40, 4, ("good", "bad", "film", "zebra"), length=9)
    found = drift(served(model, texts), model, DATA)
    looks = {look.what: look for look in found.looks}
    length, unknown = looks["words per text"], looks["words not seen in training"]
    mine, theirs = [[len(t.split()) for t in side] for side in (texts, DATA.validation.texts)]
    assert (length.served, length.held_out) == (np.mean(mine), np.mean(theirs))
    expected = stats.ttest_ind(mine, theirs, equal_var=False)
    assert length.p_value == pytest.approx(
        min(1, len(looks) * expected.pvalue), rel=len(looks)
    )  # Holm's factor
    assert length.difference.low == pytest.approx(expected.confidence_interval().low)
    assert unknown.served == pytest.approx(
        np.mean([t.split().count("zebra") / len(t.split()) for t in texts])
    )
    assert unknown.held_out == 0
    assert {length, unknown} <= set(found.found)
    text = told(found, "first").splitlines()
    assert text[0].startswith("The served texts are not like the data that the model learned from: ")
    assert any(line.startswith("* words per text") and "p < 0.001" in line for line in text)


def test_other_words_decide(model: SavedModel) -> None:
    data = corpus_of(sentences(50, 1), sentences(60, 2, ("film", "good")))
    found = drift(served(model, sentences(60, 5, ("bad", "film")), reasons=True), model, data)
    looks = {look.what: look for look in found.looks}
    decided = looks["answers decided by “bad”"]
    assert decided.held_out == 0
    assert decided.served > 0.5
    assert decided in found.found
    assert found.missing == []


def test_a_private_record_is_compared_by_its_answers_alone(model: SavedModel) -> None:
    found = drift(served(model, sentences(40, 6), with_text=False, reasons=True), model, DATA)
    assert {"confidence", "answers “pos”"} <= set(names(found))
    assert not any("words" in name for name in names(found))
    assert found.missing == ["The record holds hashes in place of texts: nothing of their words is compared."]


def test_the_last_model_s_answers_count_and_equal_texts_once(model: SavedModel, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected a folder with a record"):
        recorded_answers(tmp_path)
    chain = Chain(tmp_path)
    answers = answers_of(model, ["good"])
    for fingerprint, text in (("old", "bad"), ("f", "good"), ("f", "good"), ("f", "film")):
        identity = IDENTITY | {"fingerprint": fingerprint}
        chain.append([recorded(answers[0], text, model=identity, request="q", asked_by=None, with_text=True)])
    identity, found = recorded_answers(tmp_path)
    assert identity["fingerprint"] == "f"
    assert [entry["text"] for entry in found] == ["good", "film"]


def test_a_few_answers_tell_nothing(model: SavedModel) -> None:
    with pytest.raises(ConfigError, match=r"29 served texts and 60 held-out rows: 30 of each"):
        drift(served(model, sentences(29, 7)), model, DATA)
