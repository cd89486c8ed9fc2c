"""Absent words filled in by a masked language model that learned a language whose chances are known.

Its sentences: "now" or "then", as often; behind it "red rose" or "blue sky", as often.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small import small_bilstm, wordpiece_tokenizer
from torch import Tensor, nn

import whytrain as wt
from whytrain.attribution.ask import Ask
from whytrain.attribution.removal import removal_of
from whytrain.attribution.shapley.explainer import Shapley
from whytrain.attribution.target import ClassTarget
from whytrain.attribution.units import Units, players_in
from whytrain.errors import ConfigError
from whytrain.models.interface import ModelInterface, interface_of
from whytrain.models.masked_language_model import MaskedLanguageModel, masked_language_model

FREE, PAIRS = ("now", "then"), (("red", "rose"), ("blue", "sky"))
SENTENCES = [(free, *pair) for free, pair in product(FREE, PAIRS)]
PAYOFF = ClassTarget(name="yes", index=1, payoff="log_odds")
TEXT = "now red rose"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A masked language model that was trained on every way to mask the four sentences."""
    from transformers import BertConfig, BertForMaskedLM

    folder = tmp_path_factory.mktemp("language")
    tokenizer = wordpiece_tokenizer(["now", "then", "red", "blue", "rose", "sky", "##s"])
    tokenizer.save(folder)
    torch.manual_seed(0)
    network = BertForMaskedLM(
        BertConfig(
            vocab_size=tokenizer.vocabulary_size, hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
            intermediate_size=64, max_position_embeddings=8, hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
    )  # fmt: skip
    ids = torch.tensor([tokenizer.framed([tokenizer.pieces([w])[0][0] for w in s]) for s in SENTENCES])
    hidden = torch.tensor([[0, *bits, 0] for bits in product((0, 1), repeat=3)][1:]).bool()
    texts = ids.repeat_interleave(len(hidden), 0)
    masked = hidden.repeat(len(ids), 1)
    labels = texts.masked_fill(~masked, -100)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(200):
        given = texts.masked_fill(masked, tokenizer.mask_id or 0)
        loss = network(input_ids=given, attention_mask=torch.ones_like(given), labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    network.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def language(folder: Path) -> MaskedLanguageModel:
    found = masked_language_model(name_or_path=str(folder), samples=4)
    assert found is not None
    return found


class Adding(nn.Module):
    """Log-odds: the sum of the weights of a text's tokens."""

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.weights = nn.Parameter(weights)

    def forward(self, token_ids: Tensor, mask: Tensor | None) -> Tensor:
        values = self.weights[token_ids]
        total = (values if mask is None else values * mask).sum(dim=1)
        return torch.stack([torch.zeros_like(total), total], dim=1)


@pytest.fixture(scope="module")
def adding() -> ModelInterface:
    """A classifier with another vocabulary: it reads "now" and "rose" (two pieces), and never "red"."""
    tokenizer = wordpiece_tokenizer(["sky", "ro", "##se", "blue", "red", "then", "now"], template=False)
    weights = torch.zeros(tokenizer.vocabulary_size)
    for word, weight in {"now": 0.5, "then": -0.5, "rose": 1.0, "sky": -1.0}.items():
        weights[list(tokenizer.pieces([word])[0])] = weight / len(tokenizer.pieces([word])[0])
    return interface_of(Adding(weights), tokenizer, 20)


def units_of(model: ModelInterface, text: str = TEXT) -> Units:
    return players_in(text, model.tokenizer, model.max_tokens, "word")


def test_what_is_known_together_shares_the_credit(
    adding: ModelInterface, language: MaskedLanguageModel
) -> None:
    """The classifier reads "rose" alone; but who knows "red" knows "rose", and the other way around.

    v(nothing) = 0, for each is as probable; "red", "rose" or both: 1; "now": 0.5 more. So φ = ½, ½, ½.
    """
    model = adding.filled_by(language)
    method = Shapley(absences=None, exact_words=14, budget=1024)
    filled, blank = method(Ask(model, units_of(model)), PAYOFF, seed=0)
    assert (filled.absence, blank.absence) == ("infilled", "padding")
    # Draws are whole words: with chances right to 1% the means of four are those of the language.
    np.testing.assert_allclose(filled.scores, [0.5, 0.5, 0.5], atol=1e-6)
    np.testing.assert_allclose(blank.scores, [0.5, 0.0, 1.0], atol=1e-6)
    assert filled.total == pytest.approx((0.0, 1.5), abs=1e-6)
    assert filled.pairs is not None
    # "red" and "rose" say the same: -1 for both together; each is independent of "now".
    np.testing.assert_allclose(filled.pairs.scores, [[0, 0, 0], [0, 0, -1], [0, -1, 0]], atol=1e-6)


def test_an_unlikely_text_stays_as_it_is(adding: ModelInterface, language: MaskedLanguageModel) -> None:
    model = adding.filled_by(language)
    ask = Ask(model, units_of(model, "red roses sky"))
    everything = ask.logits(np.ones((1, 3), dtype=bool), ask.removal())
    np.testing.assert_array_equal(
        everything, model(torch.from_numpy(ask.units.token_ids)[None], None).detach()
    )


def test_words_are_drawn_to_fit_each_other(folder: Path) -> None:
    language = masked_language_model(name_or_path=str(folder), samples=40)
    assert language is not None
    known = np.array([[False] * 3, [True, False, False], [True] * 3, [False] * 3])
    drawn = language.drawn(TEXT.split(), known)
    assert drawn.shape == (4, 40, 3)
    assert {tuple(text) for text in drawn.reshape(-1, 3)} <= set(SENTENCES)
    # Spread evenly: a chance of ½ gives 20 of 40, up to what the network's own chance is off (by 1%).
    for place, word in enumerate(TEXT.split()):
        assert (drawn[0, :, place] == word).sum() == pytest.approx(20, abs=1)
    assert set(drawn[1, :, 0]) == {"now"}
    assert {tuple(text) for text in drawn[2]} == {tuple(TEXT.split())}
    np.testing.assert_array_equal(drawn[3], drawn[0])


def test_the_seed_decides_and_nothing_else(folder: Path) -> None:
    def drawn(seed: int, known: np.ndarray) -> list[Any]:
        language = masked_language_model(name_or_path=str(folder), samples=6, seed=seed)
        assert language is not None
        state = torch.get_rng_state()
        found = language.drawn(TEXT.split(), known).tolist()
        assert torch.equal(torch.get_rng_state(), state)
        return found

    some = np.array([[False, False, True], [False] * 3])
    assert drawn(0, some) == drawn(0, some)
    assert drawn(0, some)[1] == drawn(0, some[1:])[0]  # alone as in company
    assert any(drawn(0, some) != drawn(seed, some) for seed in (1, 2, 3))


@pytest.mark.parametrize("template", [True, False])
def test_a_bilstm_is_asked_about_the_filled_texts(language: MaskedLanguageModel, template: bool) -> None:
    """Each set of words: the mean of the logits of the texts drawn, each asked on its own."""
    tokenizer = wordpiece_tokenizer(["r", "##ed", "##ose", "sky", "blue", "now", "then"], template=template)
    network = small_bilstm(vocabulary_size=tokenizer.vocabulary_size, n_classes=2).eval()
    model = interface_of(network, tokenizer, 20).filled_by(language)
    ask = Ask(model, units_of(model))
    present = np.array([[False, True, False], [False] * 3, [True] * 3])
    found = ask.logits(present, ask.removal("infilled"))
    for row, texts in enumerate(language.drawn(TEXT.split(), present)):
        ids = [tokenizer.encode([" ".join(text)], 20)[0] for text in texts]
        each = [network(torch.from_numpy(i.astype(np.int64))[None], None)[0].detach().numpy() for i in ids]
        np.testing.assert_allclose(found[row], np.mean(each, axis=0), atol=1e-6)  # float32 sums of 4


def test_longer_texts_are_cut_where_the_classifier_ends(language: MaskedLanguageModel) -> None:
    tokenizer = wordpiece_tokenizer(["now", "##n", "t", "##hen", "rose", "r", "##ed", "b", "##lue", "sky"])
    network = small_bilstm(vocabulary_size=tokenizer.vocabulary_size, n_classes=2).eval()
    model = interface_of(network, tokenizer, 6).filled_by(language)
    removal = removal_of("infilled", model)
    assert removal.fill is not None
    lengths = {}
    for _, ids in removal.fill(units_of(model, "now red sky"), np.array([[False] * 3])):
        lengths[ids.shape[1]] = ids[:, -1]
    assert max(lengths) == 6  # "[CLS] t ##hen r ##ed rose [SEP]" is 7
    assert all((last == 3).all() for last in lengths.values())


def test_more_words_than_the_budget_allows_are_estimated(
    adding: ModelInterface, language: MaskedLanguageModel
) -> None:
    model, method = adding.filled_by(language), Shapley(absences=None, exact_words=14, budget=16)
    assert method.cost(model, 4) == 2 * 16
    text = "now red rose then sky"
    filled, blank = method(Ask(model, units_of(model, text)), PAYOFF, seed=0)
    assert filled.standard_errors is not None
    assert blank.standard_errors is None


def test_from_python(folder: Path) -> None:
    def knows_now(texts: list[str]) -> np.ndarray:
        yes = np.array([0.9 if "now" in text.split() else 0.2 for text in texts])
        return np.stack([1 - yes, yes], axis=1)

    function = wt.from_function(knows_now, ["no", "yes"])
    explained = wt.explain(wt.infilled(function, folder, samples=2), TEXT, label="yes")
    filled, removed = explained.attributions
    assert (filled.variant, removed.variant) == ("infilled", "removed")
    # "now" against an even draw of "now" and "then": half of log(9) − log(¼); nothing else matters.
    np.testing.assert_allclose(filled.scores, [np.log(36) / 2, 0, 0], atol=1e-6)
    assert "2 texts for each set of words" in " ".join(explained.result.notes)


def test_several_methods_and_scores(folder: Path, bert_folder: Path) -> None:
    model = wt.infilled(wt.from_huggingface(bert_folder), folder, samples=2)
    explained = wt.explain(model, "a red sky", explainers=["occlusion", "lime", "kernel_shap"])
    assert {a.absence for a in explained.attributions} == {"infilled"}
    scored = wt.score_explanations(
        model,
        ["a red sky", "now blue rose"],
        explainers=["occlusion", "random"],
        scores=["comprehensiveness"],
    )
    assert scored.result is not None


def test_what_cannot_fill(
    adding: ModelInterface, language: MaskedLanguageModel, folder: Path, bert_folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="masked language model fills absent words in, and none is named"):
        removal_of("infilled", adding)
    with pytest.raises(ConfigError, match="has no trained head that says which word is masked"):
        masked_language_model(name_or_path=str(bert_folder), samples=1)
    with pytest.raises(ConfigError, match=r"infill.name_or_path=.*: no masked language model"):
        masked_language_model(name_or_path=str(tmp_path / "nowhere"), samples=1)
    bare = wordpiece_tokenizer(["now"])
    bare.mask_id = None  # type: ignore[misc]
    with pytest.raises(ConfigError, match="tokenizer has no mask token"):
        MaskedLanguageModel(language.network, bare, name="bare", samples=1, seed=0)
    model = adding.filled_by(language)
    removal, long = removal_of("infilled", model), units_of(model, " ".join(["now"] * 7))
    with pytest.raises(ConfigError, match="reads at most 8 tokens, the text has 9"):
        Ask(model, long).logits(np.zeros((1, 7), dtype=bool), removal)
    pieces = players_in(TEXT, model.tokenizer, 20, "wordpiece")
    with pytest.raises(ConfigError, match="use players=word"):
        Ask(model, pieces).logits(np.zeros((1, 4), dtype=bool), removal)
