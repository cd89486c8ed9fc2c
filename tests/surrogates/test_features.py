"""Features that a person can read."""

from __future__ import annotations

import numpy as np

from whytrain.surrogates.features import Feature, WordCounter

TEXTS = ["Great, really GREAT!", "not great", "so dull … is it?", "这部电影很好"]


def column(name: str, texts: list[str] = TEXTS) -> list[float]:
    form = WordCounter(texts).read(texts).form
    names = [feature.what for feature in form.features]
    return form.values[:, names.index(name)].tolist()


def test_form_counts_by_hand() -> None:
    assert column("length in words") == [3, 2, 5, 6]
    assert column("punctuation marks") == [2, 0, 2, 0]
    assert column("question marks") == [0, 0, 1, 0]
    assert column("exclamation marks") == [1, 0, 0, 0]
    assert column("negation") == [0, 1, 0, 0]
    assert column("exclamation marks", ["好\uff01", "坏\uff1f"]) == [1, 0]


def test_words_are_bare_and_present_or_absent() -> None:
    counter = WordCounter(TEXTS)
    presence = counter.read(TEXTS).presence.toarray()
    assert presence[:, counter.words["great"]].tolist() == [1, 1, 0, 0]  # twice in the first, yet 1
    assert presence[:, counter.words["好"]].tolist() == [0, 0, 0, 1]
    assert "great," not in counter.words
    assert counter.read(["unheard of"]).presence.sum() == 0


def test_words_pairs_and_scores_stand_side_by_side() -> None:
    texts = ["good bad", "bad and good", "good", "ugly"]
    counter = WordCounter(texts)
    chosen = [
        Feature(kind="score", words=("bad", "good"), what="score for p", weights=(-1.5, 2.0)),
        Feature(kind="pair", words=("bad", "good")),
        Feature(kind="word", words=("ugly",)),
    ]
    table = counter.read(texts).table(counter.words, chosen)
    assert [feature.kind for feature in table.features[:3]] == ["word", "pair", "score"]
    expected = [[0, 1, 0.5], [0, 1, 0.5], [0, 0, 2.0], [1, 0, 0]]
    np.testing.assert_allclose(table.values.toarray()[:, :3], expected)
    assert table.values.shape == (4, len(table.features))
    np.testing.assert_allclose(table.select(np.array([2, 0])).values.toarray()[:, 2], [2.0, 0.5])


def test_nothing_chosen_leaves_the_form() -> None:
    read = WordCounter(TEXTS).read(TEXTS)
    table = read.table({}, [])
    np.testing.assert_array_equal(table.values.toarray(), read.form.values)


def test_names_can_hide_words() -> None:
    assert Feature(kind="pair", words=("bad", "good")).name(str.upper) == "“BAD” + “GOOD”"
    assert Feature(kind="hidden", what="hidden mean 3").name(str.upper) == "hidden mean 3"
    presences = [
        Feature(kind="word", words=("a",)),
        Feature(kind="form", what="negation"),
        Feature(kind="form", what="length"),
    ]
    assert [feature.is_presence for feature in presences] == [True, True, False]
