"""What a run holds besides metrics: config, origin, data, model diagram, and the best epoch's results."""

from __future__ import annotations

import importlib.metadata
import time
from collections.abc import Mapping
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback

from whytrain.baselines.bag_of_words import floor_accuracies
from whytrain.callbacks.access import Answers, TextDataModule, classifier_of, data_of, store_of
from whytrain.callbacks.checkpoints import Checkpoints
from whytrain.callbacks.guard import spared
from whytrain.callbacks.history import History
from whytrain.callbacks.order import Phase
from whytrain.callbacks.spent import Spent
from whytrain.data.cache import cache_directory
from whytrain.data.corpus import Corpus, content_hash
from whytrain.data.outside import outside_fingerprint
from whytrain.figures.training.model_diagram import model_diagram
from whytrain.metrics import evaluate
from whytrain.models.summary import summarize
from whytrain.runs.config import log_config
from whytrain.runs.predictions import POSITIVE_CLASS, TASK, log_outside
from whytrain.runs.provenance import log_provenance
from whytrain.tracking.recorder import Recorder
from whytrain.types import Predictions


class DescribeRun(Callback):
    """Logs what describes the run at its start, and what came out of it at its end.

    Attributes:
        results: predictions by column of the closing table, after the fit.
        outside: predictions of the best weights on rows from elsewhere, by `Corpus.outside`, after the fit.
        floors: accuracy of the floor by split, after the fit.
        evidence: what the best weights say, for those who observe them at the end.
        spent: what each callback takes.
        fit_began: when the fit began, on the clock `perf_counter`.
        fit_s: seconds of the fit, after it; of a resumed run with those before.
        overhead: the share of them that was neither training nor validation, 0 to 1: explanations, students,
            calibration, diagnosis, figures, checkpoints and tracking.
    """

    phase = Phase.RECORD
    topic = "record"

    def __init__(
        self,
        config: Mapping[str, Any],
        overrides: list[str] | None,
        choices: Mapping[str, str],
        history: History,
        checkpoints: Checkpoints,
    ) -> None:
        """Store the parts.

        Args:
            config: the resolved config as plain containers.
            overrides: what the command line changed, None if it is not known.
            choices: the chosen file of config groups that say what the run is.
            history: the epochs' metrics.
            checkpoints: the best epoch.
        """
        self.config, self.overrides, self.choices = config, overrides, choices
        self.history, self.checkpoints = history, checkpoints
        self.results: dict[str, Predictions] = {}
        self.outside: dict[str, Predictions] = {}
        self.floors: dict[str, float] = {}
        self.evidence: Answers | None = None
        self.spent = Spent()
        self.fit_s = self.overhead = 0.0
        self.fit_began = 0.0
        self._started = 0.0  # of the fit, on the clock; of a resumed one as if it had never stopped

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start the fit's clock, and log config, origin, data and the model's diagram."""
        self.fit_began = time.perf_counter()
        self._started += self.fit_began
        store = store_of(trainer)
        if store is None:
            return
        data = data_of(trainer)
        model = classifier_of(pl_module).model
        log_config(store, self.config, self.overrides)
        store.log_params(self.choices)
        store.log_text(_environment(), "environment.txt")
        log_provenance(store, data.corpus, data.tokenizer.fingerprint)
        _log_datasets(store, data.corpus)
        sentence = data.encoded("train").sentence(0)
        token_ids = torch.from_numpy(sentence.astype("int64"))[None].to(pl_module.device)
        summary = summarize(model, token_ids)
        store.log_params({"n_parameters": summary.n_parameters, "tokenizer_name": data.tokenizer.name})
        task = data.corpus.task
        store.log_params({TASK: task.name})
        if task.exclusive and len(data.corpus.class_names) == 2:
            store.log_params({POSITIVE_CLASS: data.corpus.class_names[data.corpus.positive]})
        store.log_figure(model_diagram(summary), "model")
        store.flush()

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Load the best epoch's weights, and log best, last, floor and the figures of the training.

        What comes behind this callback in the list finds the best weights in the module.
        """
        if not trainer.is_global_zero:
            return
        best_epoch = self.checkpoints.best_epoch
        stored = torch.load(self.checkpoints.best, map_location=pl_module.device, weights_only=True)
        pl_module.load_state_dict(stored["state_dict"])
        data, module = data_of(trainer), classifier_of(pl_module)
        self.evidence = answers = Answers(module.interface, data)
        self.results = {f"best epoch ({best_epoch})": answers("validation")}
        if module.predictions is not None and best_epoch != len(self.history.epochs):
            self.results[f"last epoch ({len(self.history.epochs)})"] = module.predictions
        if data.corpus.test is not None:
            self.results["test"] = answers("test")
        self.outside = {name: answers(name) for name in data.corpus.outside}
        store = store_of(trainer)
        with spared("bag of words", store):
            self.floors = floor_accuracies(data.corpus, cache_directory())
        if store is not None:
            for name, predicted in self.outside.items():
                ids = data.corpus.outside[name].ids
                log_outside(store, name, ids, predicted, data.corpus.class_names, data.corpus.task)
            for epoch, metrics in self._final_metrics().items():
                store.log_metrics(metrics, step=epoch)
            store.log_metrics(_unread(data), step=best_epoch)
            with spared("figures of the history", store):
                floor = self.floors.get("validation")
                drawn = self.history.figures(best_epoch, floor, data.corpus.task.metrics)
                for name, figure in drawn.items():
                    store.log_figure(figure, "history", name)

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Log what the fit took, which share of it the observers, and each of them: all of them are done."""
        store = store_of(trainer)
        if store is None or not self.results:
            return
        self.fit_s = time.perf_counter() - self._started
        observed_s = self.fit_s - sum(row["time/epoch_s"] for row in self.history.epochs)
        self.overhead = observed_s / self.fit_s
        self.spent.totals["rest"] = observed_s - sum(self.spent.totals.values())
        took = {f"time/{topic}_total_s": seconds for topic, seconds in self.spent.totals.items()}
        took |= {"time/fit_s": self.fit_s, "time/overhead": self.overhead}
        store.log_metrics(took, step=trainer.current_epoch)

    def state_dict(self) -> dict[str, Any]:
        """The seconds of the fit so far: those of a resumed run count, too."""
        return {"seconds": time.perf_counter() - self._started, "spent": dict(self.spent.totals)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the seconds of the fit so far."""
        self._started = -state_dict["seconds"]
        self.spent.totals.update(state_dict.get("spent", {}))  # older checkpoints have none

    def _final_metrics(self) -> dict[int, dict[str, float]]:
        """Metrics by the epoch that they belong to: best and last epoch may be the same."""
        best_epoch, last_epoch = self.checkpoints.best_epoch, len(self.history.epochs)
        final: dict[int, dict[str, float]] = {best_epoch: {}, last_epoch: {}}
        for stage, epoch in (("best", best_epoch), ("last", last_epoch)):
            row = self.history.epochs[epoch - 1]
            final[epoch] |= {
                f"{stage}/{name.removeprefix('val/')}": value
                for name, value in row.items()
                if name.startswith("val/")
            }
        names = {"validation": "floor/accuracy", "check": "floor/check_accuracy"}
        floors = {names[split]: accuracy for split, accuracy in self.floors.items()}
        final[best_epoch] |= {"best/epoch": float(best_epoch)} | floors
        tested = {"test": self.results["test"]} if "test" in self.results else {}
        for split, predicted in (tested | self.outside).items():
            final[best_epoch] |= {f"{split}/{name}": value for name, value in evaluate(predicted).items()}
        return final


def record_of(trainer: pl.Trainer) -> DescribeRun:
    """Return the callback that knows the run's config and results."""
    return next(c for c in trainer.callbacks if isinstance(c, DescribeRun))  # type: ignore[attr-defined]  # Lightning leaves it untyped


def _unread(data: TextDataModule) -> dict[str, float]:
    """Return which shares of the texts the model cannot read, by split."""
    return {
        f"tokens/{what}_{name}": share
        for name, split in data.unread.items()
        for what, share in (
            ("unknown", split.unknown_share),
            ("texts_cut", split.cut_share),
            ("cut", split.lost_share),
        )
    }


def _log_datasets(store: Recorder, corpus: Corpus) -> None:
    splits = {
        "training": corpus.train,
        "validation": corpus.validation,
        "calibration": corpus.calibration,
        "test": corpus.test,
    }
    columns = {"id": "string", "text": "string", "label": "string"}
    for context, split in splits.items():
        if split is not None:
            name = f"{corpus.name}-{context}"
            store.log_dataset(name, corpus.name, corpus.fingerprint, len(split), context, columns)
    if corpus.corrections:
        digest = content_hash([f"{row}\0{';'.join(names)}" for row, names in corpus.corrections.items()])
        name, n = f"{corpus.name}-corrections", len(corpus.corrections)
        store.log_dataset(name, corpus.name, digest, n, "corrections", {"id": "string", "label": "string"})
    for context, split in corpus.outside.items():
        name = f"{corpus.name}-{context.replace('/', '-')}"
        store.log_dataset(name, corpus.name, outside_fingerprint(split), len(split), context, columns)


def _environment() -> str:
    """Installed packages with their versions, one per line."""
    installed = {d.metadata["Name"]: d.version for d in importlib.metadata.distributions()}
    return "".join(f"{name}=={version}\n" for name, version in sorted(installed.items(), key=str))
