"""Does a score tell true explanations from false ones? Two models of which each reads other words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from whytrain.attribution.ask import Ask
from whytrain.attribution.attribution import Attribution
from whytrain.attribution.explainer import Explainer
from whytrain.attribution.target import Target
from whytrain.explanation_scores.score import Array, Score
from whytrain.explanation_scores.study import Study, judge
from whytrain.models.interface import ModelInterface

_TIE = 1e-9  # of the larger value: computed in another order


class OfAnotherModel(Explainer):
    """A method that explains a model other than the one it is asked about: a false explanation, by design."""

    def __init__(self, explainer: Explainer, other: ModelInterface) -> None:
        """Store the method and the model that it explains instead; both models read the same tokens."""
        self.explainer, self.other, self.name = explainer, other, explainer.name
        self._asks: dict[int, tuple[Ask, Ask]] = {}

    def cost(self, model: ModelInterface, n_words: int) -> int:
        """Return the method's own cost."""
        return self.explainer.cost(self.other, n_words)

    def first_variant(self, model: ModelInterface) -> Explainer:
        """Return itself: its attributions are those of the first variant."""
        return self

    def __call__(self, ask: Ask, target: Target, *, seed: int) -> Sequence[Attribution]:
        """Explain the other model's view of the text."""
        _, other = self._asks.setdefault(id(ask), (ask, Ask(self.other, ask.units)))
        method = self.explainer.first_variant(self.other)
        return method(other, target, seed=seed)


def preferences(score: Score, study: Study, explainer: Explainer, other: ModelInterface) -> Array:
    r"""Return whether a score prefers the true explanation of each text: 1, or 0, or ½ where it cannot tell.

    The true one is the method's explanation of the study's model, the false one the same method's explanation
    of another model, of the same text and for the same class. The mean over texts is the diagnosticity
    P(score(true) ≻ score(false)) + ½ P(score(true) = score(false)): 0.5 for a score that knows nothing.

    Args:
        score: what is measured.
        study: texts and the model.
        explainer: a method that is known to be right about both models, such as exact Shapley values.
        other: a model that reads other words of the same texts.

    Returns:
        float64 (n,); NaN where the score is not defined for both.

    References:
        Chan, Kong, Liang (2022), A comparative study of faithfulness metrics for model interpretability
        methods, definition 3.1; Zaman, Srivastava (2025), A causal lens for evaluating faithfulness metrics,
        on explanations of a model that was changed as the false ones.
    """
    true = score(judge(study, explainer))
    false = score(judge(study, OfAnotherModel(explainer, other)))
    ahead = (true - false) * (1 if score.higher_is_better else -1)
    tie = np.abs(ahead) <= _TIE * np.maximum(np.abs(true), np.abs(false))
    preferred = np.where(tie, 0.5, ahead > 0)
    return np.where(np.isfinite(ahead), preferred, np.nan)
