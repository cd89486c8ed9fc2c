"""The measure of robustness that an ordinary run affords: some sentences, two words of each mistyped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from whytrain.robustness.attacks import attack
from whytrain.robustness.typing_errors import unseen_typos
from whytrain.shortcuts.features import Text
from whytrain.types import Predict

WORDS = 2  # of a sentence that are mistyped at most
_MOST = 200  # sentences that are attacked: about 30 texts each
_TRIED = 4  # typing errors of a word


def right_when_mistyped(
    predict: Predict, texts: Sequence[str], labels: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Attack sentences by typing errors that guided training never uses; see `whytrain.robustness.attacks`.

    Args:
        predict: the model.
        texts: the sentences; of many, some are drawn, the same for all models.
        labels: int64 (n,), class indices.

    Returns:
        float64 (n,), 1 where the answer is right under attack, 0 where not, NaN where none was made: of
        further sentences, and of short words only.
    """
    generator = np.random.default_rng(0)
    drawn = np.sort(generator.permutation(len(texts))[:_MOST]).tolist()
    chosen = [row for row in drawn if any(map(unseen_typos, Text(texts[row]).words))]
    found = np.full(len(texts), np.nan)

    def variants(word: str) -> Sequence[str]:
        errors = unseen_typos(word)
        return [errors[i] for i in generator.permutation(len(errors))[:_TRIED]]

    if chosen:
        asked = [texts[row] for row in chosen]
        found[chosen] = attack(predict, asked, labels[chosen].tolist(), variants, most=WORDS).right(WORDS)
    return found
