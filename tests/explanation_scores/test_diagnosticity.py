"""Two models by hand, of which each reads one word: which explanation is true is known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import torch
from games import NAMES, PADDING
from torch import Tensor, nn

from whytrain.attribution.ask import Ask
from whytrain.attribution.shapley.explainer import Shapley
from whytrain.attribution.target import ClassTarget
from whytrain.attribution.units import Units
from whytrain.data.tokenization import Tokenizer
from whytrain.explanation_scores.conciseness import Conciseness
from whytrain.explanation_scores.diagnosticity import preferences, rivals
from whytrain.explanation_scores.faithfulness.comprehensiveness import Comprehensiveness
from whytrain.explanation_scores.faithfulness.deletion import Deletion
from whytrain.explanation_scores.faithfulness.flipping_set import FlippingSet
from whytrain.explanation_scores.faithfulness.insertion import Insertion
from whytrain.explanation_scores.faithfulness.sufficiency import Sufficiency
from whytrain.explanation_scores.faithfulness.sufficient_set import SufficientSet
from whytrain.explanation_scores.score import Array, Score
from whytrain.explanation_scores.study import Judged, Study
from whytrain.models.interface import Capabilities, ModelInterface
from whytrain.models.saved import SavedModel

A, B = 5, 6  # the words that the models read
EXPLAINER = Shapley(absences=["padding"], exact_words=10, budget=100)


class Reads(nn.Module):
    """Says good where its word is there, else bad; other words hardly matter."""

    def __init__(self, word: int) -> None:
        super().__init__()
        self.word = word
        self.nothing = nn.Parameter(torch.zeros(()))

    def forward(self, token_ids: Tensor, mask: Tensor | None) -> Tensor:
        said = 4.0 * (token_ids == self.word).any(dim=1) - 2.0 + 0.01 * token_ids.float().mean(dim=1)
        return torch.stack([torch.zeros_like(said), said], dim=1)


def interface(word: int) -> ModelInterface:
    special = SimpleNamespace(padding_id=0, mask_id=1, unknown_id=2)
    return ModelInterface(
        module=Reads(word),
        tokenizer=cast(Tokenizer, special),
        capabilities=Capabilities(
            embeddings=False,
            attention="none",
            recurrence=False,
            removals=("padding",),
            dropout=None,
            max_tokens=None,
        ),
        max_tokens=50,
    )


@pytest.fixture
def study() -> Study:
    """Texts that hold both words, at random places, and are good for both models."""
    rng = np.random.default_rng(0)
    model = interface(A)
    asks = []
    for _ in range(20):
        ids = rng.permutation([A, B, *rng.integers(7, 20, size=4)])
        asks.append(
            Ask(
                model,
                Units(
                    words=tuple(map(str, ids)),
                    token_ids=ids,
                    player_of_token=np.arange(len(ids)),
                    n_words=(1,) * len(ids),
                ),
            )
        )
    return Study(
        saved=cast(SavedModel, SimpleNamespace(class_names=NAMES, interface=model)),
        texts=tuple(" ".join(ask.units.words) for ask in asks),
        removal=PADDING,
        asks=tuple(asks),
        targets=(ClassTarget(name="good", index=1, payoff="log_odds"),) * len(asks),
        seed=0,
    )


def test_good_scores_always_prefer_the_true_explanation(study: Study) -> None:
    true, false = rivals(study, EXPLAINER, interface(B))
    assert {a.words[int(a.scores.argmax())] for a in true.attributions} == {str(A)}
    assert {a.words[int(a.scores.argmax())] for a in false.attributions} == {str(B)}
    good = [Comprehensiveness(), Sufficiency(), Deletion(), Insertion(), FlippingSet(), SufficientSet()]
    for score in good:
        assert preferences(score, true, false).mean() == 1.0, score.name
        assert preferences(score, false, true).mean() == 0.0, score.name


class Coin(Score):
    """A score that knows nothing."""

    name, higher_is_better = "coin", True

    def __init__(self) -> None:
        self.rng = np.random.default_rng(1)

    def __call__(self, judged: Judged) -> Array:
        return self.rng.normal(size=len(judged.attributions))


def test_a_score_that_knows_nothing_prefers_each_as_often(study: Study) -> None:
    true, false = rivals(study, EXPLAINER, interface(B))
    coin = Coin()
    thrown = [preferences(coin, true, false) for _ in range(100)]
    assert np.mean(thrown) == pytest.approx(0.5, abs=0.045)  # four standard errors of 2,000 throws
    assert preferences(Conciseness(), true, true).tolist() == [0.5] * 20


def test_where_a_score_is_not_defined_nothing_is_preferred(study: Study) -> None:
    class Undefined(Coin):
        def __call__(self, judged: Judged) -> Array:
            return np.full(len(judged.attributions), np.nan)

    assert np.isnan(preferences(Undefined(), *rivals(study, EXPLAINER, interface(B)))).all()
