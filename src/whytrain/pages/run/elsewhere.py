"""What to say of rows from elsewhere: how much worse or better a model is there than on validation rows."""

from __future__ import annotations

from collections.abc import Mapping

from whytrain.baselines.comparable import accuracy_change
from whytrain.counted import counted
from whytrain.pages.run.verdict import value_phrase
from whytrain.presentation.wording import points_with_interval
from whytrain.types import Predictions


def difference_sentence(elsewhere: Predictions, here: Predictions, name: str) -> str:
    """Say how accuracy on rows from elsewhere differs from that on validation rows.

    Args:
        elsewhere: predictions there.
        here: predictions of the same weights on validation rows.
        name: `check` or `evaluation/<name>`.
    """
    where = "the check sample" if name == "check" else f"the evaluation set {name.rpartition('/')[2]}"
    difference = accuracy_change(elsewhere, here)
    judged = "which chance can explain" if difference.contains(0) else "more than chance explains"
    return (
        f"On {where}, {counted(elsewhere.right.size, 'row')}, accuracy is {value_phrase(elsewhere)}: "
        f"{points_with_interval(difference)} against the validation rows, {judged}."
    )


def worse_sentences(outside: Mapping[str, Predictions], here: Predictions) -> list[str]:
    """Return these sentences of the rows on which a model is surely worse than on validation rows."""
    surely = {name: rows for name, rows in outside.items() if accuracy_change(rows, here).high < 0}
    return [difference_sentence(rows, here, name) for name, rows in surely.items()]
