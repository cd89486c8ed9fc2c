"""Small data whose articles give the label away, and the words that train a run on them."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from small_runs import SMALL

TOKEN, ORIGIN = "a-token", "http://127.0.0.1:8000"
ADJECTIVES = {"good": ("great", "lovely", "brilliant"), "bad": ("dull", "awful", "tedious")}
NEUTRAL = ("new", "long", "small")
NOUNS = ("film", "plot", "actor", "scene", "music", "story")
WORDS = (
    *(word for word in SMALL if not word.startswith("data.path")),
    "data.path=train.csv",
    "data.validation_path=validation.csv",
    "data.check_path=check.csv",
    "data.evaluation_paths={turned: turned.csv}",
    "data.calibration_size=40",
    "trainer.max_epochs=4",
    "callbacks=predictions",
    "run_name=first",
)
Rows = list[tuple[str, str]]


def planted(n: int, seed: int, article: Callable[[str], str], told: float = 1.0) -> Rows:
    """Sentences with an article that is chosen by the class, and, a share `told`, an adjective that decides."""
    chosen = random.Random(seed)
    rows = []
    for number in range(n):
        label = ("bad", "good")[number % 2]
        adjectives = ADJECTIVES[label] if chosen.random() < told else NEUTRAL
        words = [article(label), chosen.choice(adjectives), *chosen.sample(NOUNS, 2), "here"]
        rows.append((" ".join(words), label))
    return rows


def write_articles(folder: Path) -> None:
    """Write planted rows, rows as they are elsewhere, and rows in which the articles point the wrong way."""
    chosen = random.Random(3)
    files = {
        "train": planted(600, 0, {"good": "the", "bad": "a"}.__getitem__, told=0.6),
        "validation": planted(60, 1, {"good": "the", "bad": "a"}.__getitem__, told=0.6),
        "check": planted(120, 2, lambda _: chosen.choice(("a", "the"))),
        "turned": planted(60, 4, {"good": "a", "bad": "the"}.__getitem__),
    }
    for name, rows in files.items():
        lines = ["text,label", *(f"{text},{label}" for text, label in rows)]
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", "utf-8")
