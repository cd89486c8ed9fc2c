"""What the best weights lean on in training texts, and whether it holds on the check sample."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytorch_lightning as pl
from numpy.typing import NDArray
from pytorch_lightning.callbacks import Callback

from whytrain.callbacks.access import classifier_of, data_of, store_of
from whytrain.callbacks.describe_run import record_of
from whytrain.config.seed import Seed
from whytrain.data.corpus import Split
from whytrain.diagnosis.of_shortcuts import described
from whytrain.models.batch_runner import predict_split, split_of
from whytrain.runs.marks import log_marks
from whytrain.runs.shortcuts import log_shortcuts
from whytrain.shortcuts.evidence import ShortcutEvidence
from whytrain.shortcuts.found_marks import found_marks
from whytrain.shortcuts.search import find_shortcuts
from whytrain.shortcuts.texts import LabeledTexts

TOPIC = "shortcuts"


class FindShortcuts(Callback):
    """Lists words, pairs and orders that decide most, and convicts those that the check sample contradicts.

    Attributes:
        evidence: after the fit; None for labels that do not exclude each other.
    """

    def __init__(self, *, seed: Seed) -> None:
        """Store the seed of the choice of sentences."""
        self.seed = seed
        self.evidence: ShortcutEvidence | None = None

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look, and log the candidates and the marks of those that are convicted."""
        store, corpus = store_of(trainer), data_of(trainer).corpus
        if store is None or not corpus.task.exclusive:
            return
        started, model, names = time.perf_counter(), classifier_of(pl_module).interface, corpus.class_names

        def ask(texts: Sequence[str]) -> NDArray[np.float64]:
            return predict_split(model, split_of(texts, model)).logits

        record, check = record_of(trainer), None
        if corpus.check is not None:
            check = replace(_labeled(corpus.check), logits=record.outside["check"].logits)
        assert record.best is not None
        found = find_shortcuts(
            ask,
            _labeled(corpus.train),
            check,
            len(names),
            validation=replace(_labeled(corpus.validation), logits=record.best.logits),
            seed=self.seed,
        )
        self.evidence = found
        log_shortcuts(store, found, names)
        if store.settings.log_text:
            reasons = [described(candidate, found, names) for candidate in found.shortcuts]
            log_marks(store, found_marks(found, reasons))
        metrics = {
            f"{TOPIC}/found": float(len(found.shortcuts)),
            f"{TOPIC}/evaluations": float(found.n_asked),
        }
        metrics[f"time/{TOPIC}_s"] = time.perf_counter() - started
        store.log_metrics(metrics, step=trainer.current_epoch)


def _labeled(split: Split) -> LabeledTexts:
    return LabeledTexts(ids=split.ids, texts=split.texts, labels=split.labels)
