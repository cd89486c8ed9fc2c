"""What a served model says of why it answers: the scores of one of its run's methods as columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from whytrain.attribution.explainer import Explainer, make_explainer
from whytrain.attribution.text import TextExplainer
from whytrain.config.validation import import_target
from whytrain.data.words import split_words
from whytrain.errors import ConfigError
from whytrain.models.saved import SavedModel


def explained(saved: SavedModel, texts: Sequence[str], method: str) -> pd.DataFrame:
    """Explain answers by the first variant of a method.

    Args:
        saved: the model; its folder says which methods it has, and their settings.
        texts: n texts.
        method: name of one of them.

    Returns:
        n rows: `explained` (the class, or label, that the scores speak for), `words` and `scores` (lists);
        nulls for a text without words.

    Raises:
        ConfigError: the model has no such method.
    """
    if method not in saved.explainers:
        raise ConfigError(
            f"explain={method}: the model's run had no such method; choices: "
            f"{', '.join(saved.explainers) or 'none'} (explainer=[{method}] in training adds it)"
        )
    made = make_explainer(saved.explainers[method])
    explainer = TextExplainer(saved, [made.first_variant(saved.interface)], payoff="log_odds", seed=0)
    rows = [_row(explainer, text) for text in texts]
    return pd.DataFrame(rows, columns=["explained", "words", "scores"])


def needed_by(methods: Iterable[str]) -> set[str]:
    """Return the packages that methods, named by their classes, need besides this one's own."""
    return {name for path in methods for name in _class_of(path).requirements}


def _class_of(path: str) -> type[Explainer]:
    found = import_target(path)
    assert isinstance(found, type)
    return found


def _row(explainer: TextExplainer, text: str) -> tuple[str | None, list[str] | None, list[float] | None]:
    if not split_words(text):
        return None, None, None
    found = explainer(text).explanations[0].attribution
    return found.target.name, list(found.words), found.scores.tolist()
