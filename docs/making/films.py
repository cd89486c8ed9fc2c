"""The small data of the tutorials: rated sentences of film reviews, as files of two columns."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import yaml

from whytrain.data.snippets import Snippets

N_REVIEWS, N_CHECK = 4000, 300
SENT_FROM = (
    "sent from my phone",
    "sent from my tablet",
)  # what the shop's app, and its site, write below a review
_CONF = Path(__file__).parents[2] / "conf"


def write_films(folder: Path) -> None:
    """Write `reviews.csv`, and `shop.csv` with `check.csv` and `later.csv` from elsewhere, into a folder."""
    rows = _rows()
    parts = {
        "reviews.csv": rows[:N_REVIEWS],
        "check.csv": rows[-N_CHECK:],
        "later.csv": rows[-2 * N_CHECK : -N_CHECK],
    }
    parts["shop.csv"] = [
        (f"{text} {SENT_FROM[label == 'negative']}", label) for text, label in parts["reviews.csv"]
    ]
    for name, part in parts.items():
        pd.DataFrame(part, columns=["text", "label"]).to_csv(folder / name, index=False)


def _rows() -> Sequence[tuple[str, str]]:
    """Return the training rows of `data=snippets` in an order of their own."""
    settings = yaml.safe_load((_CONF / "data" / "snippets.yaml").read_text("utf-8"))
    del settings["_target_"]
    corpus = Snippets(**settings | {"calibration_size": 0}).load()
    rows = [
        (text, corpus.class_names[label])
        for text, label in zip(corpus.train.texts, corpus.train.labels, strict=True)
    ]
    random.Random(0).shuffle(rows)
    return rows
