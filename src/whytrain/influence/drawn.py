"""The training rows that an analysis looks at: all, or a draw where there are too many."""

from __future__ import annotations

import numpy as np

from whytrain.data.corpus import Split


def drawn_rows(train: Split, most: int, seed: int) -> tuple[Split, tuple[str, ...]]:
    """Return at most so many rows, in their order, and what must be said of it."""
    if len(train) <= most:
        return train, ()
    rows = np.sort(np.random.default_rng([seed, len(train)]).permutation(len(train))[:most])
    return train.select(rows), (f"Of {len(train):,} training rows {most:,} were drawn.",)
