"""Does a score tell true explanations from false ones? Two models of which each reads other words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from whytrain.attribution.ask import Ask
from whytrain.attribution.attribution import Attribution
from whytrain.attribution.explainer import Explainer
from whytrain.attribution.target import Target
from whytrain.explanation_scores.score import Array, Score
from whytrain.explanation_scores.study import Judged, Study, judge
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


def rivals(study: Study, explainer: Explainer, other: ModelInterface) -> tuple[Judged, Judged]:
    """Return a true and a false explanation of each text of a study, for the same class.

    Args:
        study: texts and the model.
        explainer: a method that is known to be right about both models, such as exact Shapley values.
        other: a model that reads other words of the same texts.

    Returns:
        The method's explanations of the study's model, and those of the other one.
    """
    return judge(study, explainer), judge(study, OfAnotherModel(explainer, other))


def preferences(score: Score, true: Judged, false: Judged) -> Array:
    r"""Return whether a score prefers the true explanation of each text: 1, or 0, or ½ where it cannot tell.

    The mean over texts is its diagnosticity, P(true ≻ false) + ½·P(true ~ false): 0.5 for a score that knows
    nothing, 1 for one that always tells them apart.

    Args:
        score: what is measured.
        true: from `rivals`.
        false: likewise.

    Returns:
        float64 (n,); NaN where the score is not defined for both.

    References:
        Chan, Kong, Liang (2022), A comparative study of faithfulness metrics for model interpretability
        methods, section 3.1; Zaman, Srivastava (2025), A causal lens for evaluating faithfulness metrics, on
        explanations of a changed model as the false ones.
    """
    good, bad = score(true), score(false)
    ahead = (good - bad) * (1 if score.higher_is_better else -1)
    tie = np.abs(ahead) <= _TIE * np.maximum(np.abs(good), np.abs(bad))
    return np.where(np.isfinite(ahead), np.where(tie, 0.5, ahead > 0), np.nan)
