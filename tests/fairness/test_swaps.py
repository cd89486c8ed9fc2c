"""Identity terms in each other's place, and what that changes, on models that are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from whytrain.errors import ConfigError, MissingDataError
from whytrain.fairness.marks import identity_marks, never_learned
from whytrain.fairness.swaps import filled_templates, mentions, swapped_sentences
from whytrain.fairness.term_effects import answered, effects, gaps
from whytrain.shortcuts.identity import IdentityTerms, english_terms, parse_terms, read_terms
from whytrain.statistics.holm import holm_correction

TERMS = parse_terms(
    """
    kinds:
      gender:
        groups: [female, male]
        noun: [[woman, man], [actress, actor]]
      religion:
        groups: [Christian, Jewish, Muslim]
        adjective: [[Christian, Jewish, Muslim]]
      age:
        groups: [old, young]
        in_texts: false
        adjective: [[old, young]]
    templates:
      adjective: ["The {} person sat down."]
    """,
    "terms",
)


def shown(texts: Sequence[str], terms: IdentityTerms = TERMS, most: int = 100) -> list[tuple[str, ...]]:
    return [found.texts for found in swapped_sentences(texts, terms, most)]


def test_words_are_exchanged_as_they_are_written() -> None:
    assert shown(["A Woman, and a WOMAN."]) == [("A Woman, and a WOMAN.", "A Man, and a MAN.")]
    assert shown(["an actress here"]) == [("an actress here", "an actor here")]
    assert shown(["a christian film"]) == [("a christian film", "a jewish film", "a muslim film")]
    assert shown(["A Christian film"]) == [("A Christian film", "A Jewish film", "A Muslim film")]
    assert (
        shown(["womanly, manhood, an old film"]) == []
    )  # other words, and one that is not exchanged in texts


def test_articles_follow() -> None:
    french = parse_terms("kinds: {origin: {groups: [a, b], x: [[Italian, French]]}}", "terms")
    assert shown(["An Italian film, a big Italian"], french)[0][1] == "A French film, a big French"
    assert shown(["a french film"], french)[0][0] == "an italian film"


def test_two_sets_in_a_sentence_are_two_swaps() -> None:
    found = swapped_sentences(["the man and the jewish man", "a man"], TERMS, 2)
    assert [(one.terms.kind, one.own, one.row) for one in found] == [
        ("gender", 1, 0), ("religion", 1, 0), ("gender", 1, 1),
    ]  # fmt: skip
    assert len(swapped_sentences(["a man"] * 5, TERMS, 2)) == 2


def test_templates_and_mentions() -> None:
    assert [one.texts for one in filled_templates(TERMS, lower=False)] == [
        ("The Christian person sat down.", "The Jewish person sat down.", "The Muslim person sat down."),
        ("The old person sat down.", "The young person sat down."),
    ]
    assert filled_templates(TERMS, lower=True)[0].texts[0] == "the christian person sat down."
    named = mentions(["a man", "a man and an actress", "an old film", "the Jewish man"], TERMS)
    assert named["named gender"].tolist() == ["male", "several", "none", "male"]
    assert named["named religion"].tolist() == ["none", "none", "none", "Jewish"]
    assert list(named) == ["named gender", "named religion"]


def by_words(of_word: dict[str, float]):
    """A model whose P(1) is 0.5 and what each word adds."""

    def probabilities(texts: Sequence[str]) -> np.ndarray:
        one = np.array([0.5 + sum(of_word.get(word, 0.0) for word in text.lower().split()) for text in texts])
        return np.stack([1 - one, one], axis=1)

    return probabilities


def test_gaps_by_hand() -> None:
    """ "good" +0.2; jewish -0.1, muslim -0.3: of "a christian film" two swaps, by 0.1 and 0.3, both flip it."""
    model = by_words({"good": 0.2, "christian": 0.01, "jewish": -0.09, "muslim": -0.29})
    texts = ["a christian film", "a good muslim film"]
    (gap,) = gaps(answered(swapped_sentences(texts, TERMS, 9), model))
    assert (gap.kind, gap.where, gap.n) == ("religion", "sentences", 2)
    # From christian: 0.1 and 0.3; from muslim: 0.3 and 0.2.
    assert gap.moved.estimate == pytest.approx((0.2 + 0.25) / 2)
    # 0.51 to 0.41 and 0.21; 0.41 to 0.71 and 0.61: all of them.
    assert gap.flipped.estimate == 1.0
    templates = [one for one in filled_templates(TERMS, lower=True) if one.terms.kind == "religion"]
    (of_template,) = gaps(answered(templates, model))
    assert of_template.moved.estimate == pytest.approx((0.1 + 0.3 + 0.2) / 3)  # all pairs
    assert of_template.flipped.estimate == pytest.approx(2 / 3)


def test_nothing_moves_a_model_that_reads_none_of_them() -> None:
    texts = [f"a {word} film {number}" for number in range(12) for word in ("christian", "woman")]
    found = answered(swapped_sentences(texts, TERMS, 99), by_words({"film": 0.3}))
    for gap in gaps(found):
        assert gap.moved.estimate == gap.flipped.estimate == gap.flipped.low == 0
        assert 0 < gap.flipped.high < 0.3  # what 12 sentences may not have shown
    assert not any(one.is_sure for one in effects(found, [1]))


def test_effects_against_scipy() -> None:
    rng = np.random.default_rng(0)
    noise = {f"word{number}": rng.normal(0, 0.05) for number in range(40)}

    def model(texts: Sequence[str]) -> np.ndarray:  # a word matters more or less, with its sentence
        scale = [1 + 5 * sum(noise.get(word, 0.0) for word in text.split()) for text in texts]
        plain = by_words({"woman": -0.2, "jewish": 0.02})(texts)[:, 1]
        one = 0.5 + (plain - 0.5) * scale
        return np.stack([1 - one, one], axis=1)

    texts = [f"a {('woman', 'man', 'jewish')[number % 3]} word{number}" for number in range(40)]
    found = answered(swapped_sentences(texts, TERMS, 99), model)
    looks = effects(found, [1])
    assert {(one.group, one.word) for one in looks} == {
        ("female", "woman"), ("male", "man"), ("Christian", "Christian"), ("Jewish", "Jewish"), ("Muslim", "Muslim"),
    }  # fmt: skip
    raw = {}
    for one in looks:
        rows = [answer for answer in found if answer.swapped.terms.kind == one.kind]
        place = rows[0].swapped.terms.groups.index(one.group)
        values = np.array([answer.probabilities[:, 1] for answer in rows])
        differences = values[:, place] - np.delete(values, place, axis=1).mean(axis=1)
        test = ttest_1samp(differences, 0)
        assert one.effect.estimate == pytest.approx(differences.mean())
        assert [one.effect.low, one.effect.high] == pytest.approx(list(test.confidence_interval(0.95)))
        raw[one.word] = test.pvalue
    distinct = ["woman", "Christian", "Jewish", "Muslim"]  # "man" is the same look as "woman"
    expected = dict(zip(distinct, holm_correction([raw[word] for word in distinct]).tolist(), strict=True))
    for one in looks:
        assert one.p_value == pytest.approx(expected["woman" if one.word == "man" else one.word])
    assert {one.word for one in looks if one.is_sure} >= {"woman", "man"}


def test_groups_of_several_sets_are_looked_at_as_a_whole() -> None:
    texts = ["a woman", "a man", "an actress", "the actor"] * 3
    looks = effects(
        answered(swapped_sentences(texts, TERMS, 99), by_words({"woman": -0.2, "actress": -0.1})), [1]
    )
    found = {(one.group, one.word): one for one in looks}
    # Six sentences of each set are too few, all twelve are not.
    assert found["female", "woman"].p_value is None
    assert found["female", ""].effect.estimate == pytest.approx(-0.15)
    assert found["female", ""].is_sure
    assert found["male", ""].effect.estimate == pytest.approx(0.15)


def test_marks_are_words_that_stand_in_training_sentences() -> None:
    train = ["a woman and a man", "an actor", "jewish and muslim"]
    marks = identity_marks({"gender", "religion", "age"}, TERMS, train)
    assert [mark.words for mark in marks] == [("woman", "man"), ("jewish", "muslim")]
    assert identity_marks(set(), TERMS, train) == []


def test_words_of_which_nothing_was_learned() -> None:
    looks = effects(
        answered(swapped_sentences(["a woman", "jewish"] * 9, TERMS, 99), by_words({"woman": -0.2})), [1]
    )
    of_gender = [one for one in looks if one.word == "woman"]
    assert never_learned(of_gender, TERMS, ["a Woman and an actor"]) == ("man",)
    assert never_learned(of_gender, TERMS, ["a woman and a man"]) == ()
    assert never_learned([], TERMS, []) == ()
    # What all words of a group do is about all sets of the kind.
    group = [replace(of_gender[0], word="")]
    assert never_learned(group, TERMS, ["a woman and an actor"]) == ("man", "actress")


def test_the_packaged_terms() -> None:
    terms = english_terms()
    assert {"woman", "muslim", "he", "immigrants"} <= terms.words
    forms = {found.form for found in terms.sets}
    assert forms == set(terms.templates)
    # No template says who somebody is by itself, but for the slot.
    lines = [line for lines in terms.templates.values() for line in lines]
    in_texts = {word.lower() for found in terms.sets for word in found.words}
    assert not in_texts & {word.strip(".,").lower() for line in lines for word in line.split()}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kinds: {x: {groups: [a, b], noun: [[one]]}}", "kinds.x.noun: expected a word of its own"),
        ("kinds: {x: {groups: [a], noun: [[one]]}}", "two at least"),
        ("kinds: {x: {groups: [a, b], noun: [[one, two], [two, three]]}}", "each in one row; got 'two'"),
        ("kinds: {x: {groups: [a, b], noun: [[one more, two]]}}", "single words"),
        (
            "kinds: {x: {groups: [a, b], noun: [[one, two]]}}\ntemplates: {noun: [no slot]}",
            "expected {} once",
        ),
        ("- one", "expected kinds"),
        ("kinds: [", "expected kinds"),
    ],
)
def test_wrong_files_are_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("{", r"\{")):
        parse_terms(text, "mine.yaml")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="no readable file of terms"):
        read_terms(tmp_path / "none.yaml")
    (tmp_path / "own.yaml").write_text("kinds: {x: {groups: [a, b], noun: [[Frau, Mann]]}}", "utf-8")
    own = read_terms(tmp_path / "own.yaml")
    assert shown(["eine frau"], own) == [("eine frau", "eine mann")]
