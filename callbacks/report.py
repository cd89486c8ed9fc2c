"""What people are told of a run at its end: one page, and the note that MLflow shows."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from whytrain.attribution.evidence import ExplanationEvidence
from whytrain.baselines.bag_of_words import floor_predictions
from whytrain.callbacks.access import classifier_of, data_of, evidence_of, shown_word, store_of
from whytrain.callbacks.calibrate_epoch import CalibrateEpoch
from whytrain.callbacks.describe_run import DescribeRun
from whytrain.callbacks.diagnose import TOPIC as DIAGNOSIS
from whytrain.callbacks.order import Phase
from whytrain.continual.continued import Continued
from whytrain.data.cache import cache_directory
from whytrain.diagnosis.conclusion import Conclusion
from whytrain.guidance.guidance_settings import follows_marks
from whytrain.pages.beside import linked
from whytrain.pages.next_steps import PATH
from whytrain.pages.run.page import run_page
from whytrain.pages.run.reported import ReportedRun
from whytrain.pages.run_note import run_note
from whytrain.shortcuts.evidence import ShortcutEvidence
from whytrain.surrogates.evidence import SurrogateEvidence


class Report(Callback):
    """Writes the run's page from what the others found and drew, and the run's note.

    Attributes:
        run: what is told, after the fit.
    """

    phase = Phase.REPORT

    def __init__(self, record: DescribeRun) -> None:
        """Store the parts.

        Args:
            record: the run's config and, by the end of the fit, what came out of it.
        """
        self.record = record
        self.run: ReportedRun | None = None

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the page, and describe the run."""
        store, record = store_of(trainer), self.record
        if store is None:
            return
        data, model = data_of(trainer), classifier_of(pl_module).model
        explanations = evidence_of(trainer, ExplanationEvidence)
        concluded = evidence_of(trainer, Conclusion)
        methods = [] if explanations is None else list(explanations.methods)
        best = next(iter(record.results.values()))
        fitted = [c.confidence for c in trainer.callbacks if isinstance(c, CalibrateEpoch)]  # type: ignore[attr-defined]  # Lightning leaves it untyped
        confidence = fitted[0] if fitted else None
        config = record.config
        floor = floor_predictions(data.corpus, cache_directory())
        parent = config["from_diagnosis"] or config["resume"] or config["guidance"]["run"]
        self.run = run = ReportedRun(
            run_id=store.run_id,
            run_name=store.run_name,
            uri=store.settings.address,
            experiment_id=store.experiment_id,
            model=type(model).__name__,
            n_parameters=sum(parameter.numel() for parameter in model.parameters()),
            n_epochs=len(record.history.epochs),
            best_epoch=record.checkpoints.best_epoch,
            corpus=data.corpus,
            results=record.results,
            outside=record.outside,
            floor=floor.validation,
            check_floor=floor.check,
            is_marked=follows_marks(config["guidance"]),
            corrected=None if confidence is None else confidence.probabilities(best.logits),
            concluded=concluded,
            explanations=explanations,
            shortcuts=evidence_of(trainer, ShortcutEvidence),
            surrogate=evidence_of(trainer, SurrogateEvidence),
            continued=evidence_of(trainer, Continued),
            name=shown_word(store),
            parent=parent if "predictions" in (config["callbacks"] or {}) else None,
            reports=[f"reports/{method}.html" for method in methods],
            drawings=store.drawings(),
        )
        others = [PurePosixPath(path).name for path in run.reports]
        names = [PurePosixPath(PATH).name, *others, *([] if concluded is None else [f"{DIAGNOSIS}.html"])]
        store.log_text(linked(run_page(run), names[0], names), PATH)
        store.describe(run_note(run, config["callbacks"] or {}))
