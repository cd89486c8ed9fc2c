"""Whether the best weights treat people alike: identity terms in each other's place, and groups of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import numpy as np
import pytorch_lightning as pl
from annotated_types import Ge
from numpy.typing import NDArray
from pytorch_lightning.callbacks import Callback

from whytrain.callbacks.access import best_answers, classifier_of, data_of, store_of
from whytrain.config.seed import Seed
from whytrain.fairness.evidence import FairnessEvidence, moving
from whytrain.fairness.marks import identity_marks, never_learned
from whytrain.fairness.study import study, terms_for
from whytrain.models.batch_runner import predict_split, split_of
from whytrain.runs.marks import IDENTITY_MARKS_PATH, log_marks
from whytrain.slices.slice_columns import with_groups

TOPIC = "fairness"


class StudyFairness(Callback):
    """Puts words that say who somebody is in each other's place, and holds groups of rows against the others.

    Attributes:
        evidence: after the fit; None for labels that do not exclude each other.
    """

    topic = TOPIC

    def __init__(self, *, sentences: Annotated[int, Ge(10)], seed: Seed) -> None:
        """Store how much is looked at.

        Args:
            sentences: with identity terms, of each kind, at most.
            seed: of their choice.
        """
        self.sentences, self.seed = sentences, seed
        self.evidence: FairnessEvidence | None = None

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look, and log the marks of the words that move the answer."""
        store, corpus = store_of(trainer), data_of(trainer).corpus
        if store is None or not corpus.task.exclusive:
            return
        model = classifier_of(pl_module).interface

        rows, train = corpus.validation, corpus.train.texts
        known = dict(
            zip(rows.texts, best_answers(trainer, pl_module)("validation").probabilities, strict=True)
        )

        def probabilities(texts: Sequence[str]) -> NDArray[np.float64]:
            new = [text for text in dict.fromkeys(texts) if text not in known]
            if new:
                answered = predict_split(model, split_of(new, model)).probabilities
                known.update(zip(new, answered, strict=True))
            return np.array([known[text] for text in texts])

        terms, columns = terms_for(rows.texts), with_groups(rows.columns)[0]
        in_data = None if terms is None else replace(terms, templates={})  # words that it may have learned
        found = study(rows, train, columns, in_data, probabilities, sentences=self.sentences, seed=self.seed)
        judged = tuple(one for one in found.effects if one.p_value is not None)
        beyond = moving(judged)
        kinds = {one.kind for one in beyond}
        marks = [] if terms is None else identity_marks(kinds, terms, train)
        self.evidence = FairnessEvidence(
            effects=judged,
            rates=tuple(rate for rate in found.rates if rate.p_value is not None),
            n_marks=len(marks),
            knows_terms=terms is not None,
            never_learned=() if terms is None else never_learned(beyond, terms, train),
        )
        if store.settings.log_text:
            log_marks(store, marks, IDENTITY_MARKS_PATH)
        metrics = {
            f"{TOPIC}/{gap.kind}/{gap.where}/{name}": value.estimate
            for gap in found.gaps
            for name, value in (("moved", gap.moved), ("flipped", gap.flipped))
        }
        store.log_metrics(metrics, step=trainer.current_epoch)
