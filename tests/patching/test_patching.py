"""What a state carries, on a network that was built by hand, and where nothing can be carried."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from small import small_bilstm, wordpiece_tokenizer

from whytrain.data.tokenization import Tokenizer
from whytrain.errors import DataError
from whytrain.models.existing import huggingface_classifier
from whytrain.models.interface import ModelInterface, interface_of
from whytrain.patching import pair_of, patched, without_word

WORDS = ["the", "film", "is", "not", "good", "so", "movie"]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return wordpiece_tokenizer(WORDS, template=False)


@pytest.fixture(scope="module")
def latch(tokenizer: Tokenizer) -> ModelInterface:
    """A network whose forward direction remembers "not", and reads "good" only where it was not there.

    One unit: cell += 1 at "not", else it is kept; h = tanh(cell) where the word is "good", else 0. The mean of
    the states is the answer: it has "not" at the place of "good" only, and the carried cell from "not" on.
    """
    model = small_bilstm(
        vocabulary_size=tokenizer.vocabulary_size, n_classes=2, embedding={"size": 2, "pretrained": None},
        hidden_size=1, pooling="mean",
    ).eval()  # fmt: skip
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        at = {word: tokenizer.pieces([word])[0][0] for word in WORDS}
        model.embedding.weight[at["not"], 0] = 1.0
        model.embedding.weight[at["good"], 1] = 1.0
        # Gates in, forget, candidate, out of the forward direction.
        model.lstm.weight_ih_l0.copy_(torch.tensor([[40.0, 0], [0, 0], [40.0, 0], [0, 40.0]]))
        model.lstm.bias_ih_l0.copy_(torch.tensor([-20.0, 20.0, 0, -20.0]))
        model.classifier.weight.copy_(torch.tensor([[30.0, 0], [0, 0]]))
        model.classifier.bias.copy_(torch.tensor([-1.0, 0]))
    return interface_of(model, tokenizer, 20)


def test_the_hand_built_network(latch: ModelInterface) -> None:
    pair = pair_of("the film is not so good", "the film is so so good", latch)
    assert pair.changed == [3]
    found = patched(latch, pair)
    assert (found.towards, found.against) == (0, 1)
    assert found.layers == ("embeddings", "lstm 1 carried", "lstm 1")
    # mean over 6 words of tanh(1) = 0.76159 at "good", times 30, less 1; gates are closed up to e^-20.
    assert found.difference == pytest.approx(30 * np.tanh(1) / 6 - 1, abs=1e-5)
    assert found.other_difference == pytest.approx(-1, abs=1e-5)
    expected = [
        [0, 0, 0, 1, 0, 0],  # the word itself
        [0, 0, 0, 1, 1, 1],  # the latch, from "not" on
        [0, 0, 0, 0, 0, 1],  # what is read: only "good" shows it
    ]
    np.testing.assert_allclose(found.restored, expected, atol=1e-5)
    assert found.special is None
    assert found.direct == pytest.approx({"embeddings": 1.0, "lstm 1": 0.0}, abs=1e-5)
    assert found.indirect == pytest.approx({"embeddings": 0.0, "lstm 1": 1.0}, abs=1e-5)


def test_decoys_restore_nothing(latch: ModelInterface) -> None:
    pair = pair_of("the film is not so good", "the movie is so so good", latch)
    assert pair.changed == [1, 3]
    found = patched(latch, pair)
    np.testing.assert_allclose(found.restored[0], [0, 0, 0, 1, 0, 0], atol=1e-5)


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
def test_an_additive_split_where_the_readout_adds(tokenizer: Tokenizer, pooling: str) -> None:
    """A mean adds the states of words: direct and indirect effects sum to all; others need not."""
    model = small_bilstm(vocabulary_size=tokenizer.vocabulary_size, pooling=pooling, n_classes=2)
    with torch.no_grad():
        model.embedding.weight.mul_(10)  # differences far above `LEAST`
        model.classifier.weight.mul_(10)
    seen = interface_of(model.eval(), tokenizer, 20)
    found = patched(seen, pair_of("the film is not good", "movie film so not is", seen))
    assert abs(found.total) > 0.1
    total = found.direct["lstm 1"] + found.indirect["lstm 1"]
    assert found.direct["embeddings"] == pytest.approx(1.0, abs=1e-4)
    assert found.indirect["embeddings"] == pytest.approx(0.0, abs=1e-4)
    if pooling in ("mean", "last"):
        assert total == pytest.approx(1.0, abs=1e-4)
        np.testing.assert_allclose(found.restored[-1].sum(), 1.0, atol=1e-4)


def test_a_transformer(bert_folder: Path) -> None:
    model = huggingface_classifier(str(bert_folder), 40).interface
    with torch.no_grad():
        model.module.network.classifier.weight.mul_(100)  # differences far above `LEAST`
    found = patched(model, pair_of("a great film", "a dull film", model))
    assert found.layers == ("embeddings", "layer 1", "layer 2")
    np.testing.assert_allclose(found.restored[0], [0, 1, 0], atol=1e-4)
    # Behind the last layer only the first token is read, which is no word.
    np.testing.assert_allclose(found.restored[2], 0, atol=1e-4)
    assert found.direct["layer 2"] == pytest.approx(0, abs=1e-4)
    assert found.indirect["layer 2"] == pytest.approx(1, abs=1e-4)
    # Special tokens know nothing of the word before the first layer, and everything behind the last.
    assert found.special is not None
    assert found.special[[0, 2]] == pytest.approx([0, 1], abs=1e-4)
    assert found.pair.special == ("[CLS]", "[SEP]")


def test_a_word_is_absent_in_its_place(latch: ModelInterface) -> None:
    encoding = latch.tokenizer.encode_words("the film is not good", 20)
    pair = without_word(encoding, 3, latch)
    assert pair.other_words == ("the", "film", "is", "_", "good")
    assert pair.other_ids[3] == latch.tokenizer.padding_id
    assert (np.delete(pair.other_ids, 3) == np.delete(pair.token_ids, 3)).all()
    np.testing.assert_allclose(patched(latch, pair).restored[1], [0, 0, 0, 1, 1], atol=1e-5)


def test_what_does_not_correspond_is_refused(latch: ModelInterface) -> None:
    with pytest.raises(DataError, match="text= has 3 words, other= 2"):
        pair_of("the film is", "the film", latch)
    with pytest.raises(DataError, match="are the same to the model"):
        pair_of("the film", "the film", latch)
    words = wordpiece_tokenizer(["fil", "##m", "plot"], template=False)
    split = interface_of(small_bilstm(vocabulary_size=words.vocabulary_size).eval(), words, 20)
    with pytest.raises(DataError, match='"film" is 2 tokens of the model, "plot" 1'):
        pair_of("film", "plot", split)


def test_no_share_of_nothing(latch: ModelInterface) -> None:
    found = patched(latch, pair_of("the film is good", "the movie is good", latch))
    assert np.isnan(found.restored).all()
