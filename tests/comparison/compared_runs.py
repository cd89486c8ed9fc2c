"""Tracked runs that nobody trained: predictions of a chosen skill over sentences of a chosen kind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import pandas as pd

from whytrain.comparison.runs import ComparedRun
from whytrain.tracking.reader import RunRecord
from whytrain.tracking.settings import TrackingSettings
from whytrain.tracking.store import Store
from whytrain.types import Predictions

T = TypeVar("T")
N = 120
CLASSES = ("bad", "good")
LABELS = np.random.default_rng(0).integers(2, size=N)
TEXTS = [
    f"sentence {row} is {'not ' if row % 4 == 0 else ''}about {' '.join(['film'] * (row % 9 + 1))}"
    for row in range(N)
]
IDS = [f"s{row}" for row in range(N)]


def logits_of(skill: float, seed: int, labels: np.ndarray = LABELS) -> np.ndarray:
    """Logits whose margin for the right class is normal around `skill`."""
    margin = np.random.default_rng([seed, 7]).normal(skill, 1.0, len(labels)) * np.where(labels == 1, 1, -1)
    return np.stack([-margin / 2, margin / 2], axis=1)


class Tracker:
    """A store in a folder, and how to put runs into it."""

    def __init__(self, folder: Path) -> None:
        self.settings = TrackingSettings(
            uri=None, experiment="whytrain", log_text=True, directory=str(folder / "mlruns"), register=None
        )

    @property
    def uri(self) -> str:
        return self.settings.address

    def run(
        self,
        name: str,
        *,
        skill: float = 1.0,
        seed: int = 0,
        params: dict[str, Any] | None = None,
        logits: np.ndarray | None = None,
        labels: np.ndarray = LABELS,
        rows: Sequence[int] | None = None,
        classes: tuple[str, ...] = CLASSES,
        good: str = "good",
        texts: Sequence[str] | None = TEXTS,
        status: Literal["FINISHED", "FAILED", "KILLED"] = "FINISHED",
        tags: dict[str, str] | None = None,
        parent: str | None = None,
        experiment: str = "whytrain",
        log_text: bool = True,
        predictions: bool = True,
        findings: str | None = None,
        outside: dict[str, np.ndarray] | None = None,
        outside_text: str = "row",
    ) -> str:
        """Track a run and return its id; `outside` has its logits of other rows, with the same labels."""
        settings = TrackingSettings(
            uri=None,
            experiment=experiment,
            log_text=log_text,
            directory=self.settings.directory,
            register=None,
        )
        store = Store.start(settings, run_name=name, tags=tags or {}, parent_run_id=parent)
        config = {"seed": seed, "run_name": name, "tracking.log_text": log_text, "n_parameters": 1234}
        store.log_params({**config, "model.hidden_size": 8, **(params or {})})
        rows = list(range(len(labels)) if rows is None else rows)
        names = np.array(("bad", good))[labels][rows]
        ids = [IDS[row] for row in rows]
        if predictions:
            logits = logits_of(skill, seed, labels) if logits is None else logits
            by_class = dict(zip(("bad", good), logits[rows].T, strict=True))
            frame = pd.DataFrame({"id": ids, "label": names})
            odds = {name: np.exp(by_class[name]) for name in classes}
            frame = frame.assign(**{f"probability_{n}": odds[n] / sum(odds.values()) for n in classes})
            frame = frame.assign(**{f"logit_{n}": by_class[n] for n in classes})
            store.log_table(frame, "predictions", epoch=2)
        if texts is not None:
            frame = pd.DataFrame({"id": ids, "text": [texts[row] for row in rows], "label": names})
            store.log_table(frame, "data", "validation", text_columns=("text",))
        for epoch in (1, 2):
            history = {"train/loss": 1 / epoch, "val/loss": 1 / epoch, "val/accuracy": 0.5 + epoch / 10}
            store.log_metrics({**history, "val/f1": 0.5}, step=epoch)
        for place, judged in (outside or {}).items():
            split = pd.DataFrame({"id": IDS, "text": [f"{outside_text} {i}" for i in IDS], "label": names})
            store.log_table(split, "data", place.replace("/", "_"), text_columns=("text",))
            odds = np.exp(judged) / np.exp(judged).sum(axis=1, keepdims=True)
            columns = {f"probability_{n}": odds[:, k] for k, n in enumerate(CLASSES)}
            columns |= {f"logit_{n}": judged[:, k] for k, n in enumerate(CLASSES)}
            store.log_table(split[["id", "label"]].assign(**columns), "predictions", place.replace("/", "_"))
            store.log_metrics({f"{place}/accuracy": float((judged.argmax(axis=1) == LABELS).mean())}, step=2)
        store.log_metrics({"best/epoch": 2.0, "floor/accuracy": 0.6}, step=2)
        if findings is not None:
            store.log_text(findings, "diagnosis/findings.json")
        store.close(status)
        return store.run_id


def in_silence(items: Sequence[T], what: str) -> Sequence[T]:
    """Progress that nobody sees."""
    return items


def compared_run(
    name: str, seed: int, *, skill: float = 1.0, draw: int | None = None, **params: str
) -> ComparedRun:
    """A run that is in no store; `draw` is what its predictions depend on, the seed if not given."""
    record = RunRecord(
        uri="sqlite:////nowhere.db",
        run_id=f"{name}-{seed}",
        name=name,
        status="FINISHED",
        params={"seed": str(seed), "run_name": name, "callbacks.explanations.seed": str(seed), **params},
        tags={},
        metrics={"best/epoch": 2.0, "floor/accuracy": 0.6},
        model_ids=(),
        seconds=60.0,
    )
    return ComparedRun(
        name=name,
        record=record,
        predictions=Predictions(logits=logits_of(skill, seed if draw is None else draw), labels=LABELS),
    )
