"""What the best weights lean on in training texts, and whether it holds on the check sample."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytorch_lightning as pl
from numpy.typing import NDArray
from pytorch_lightning.callbacks import Callback

from whytrain.callbacks.access import best_answers, classifier_of, counting, data_of, store_of
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
from whytrain.types import Predictions

TOPIC = "shortcuts"


class FindShortcuts(Callback):
    """Lists words, pairs and orders that decide most, and convicts those that the check sample contradicts.

    Attributes:
        evidence: after the fit; None for labels that do not exclude each other.
    """

    topic = TOPIC

    def __init__(self, *, seed: Seed) -> None:
        """Store the seed of the choice of sentences."""
        self.seed = seed
        self.evidence: ShortcutEvidence | None = None

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look, and log the candidates and the marks of those that are convicted."""
        store, corpus = store_of(trainer), data_of(trainer).corpus
        if store is None or not corpus.task.exclusive:
            return
        model, names = classifier_of(pl_module).interface, corpus.class_names

        def ask(texts: Sequence[str]) -> NDArray[np.float64]:
            split = split_of(texts, model)
            return predict_split(model, split, progress=counting(trainer, "batches")).logits

        answers = best_answers(trainer, pl_module)
        found = find_shortcuts(
            ask,
            _labeled(corpus.train, answers("train")),
            None if corpus.check is None else _labeled(corpus.check, answers("check")),
            len(names),
            validation=_labeled(corpus.validation, answers("validation")),
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
        store.log_metrics(metrics, step=trainer.current_epoch)


def _labeled(split: Split, answered: Predictions) -> LabeledTexts:
    return LabeledTexts(ids=split.ids, texts=split.texts, labels=split.labels, logits=answered.logits)
