"""What a probe reads is what is there: known states, known answers, and controls that find nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small import small_bilstm, wordpiece_tokenizer

from whytrain.data.lexicon import NoLexicon
from whytrain.data.tokenization import Tokenizer
from whytrain.data.treebank import parse_tree
from whytrain.models.interface import ModelInterface, interface_of
from whytrain.probing.negation import negation_scope
from whytrain.probing.probe import answers, control_labels, online_compression
from whytrain.probing.states import states_of_parts
from whytrain.probing.study import probe_layers, randomized
from whytrain.probing.tasks import (
    negated_words,
    part_of_speech,
    phrase_sentiment,
    read_sentences,
    word_position,
)

WORDS = ["the", "film", "is", "not", "good", "but", "a", "plot", "bad", "so", ",", "."]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return wordpiece_tokenizer(WORDS)


@pytest.fixture(scope="module")
def model(tokenizer: Tokenizer) -> ModelInterface:
    return interface_of(small_bilstm(pooling="mean", layer_norm=True).eval(), tokenizer, 40)


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """120 sentences; in every second one the three words at the places 3 to 5 are negated."""
    rng = np.random.default_rng(0)
    nouns = [" ".join(rng.choice(["film", "plot", "good", "bad", "so", "a"], size=5)) for _ in range(120)]
    heads = ["the film is" if row % 2 else "film is not" for row in range(120)]
    return [f"{head} {rest} ." for head, rest in zip(heads, nouns, strict=True)]


def test_the_scope_of_a_negation() -> None:
    words = ["it", "does", "n't", "work", ",", "but", "that", "'s", "no", "great", "loss", "."]
    assert [w for w, inside in zip(words, negation_scope(words), strict=True) if inside] == [
        "work",
        "great",
        "loss",
    ]
    assert negation_scope(["I", "don't", "like", "it.", "Really", "good"]) == [
        False,
        False,
        True,
        True,
        False,
        False,
    ]
    assert not any(negation_scope(["never", ".", "ever"]))


def test_labels_are_balanced_within_places(tokenizer: Tokenizer, texts: list[str]) -> None:
    sentences = read_sentences(texts, tokenizer, 40)
    task = negated_words(sentences, 200, np.random.default_rng(0))
    assert task is not None
    assert task.labels == ("negated", "not negated")
    assert 180 <= len(task) <= 200
    for place in np.unique(task.begin):
        assert task.label[task.begin == place].mean() == 0.5
    # The place alone says nothing; the negation before does.
    assert set(task.begin.tolist()) == {3, 4, 5, 6, 7}


def test_words_are_told_apart_without_wordnet(tokenizer: Tokenizer, texts: list[str]) -> None:
    task = part_of_speech(read_sentences(texts, tokenizer, 40), NoLexicon(), 100, np.random.default_rng(0))
    assert task is not None
    assert task.labels == ("content word", "function word")
    assert task.word is not None
    told = {(word, task.labels[label]) for word, label in zip(task.word, task.label, strict=True)}
    assert ("film", "content word") in told
    assert ("is", "function word") in told
    assert "." not in task.word


class FewKinds:
    """Knows the kind of one word."""

    def part_of_speech(self, word: str) -> str | None:
        """Return it."""
        return "n" if word == "film" else NoLexicon().part_of_speech(word)

    synonyms = antonyms = NoLexicon().synonyms


def test_what_a_lexicon_lacks_is_a_kind_of_its_own(tokenizer: Tokenizer, texts: list[str]) -> None:
    task = part_of_speech(read_sentences(texts, tokenizer, 40), FewKinds(), 100, np.random.default_rng(0))
    assert task is not None
    assert task.word is not None
    assert task.labels == ("function word", "noun", "other")
    told = {word: task.labels[label] for word, label in zip(task.word, task.label, strict=True)}
    assert told["film"] == "noun"
    assert told["good"] == "other"


def test_too_few_parts_are_no_task(tokenizer: Tokenizer) -> None:
    sentences = read_sentences(["the film is good", "", "a plot"], tokenizer, 40)
    assert len(sentences) == 2
    assert word_position(sentences, 100, np.random.default_rng(0)) is None
    assert negated_words(sentences, 100, np.random.default_rng(0)) is None


def test_phrases_of_trees_keep_their_place(tokenizer: Tokenizer) -> None:
    trees = [
        parse_tree("(3 (2 (2 the) (2 film)) (3 (2 is) (3 good)))"),
        parse_tree("(1 (2 (2 the) (2 plot)) (1 (2 is) (1 bad)))"),
    ] * 40
    task = phrase_sentiment(trees, tokenizer, 40, 90, np.random.default_rng(0))
    assert task is not None
    assert task.labels == ("negative", "neutral", "positive")
    assert task.word is None
    # Only phrases of two words have all three opinions: "the film", "is good", "is bad".
    assert set(zip(task.begin, task.end, strict=True)) == {(0, 2), (2, 4)}
    assert (task.label == np.where(task.begin == 0, 1, task.label)).all()


def test_states_are_means_over_the_tokens_of_a_part(model: ModelInterface, texts: list[str]) -> None:
    sentences = read_sentences([*texts, "the film", "a"], model.tokenizer, 40)
    task = word_position(sentences, 50, np.random.default_rng(0))
    assert task is not None
    found = states_of_parts(model, task)
    for part in (0, len(task) // 2, len(task) - 1):
        encoding = task.sentences[task.sentence[part]]
        inside = (encoding.word_of_token >= task.begin[part]) & (encoding.word_of_token < task.end[part])
        with torch.no_grad():
            alone = model.through_layers(torch.from_numpy(encoding.token_ids)[None], None)
        for layer in ("embeddings", "lstm 1", "normalized"):
            expected = alone.states[layer][0, inside].mean(dim=0).numpy()
            # Batches add in another order than single sentences: some 1e-7 of values near 1.
            np.testing.assert_allclose(found[layer][part], expected, atol=1e-5)


def test_a_probe_reads_what_is_there_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=600)
    taught = np.arange(600) < 400
    noise = rng.normal(size=(600, 10)).astype(np.float32)
    told = noise.copy()
    told[:, :3] += 5 * np.eye(3, dtype=np.float32)[labels]
    sentence = np.arange(600) // 3
    assert (answers(told, labels, taught).argmax(axis=1) == labels[400:]).mean() > 0.98
    # 200 guesses among three: 4 standard deviations are 0.13.
    assert abs((answers(noise, labels, taught).argmax(axis=1) == labels[400:]).mean() - 1 / 3) < 0.13
    assert online_compression(told, labels, sentence, rng) > 3
    assert online_compression(noise, labels, sentence, rng) < 1.05


def test_the_code_by_hand() -> None:
    """States that say nothing: every probe learns the shares of two labels, 1/2 each, one bit per part."""
    labels = np.tile([0, 1], 64)
    states = np.zeros((128, 2), dtype=np.float32)
    found = online_compression(states, labels, np.arange(128) // 2, np.random.default_rng(0))
    assert found == pytest.approx(1.0, abs=1e-6)


def test_a_probe_that_learns_words_by_heart_is_not_selective() -> None:
    words = [f"word{i % 20}" for i in range(800)]
    states = np.eye(20, dtype=np.float32)[[i % 20 for i in range(800)]]
    control = control_labels(words, 2, np.random.default_rng(0))
    assert all(len({int(control[j]) for j in range(i, 800, 20)}) == 1 for i in range(20))
    assert (answers(states, control, np.arange(800) < 400).argmax(axis=1) == control[400:]).all()


def test_what_words_do_not_tell_rises_behind_the_embeddings(model: ModelInterface, texts: list[str]) -> None:
    """Untrained steps carry "not" on: behind it words are told apart that look alike in the embeddings."""
    task = negated_words(read_sentences(texts, model.tokenizer, 40), 600, np.random.default_rng(0))
    assert task is not None
    twin = randomized(model, 3)
    assert twin.module is not model.module
    found = probe_layers(model, twin, task, seed=0)
    embeddings, lstm = found.layers[0], found.layers[1]
    assert (embeddings.layer, lstm.layer) == ("embeddings", "lstm 1")
    assert embeddings.rise is None
    assert embeddings.accuracy.contains(0.5)
    assert lstm.rise is not None
    assert lstm.rise.low > 0.1
    assert lstm.accuracy.low > embeddings.accuracy.high
    assert lstm.selectivity is not None
    assert lstm.control is not None
    assert lstm.selectivity.estimate == pytest.approx(lstm.accuracy.estimate - lstm.control.estimate)
    assert lstm.gain.estimate == pytest.approx(lstm.accuracy.estimate - lstm.random_weights.estimate)
    assert found.n_sentences == 48  # 40% of 120
    assert found.chance == 0.5
