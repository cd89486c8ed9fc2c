"""Which training texts taught a model its answer: most alike in its states, and most influential."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd
from annotated_types import Ge
from numpy.typing import NDArray

from whytrain.analyses.analysis import Analysis, AnalysisResult, Need, Progress
from whytrain.analyses.charts import Bars, exactly
from whytrain.analyses.subject import Subject
from whytrain.counted import counted
from whytrain.data.corpus import Split
from whytrain.influence.drawn import drawn_rows
from whytrain.influence.gradients import Layer
from whytrain.influence.tracin import read_checkpoints, tracin
from whytrain.models.alike import mean_states
from whytrain.models.batch_runner import split_of
from whytrain.presentation.wording import percent, shortened
from whytrain.statistics.intervals import wilson_interval

_AT_ONCE = 1024  # sentences between two marks of progress
ALIKE, TAUGHT, OPPOSED = "most alike", "taught it", "against it"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Texts that are asked about.

    Attributes:
        texts: n texts.
        labels: int64 (n,), their gold classes; None: nobody knows.
        predicted: int64 (n,), the model's, whose reasons are looked for.
        probability: float64 (n,), that it gives them.
    """

    texts: list[str]
    labels: NDArray[np.int64] | None
    predicted: NDArray[np.int64]
    probability: NDArray[np.float64]


class Examples(Analysis):
    """Which training texts taught it this?"""

    name = "examples"
    title = "Which training sentences taught it this?"
    needs: tuple[Need, ...] = ("embeddings", "one_class")
    shown_by_default = True

    def __init__(
        self,
        *,
        asked: Annotated[int, Ge(1)],
        shown: Annotated[int, Ge(1)],
        layer: Layer,
        rows: Annotated[int, Ge(1)],
    ) -> None:
        """Store the settings.

        Args:
            asked: validation texts that are asked about where nobody gives one.
            shown: training texts of each kind.
            layer: whose gradients are taken.
            rows: training texts that are looked at, at most.
        """
        self.asked, self.shown, self.layer, self.rows = asked, shown, layer, rows

    def analyze(self, subject: Subject, progress: Progress) -> AnalysisResult:
        """Find them."""
        train, remarks = drawn_rows(subject.train, self.rows, subject.seed)
        asked = _asked(subject, self.asked)
        if not asked.texts:
            return AnalysisResult(verdict="It gets every validation sentence right: give text= to ask about.")
        model, task = subject.saved.interface, subject.saved.task
        alike = _alike(subject, train, asked.texts, progress)
        encoded = split_of(train.texts, model, train.labels)
        moments = progress(list(subject.checkpoints.items()) or [None], "reads epochs")
        files = {moment[0]: moment[1] for moment in moments if moment is not None}
        wanted = split_of(asked.texts, model, asked.predicted)
        influence = tracin(read_checkpoints(model, files), encoded, wanted, task, self.layer)
        if not files:
            remarks += ("The run kept no weights of its epochs: influence is that of its best ones alone.",)
        table = _table(subject, train, asked, alike, influence, self.shown)
        return AnalysisResult(
            verdict=_verdict(subject, table, asked),
            how_to_read=_HOW_TO_READ,
            remarks=remarks,
            tables={"sentences": table},
            text_columns=("asked", "text"),
            charts=(_chart(table, asked),),
            metrics=_metrics(table),
        )


_HOW_TO_READ = (
    f"“{ALIKE}”: training sentences whose states in the model point where those of the asked one do "
    f"(cosine, 1: the same). “{TAUGHT}” and “{OPPOSED}”: by how much steps on a training sentence made the "
    "model's answer more, or less, likely, added up over the epochs that the run kept (TracIn, in nats of "
    "loss). Sentences that it found hard to learn, wrongly labeled ones too, move every answer most: look "
    "first at those that are alike as well."
)


def _asked(subject: Subject, n: int) -> Asked:
    """Return the text that somebody asks about, or the surest mistakes on validation rows."""
    given = [subject.text] if subject.text is not None else subject.validation.texts
    probabilities = subject.saved.probabilities(given)
    predicted = probabilities.argmax(axis=1)
    sure = probabilities.max(axis=1)
    if subject.text is not None:
        return Asked(texts=[subject.text], labels=None, predicted=predicted, probability=sure)
    wrong = np.flatnonzero(predicted != subject.validation.labels)
    rows = wrong[np.argsort(-sure[wrong], kind="stable")][:n]
    return Asked(
        texts=[given[row] for row in rows],
        labels=subject.validation.labels[rows],
        predicted=predicted[rows],
        probability=sure[rows],
    )


def _alike(subject: Subject, train: Split, texts: list[str], progress: Progress) -> NDArray[np.float64]:
    """Return the cosines of states, float64 (n_asked, n_train)."""
    model, starts = subject.saved.interface, range(0, len(train), _AT_ONCE)
    states = [
        mean_states(model, train.texts[start : start + _AT_ONCE])
        for start in progress(starts, "reads training sentences")
    ]
    return (mean_states(model, texts) @ np.concatenate(states).T).astype(np.float64)


def _table(
    subject: Subject,
    train: Split,
    asked: Asked,
    alike: NDArray[np.float64],
    influence: NDArray[np.float64],
    n: int,
) -> pd.DataFrame:
    names, rows = subject.class_names, []
    for number, text in enumerate(asked.texts):
        for kind, values in ((ALIKE, alike), (TAUGHT, influence), (OPPOSED, -influence)):
            for row in np.argsort(-values[number], kind="stable")[:n].tolist():
                rows.append(
                    {
                        "asked": text,
                        "label": "" if asked.labels is None else names[asked.labels[number]],
                        "answer": names[asked.predicted[number]],
                        "kind": kind,
                        "id": train.ids[row],
                        "text": train.texts[row],
                        "text_label": names[train.labels[row]],
                        "cosine": round(float(alike[number, row]), 3),
                        "influence": float(f"{influence[number, row]:.3g}"),
                    }
                )
    return pd.DataFrame(rows)


def _verdict(subject: Subject, table: pd.DataFrame, asked: Asked) -> str:
    alike = table[table["kind"] == ALIKE]
    n_same = int((alike["text_label"] == alike["answer"]).sum())
    told = f"{n_same} of {len(alike)}"
    if subject.text is not None:
        nearest, strongest = alike.iloc[0], table[table["kind"] == TAUGHT].iloc[0]
        return (
            f"It says {nearest['answer']} ({percent(float(asked.probability[0]))}). Of the training "
            f"sentences that are most alike, {told} carry that label; nearest is “{nearest['text']}” "
            f"({nearest['text_label']}). What taught it this answer most is “{strongest['text']}” "
            f"({strongest['text_label']})."
        )
    share = wilson_interval(n_same, len(alike), subject.level)
    span = f"interval {percent(share.low)} to {percent(share.high)}"
    mistakes = counted(len(asked.texts), "surest mistake")
    return (
        f"In its states its {mistakes} on validation data lie among training sentences of which {told} "
        f"({percent(share.estimate)}, {span}) carry the wrong label that it gave. The table says which moved "
        "it there most."
    )


def _chart(table: pd.DataFrame, asked: Asked) -> Bars:
    first = table[table["asked"] == asked.texts[0]]
    shown = pd.concat([first[first["kind"] == TAUGHT], first[first["kind"] == OPPOSED].iloc[::-1]])
    pairs = zip(shown["text"], shown["text_label"], strict=True)
    return Bars(
        name="influence",
        title=f"What taught it “{first.iloc[0]['answer']}” of “{shortened(asked.texts[0])}”",
        subtitle="Training sentences with their labels; to the right: they made this answer more likely",
        labels=tuple(f"{label}: {shortened(text, 30)}" for text, label in pairs),
        series={"influence": tuple(exactly(value) for value in shown["influence"])},
        x="change of the loss of the answer over training, nats (TracIn)",
        reference=0.0,
    )


def _metrics(table: pd.DataFrame) -> dict[str, float]:
    alike = table[table["kind"] == ALIKE]
    return {"alike_with_its_answer": float((alike["text_label"] == alike["answer"]).mean())}
