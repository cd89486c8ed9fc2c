"""What going on learning did: accuracy on old and new rows before and after, and how the reasons moved."""

from __future__ import annotations

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from whytrain.callbacks.access import TextDataModule, classifier_of, data_of, shown_word, store_of
from whytrain.callbacks.explain_epoch import ExplainEpoch
from whytrain.callbacks.order import Phase
from whytrain.continual.continued import Continued, ReasonsMoved, change, reasons_moved
from whytrain.continual.replay import OLD
from whytrain.models.batch_runner import predict_split
from whytrain.models.interface import ModelInterface
from whytrain.runs.continued import log_continued

_SPLITS = {"new": "validation", "old": f"evaluation/{OLD}"}
_N_SENTENCES, _BUDGET = 200, 200_000  # of new validation rows; forward passes of each model


class MeasureContinuation(Callback):
    """Compares the best weights with those of the run that the training went on from.

    Attributes:
        evidence: what was found, after the fit; None where the training is a first one.
    """

    phase = Phase.DISTIL
    topic = "continuation"

    def __init__(self, seed: int) -> None:
        """Store the seed of the resampling."""
        self.seed = seed
        self.evidence: Continued | None = None

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Compare, and log it."""
        store, data = store_of(trainer), data_of(trainer)
        if store is None or data.earlier is None:
            return
        before, after = data.earlier.model.interface, classifier_of(pl_module).interface
        changes = {
            name: change(
                predict_split(before, data.encoded(split)),
                predict_split(after, data.encoded(split)),
                self.seed,
            )
            for name, split in _SPLITS.items()
        }
        found = [c for c in trainer.callbacks if isinstance(c, ExplainEpoch)]  # type: ignore[attr-defined]  # Lightning leaves it untyped
        reasons = _reasons(found[0], data, before, after) if found else None
        self.evidence = Continued(earlier=data.earlier.name, changes=changes, reasons=reasons)
        log_continued(store, self.evidence, shown_word(store), trainer.current_epoch)


def _reasons(
    explanations: ExplainEpoch, data: TextDataModule, before: ModelInterface, after: ModelInterface
) -> ReasonsMoved | None:
    """Rank the words of the same validation sentences by both models."""
    ranked = [
        explanations.explainer_of(model, data).rank(
            explanations.explainers[0].name, _N_SENTENCES, _BUDGET, split="validation"
        )
        for model in (before, after)
    ]
    if ranked[0] is None or ranked[1] is None:
        return None
    return reasons_moved(ranked[0][0], ranked[1][0])
