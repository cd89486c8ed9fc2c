"""How far confidence can be trusted, epoch by epoch: before and after its correction."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import numpy as np
import pandas as pd
import pytorch_lightning as pl
from annotated_types import Interval as Within
from numpy.typing import NDArray

from whytrain.calibration.confidence import Confidence, fit_confidence
from whytrain.calibration.conformal import coverage_range
from whytrain.calibration.human_disagreement import human_disagreement, sure_where_people_are_not
from whytrain.calibration.label_confidence import LabelConfidence
from whytrain.calibration.set_summary import SetSummary, summarize_sets
from whytrain.calibration.summary import CalibrationSummary, before_and_after
from whytrain.callbacks.access import (
    ClassifierModule,
    TextDataModule,
    best_answers,
    classifier_of,
    data_of,
    store_of,
)
from whytrain.callbacks.label_calibration import label_epoch, log_label_epoch, log_label_figure
from whytrain.callbacks.observer import Epochs, Observer
from whytrain.data.corpus import Corpus, Split
from whytrain.data.words import split_words
from whytrain.diagnosis.evidence import CalibrationEvidence, SetEvidence
from whytrain.figures.confidence.confidence_by_outcome import confidence_by_outcome
from whytrain.figures.confidence.confidence_distribution import confidence_distribution
from whytrain.figures.confidence.conformal_sets import conformal_sets
from whytrain.figures.confidence.human_entropy import human_entropy
from whytrain.figures.confidence.reliability_diagram import reliability_diagram
from whytrain.figures.confidence.risk_coverage_curve import risk_coverage_curve
from whytrain.metrics.calibration import reliability_bins
from whytrain.models.batch_runner import predict_split
from whytrain.slices.score_slices import Slice, differing_slices, slice_table
from whytrain.slices.slice_columns import MOST_CATEGORIES, is_negated, number_ranges, with_groups
from whytrain.statistics.intervals import Interval
from whytrain.tracking.limits import distinct_keys
from whytrain.tracking.recorder import Recorder
from whytrain.types import Figure, Predictions

Share = Annotated[float, Within(gt=0, lt=1)]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class _Epoch:
    """What one epoch's predictions say, on sentences that no fit has seen."""

    validation: Predictions
    confidence: Confidence
    n_calibration: int
    before: CalibrationSummary
    after: CalibrationSummary
    sets: SetSummary

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """Of the validation sentences, corrected."""
        return self.confidence.probabilities(self.validation.logits)


class CalibrateEpoch(Observer):
    """Logs `calibration/…`, tables of slices and reliability, and figures; needs a calibration slice.

    Labels that do not exclude each other have a correction each, and neither conformal sets nor abstention.

    Attributes:
        confidence: of the last epoch looked at, and of the best one after the fit; None without a slice.
        evidence: of the best epoch after the fit, for the diagnosis; None without a slice.
    """

    topic = "calibration"

    def __init__(
        self, *, epochs: Epochs, alpha: Share, class_conditional: bool, risk: Share, delta: Share
    ) -> None:
        """Store the settings.

        Args:
            epochs: how many are looked at, at most; None: all.
            alpha: share of conformal sets that may miss the label.
            class_conditional: hold that share for each class instead of on average.
            risk: error rate that answers may have where the model may abstain.
            delta: probability that the slice misleads about that rate.
        """
        super().__init__(epochs)
        self.alpha, self.class_conditional = alpha, class_conditional
        self.risk, self.delta = risk, delta
        self.confidence: Confidence | LabelConfidence | None = None
        self.evidence: CalibrationEvidence | None = None

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Say which columns of the data hold no groups to look at."""
        corpus = data_of(trainer).corpus
        if store_of(trainer) is None or corpus.calibration is None:
            return
        if not corpus.task.exclusive:
            _log.warning(
                "calibration: a correction per label; no conformal sets, abstention and slices, which need "
                "classes that exclude each other (task=%s)",
                corpus.task.name,
            )
            return
        if ungrouped := with_groups(corpus.validation.columns)[1]:
            _log.warning(
                "calibration: no slices by %s: more than %d different values that are no numbers",
                ", ".join(ungrouped),
                MOST_CATEGORIES,
            )

    def observe(self, trainer: pl.Trainer, pl_module: pl.LightningModule, epoch: int) -> None:
        """Log the epoch's numbers and its reliability diagram."""
        store, data = store_of(trainer), data_of(trainer)
        if store is None or data.corpus.calibration is None:
            return
        module = classifier_of(pl_module)
        if not data.corpus.task.exclusive:
            assert module.predictions is not None
            of_labels = label_epoch(module, module.predictions, data)
            self.confidence = of_labels.confidence
            log_label_epoch(store, of_labels, data.corpus.class_names, epoch)
            log_label_figure(store, of_labels, data.corpus.class_names, epoch)
            return
        seen = self._epoch(module, module.predictions, data)
        self.confidence = seen.confidence
        self._log_numbers(store, seen, data, epoch)
        store.log_figure(reliability_diagram(_runs(seen)), "calibration", "reliability", epoch)

    def _log_numbers(self, store: Recorder, seen: _Epoch, data: TextDataModule, epoch: int) -> None:
        slices = _slice_frame(_slices(seen, data.corpus, n_permutations=500))
        store.log_metrics(self._metrics(seen, data), step=epoch)
        store.log_table(slices, "calibration", "slices", epoch)
        store.log_table(_reliability_frame(seen), "calibration", "reliability", epoch)

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw the full set for the best epoch, whose weights the module holds by now."""
        store, data = store_of(trainer), data_of(trainer)
        if store is None or data.corpus.calibration is None:
            return
        module, split = classifier_of(pl_module), data.corpus.validation
        unseen = self.unseen_best(trainer)
        self.confidence = None  # the last epoch's
        if not data.corpus.task.exclusive:
            of_labels = label_epoch(module, best_answers(trainer, pl_module)("validation"), data)
            self.confidence = of_labels.confidence
            if unseen is not None:
                log_label_epoch(store, of_labels, data.corpus.class_names, unseen)
            log_label_figure(store, of_labels, data.corpus.class_names, None)
            return
        seen = self._epoch(module, best_answers(trainer, pl_module)("validation"), data)
        self.confidence = seen.confidence
        if unseen is not None:
            self._log_numbers(store, seen, data, unseen)
        self.evidence = CalibrationEvidence(
            summary=seen.before,
            abstention=seen.confidence.abstention,
            sets=SetEvidence(
                alpha=self.alpha,
                class_conditional=self.class_conditional,
                covered=seen.confidence.sets(seen.validation.logits)[np.arange(len(split)), split.labels],
            ),
        )
        for name, figure in self._figures(seen, data.corpus).items():
            store.log_figure(figure, "calibration", name)
        if split.human is not None:
            store.log_table(_disagreement_frame(seen, split), "calibration", "human_disagreement")
        named = differing_slices(_slices(seen, data.corpus, n_permutations=2000))
        store.log_text(
            "".join(f"{line}\n" for line in named) or "no slice differs by more than noise\n",
            "tables/calibration/differing_slices.txt",
        )

    def state_dict(self) -> dict[str, Any]:
        """The last fit, of the checkpoint's weights or those of an epoch before."""
        return {"confidence": None if self.confidence is None else self.confidence.to_plain()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the fit."""
        plain = state_dict["confidence"]
        if plain is not None:
            kind = LabelConfidence if "corrections" in plain else Confidence
            self.confidence = kind.from_plain(plain)

    def _epoch(
        self, module: ClassifierModule, validation: Predictions | None, data: TextDataModule
    ) -> _Epoch:
        assert validation is not None
        seen = predict_split(module.interface, data.encoded("calibration"))
        confidence = fit_confidence(
            seen.logits,
            seen.labels,
            label_smoothing=module.objective.target_smoothing,
            alpha=self.alpha,
            class_conditional=self.class_conditional,
            risk=self.risk,
            delta=self.delta,
        )
        before, after = before_and_after(validation.logits, validation.labels, confidence)
        sets = summarize_sets(confidence.sets(validation.logits), validation.labels)
        return _Epoch(
            validation=validation,
            confidence=confidence,
            n_calibration=len(seen.labels),
            before=before,
            after=after,
            sets=sets,
        )

    def _figures(self, seen: _Epoch, corpus: Corpus) -> dict[str, Figure]:
        runs, human = _runs(seen), corpus.validation.human
        expected = self._expected_coverage(seen, len(corpus.validation))
        figures: dict[str, Figure] = {
            "reliability": reliability_diagram(runs),
            "confidence": confidence_distribution({name: p for name, (p, _) in runs.items()}),
            "confidence_by_outcome": confidence_by_outcome(runs),
            "risk_coverage": risk_coverage_curve({"model": list(runs.values())[-1]}),
            "conformal_sets": conformal_sets({"model": seen.sets}, self.alpha, corpus.class_names, expected),
        }
        if human is not None:
            people = human_disagreement(seen.probabilities, human)
            figures["human_entropy"] = human_entropy({"model": people})
        return figures

    def _expected_coverage(self, seen: _Epoch, n_test: int) -> Interval | None:
        if self.class_conditional or seen.validation.logits.shape[1] > 2:
            return None  # thresholds that rest on parts of the slice: no single band
        return coverage_range(seen.n_calibration, n_test, self.alpha)

    def _metrics(self, seen: _Epoch, data: TextDataModule) -> dict[str, float]:
        correction, abstention = seen.confidence.correction, seen.confidence.abstention
        metrics = {
            "temperature": correction.temperature,
            "label_smoothing_taken_back": correction.label_smoothing,
            "lowest_risk": abstention.lowest_risk,
            "lowest_risk_coverage": abstention.coverage,
        }
        for when, summary in (("before", seen.before), ("after", seen.after)):
            metrics |= {
                f"ece_{when}": summary.ece,
                f"ece_noise_mean_{when}": summary.noise_floor.mean,
                f"ece_noise_p95_{when}": summary.noise_floor.percentile_95,
                f"smooth_ece_{when}": summary.smooth_ece,
                f"nll_{when}": summary.nll.estimate,
                f"brier_{when}": summary.brier.estimate,
                f"confidence_{when}": summary.confidence,
                f"entropy_{when}": summary.entropy,
            }
        metrics["area_under_risk_coverage"] = seen.after.area_under_risk_coverage
        sets = seen.sets
        metrics |= {
            "coverage": sets.coverage.estimate,
            "mean_set_size": sets.mean_size,
            "singleton_sets": sets.singleton,
            "ambiguous_sets": sets.ambiguous,
            "empty_sets": sets.empty,
        }
        keys = distinct_keys([f"calibration/coverage_{name}" for name in data.corpus.class_names])
        of_classes = dict(zip(keys.values(), sets.coverage_per_class, strict=True))
        answered = ~seen.confidence.abstains(seen.validation.logits)
        if abstention.threshold is not None and answered.any():
            wrong = seen.validation.logits.argmax(axis=1) != seen.validation.labels
            metrics |= {"answered": answered.mean(), "answered_risk": wrong[answered].mean()}
        human = data.corpus.validation.human
        if human is not None:
            people = human_disagreement(seen.probabilities, human)
            metrics |= {"human_kl": people.kl.estimate, "human_ece": people.calibration_error}
            if people.entropy_correlation is not None:
                metrics["human_entropy_correlation"] = people.entropy_correlation.estimate
        return {f"calibration/{name}": float(value) for name, value in metrics.items()} | {
            key: covered.estimate for key, covered in of_classes.items() if covered is not None
        }


def _runs(seen: _Epoch) -> dict[str, tuple[NDArray[np.float64], NDArray[np.int64]]]:
    """Return what people see, behind what the model gave where that was corrected."""
    labels = seen.validation.labels
    as_trained = {"as trained": (seen.validation.probabilities, labels)}
    if seen.confidence.correction.changes_nothing:
        return as_trained
    return as_trained | {"corrected": (seen.probabilities, labels)}


def _slices(seen: _Epoch, corpus: Corpus, n_permutations: int) -> tuple[Slice, ...]:
    split = corpus.validation
    columns = {
        "length": number_ranges([len(split_words(text)) for text in split.texts]),
        "negation": is_negated(split.texts),
        "class": np.array(corpus.class_names)[split.labels],
    } | with_groups(split.columns)[0]
    return slice_table(seen.probabilities, seen.validation.labels, columns, n_permutations=n_permutations)


def _slice_frame(table: tuple[Slice, ...]) -> pd.DataFrame:
    rows = []
    for part in table:
        row: dict[str, Any] = {"column": part.column, "group": part.group, "sentences": part.n_rows}
        for metric in ("accuracy", "confidence", "ece"):
            row |= {f"{metric}_{name}": value for name, value in asdict(getattr(part, metric)).items()}
        rows.append(row)
    return pd.DataFrame(rows)


def _reliability_frame(seen: _Epoch) -> pd.DataFrame:
    frames = []
    for name, (probabilities, labels) in _runs(seen).items():
        bins = reliability_bins(probabilities, labels)
        frame = pd.DataFrame(
            {
                "low": bins.edges[:-1],
                "high": bins.edges[1:],
                "count": bins.counts,
                "confidence": bins.confidence,
                "accuracy": bins.accuracy,
            }
        )
        frames.append(frame.assign(confidence_as=name))
    return pd.concat(frames, ignore_index=True)


def _disagreement_frame(seen: _Epoch, split: Split) -> pd.DataFrame:
    assert split.human is not None
    rows = sure_where_people_are_not(seen.probabilities, split.human)
    return pd.DataFrame(
        {
            "id": [split.ids[row] for row in rows],
            "confidence": seen.probabilities[rows].max(axis=1),
            "people": split.human[rows].max(axis=1),
        }
    )
