"""Which training rows are labeled wrong: the sources of a run's own list, computed anew from its weights."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from annotated_types import Ge
from numpy.typing import NDArray

from whytrain.analyses.analysis import Analysis, AnalysisResult, Need, Progress
from whytrain.analyses.charts import Bars
from whytrain.analyses.subject import Subject
from whytrain.baselines.bag_of_words import held_out_answers
from whytrain.data.encoded import EncodedSplit
from whytrain.data.splits import sentence_groups
from whytrain.errors import ConfigError
from whytrain.influence.drawn import drawn_rows
from whytrain.influence.mislabeled import label_doubts
from whytrain.influence.tracin import read_checkpoints, self_influence
from whytrain.models.batch_runner import predict_split, split_of
from whytrain.statistics.intervals import clustered_share

Array = NDArray[np.float64]


class LabelCheck(Analysis):
    """Which training rows are labeled wrong?"""

    name = "mislabeled"
    title = "Which training rows are labeled wrong?"
    needs: tuple[Need, ...] = ("one_class",)
    shown_by_default = True

    def __init__(self, *, rows: Annotated[int, Ge(1)]) -> None:
        """Store how many training rows are looked at, at most."""
        self.rows = rows

    def analyze(self, subject: Subject, progress: Progress) -> AnalysisResult:
        """Ask the sources."""
        train, remarks = drawn_rows(subject.train, self.rows, subject.seed)
        n_classes = len(subject.class_names)
        held_out = held_out_answers(train.texts, train.labels, n_classes)
        if not len(held_out):
            return AnalysisResult(verdict="A class is too rare in the training rows to hold part of it out.")
        encoded = split_of(train.texts, subject.saved.interface, train.labels)
        if not subject.checkpoints:
            remarks += ("The run kept no weights of its epochs: its best ones know many labels by heart.",)
        remarks += ("The diagnosis asks what the network said in every epoch, and may list other rows.",)
        answers = {
            "held_out": held_out,
            "while_training": _while_training(subject, encoded, progress),
            "best_weights": predict_split(subject.saved.interface, encoded).probabilities,
        }
        doubts = label_doubts(train.labels, answers, _pull(subject, encoded))
        table = doubts.table(train.ids, train.texts, subject.class_names)
        hits = np.zeros(len(train), dtype=np.bool_)
        hits[doubts.listed] = True
        groups = sentence_groups(train.texts)
        share = clustered_share(hits, groups, subject.level)
        by_class = {
            name: clustered_share(hits[own], groups[own], subject.level)
            for number, name in enumerate(subject.class_names)
            if (own := train.labels == number).sum() > 1
        }
        return AnalysisResult(
            verdict=f"{len(table):,} of {len(train):,} training rows ({len(table) / len(train):.1%}) carry a "
            f"label that is among the most doubtful, and that at least two of {len(doubts.doubts)} sources "
            "contradict.",
            how_to_read=_HOW_TO_READ,
            remarks=remarks,
            tables={"rows": table},
            text_columns=("text",),
            charts=(
                Bars(
                    name="share",
                    title="How many labels are doubted, by the label that the rows carry",
                    subtitle=f"Share of rows that two sources contradict, with {subject.level:.0%} intervals",
                    labels=tuple(by_class),
                    series={"doubted": tuple(by_class.values())},
                    x="share of the rows with this label",
                    reference=0.0,
                ),
            ),
            metrics={"doubted": share.estimate},
        )


_HOW_TO_READ = (
    "The most doubtful come first. held_out: 1 minus the probability that a list of words, which did not "
    "learn from the row, gives to its label. while_training: the same of the network, mean over the "
    "epochs that were kept; best_weights: of its best epoch. self_influence: how hard the row pulled the "
    "network to its label. agreement counts the sources that contradict the label; score is the mean of "
    "their doubts, each on the scale of a normal distribution. A doubted label is often right and the row"
    " merely unusual: read it before you change it. To correct, change the column label of this file, and"
    " train again with data.corrections=FILE."
)


def _while_training(subject: Subject, train: EncodedSplit, progress: Progress) -> Array:
    """Return the network's probabilities, weighed by learning rates over the epochs that were kept."""
    sums, rates = np.zeros((len(train), len(subject.class_names))), 0.0
    for checkpoint in read_checkpoints(subject.saved.interface, subject.checkpoints):
        batches = predict_split(
            checkpoint.model, train, progress=lambda rows: progress(rows, "reads training rows")
        )
        sums += checkpoint.learning_rate * batches.probabilities
        rates += checkpoint.learning_rate
    return sums / rates


def _pull(subject: Subject, train: EncodedSplit) -> Array | None:
    steps = read_checkpoints(subject.saved.interface, subject.checkpoints)
    try:
        return self_influence(steps, train, subject.saved.task)
    except ConfigError:  # the model has no last layer of the kind that is needed
        return None
