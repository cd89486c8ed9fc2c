"""Asks which layer of a run's model knows what."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Annotated

import numpy as np
import pandas as pd
from annotated_types import Ge

from whytrain.analyses.analysis import Analysis, AnalysisResult, Progress
from whytrain.analyses.charts import Chart, Lines
from whytrain.analyses.subject import Subject
from whytrain.data.lexicon import Lexicon, NoLexicon, WordNet, is_english
from whytrain.data.words import bare_word
from whytrain.errors import ConfigError, DataError
from whytrain.metrics import ACCURACY
from whytrain.probing.study import ProbedTask, probe_layers, randomized
from whytrain.probing.tasks import (
    ProbeTask,
    negated_words,
    part_of_speech,
    phrase_sentiment,
    read_sentences,
    sentence_length,
    word_position,
)
from whytrain.statistics.intervals import Interval
from whytrain.statistics.phrases import signed_difference

_HOW_TO_READ = (
    "A probe is a small linear model that reads one answer from the states of one layer. It learns on some "
    "sentences and is judged on others; every answer is equally frequent. Random weights: the same network "
    "untrained, for what its shape alone lets through. Control task: every word was given a random answer; a "
    "probe that is right there has learned words by heart. Selectivity is the accuracy beyond that. The best "
    "of several layers is named, so the interval of its rise is wider than that of a single one. What a "
    "layer knows need not be what the model uses."
)


class Probes(Analysis):
    """Linear probes of every layer, with control tasks and random weights beside.

    References:
        Hewitt, Liang (2019), Designing and interpreting probes with control tasks.
        Voita, Titov (2020), Information-theoretic probing with minimum description length.
    """

    name = "probes"
    title = "What does each layer know?"
    needs = ("layers",)
    shown_by_default = True

    def __init__(self, *, sentences: Annotated[int, Ge(50)], parts: Annotated[int, Ge(100)]) -> None:
        """Store how much is read.

        Args:
            sentences: of the validation split, at most.
            parts: labeled words or phrases per question, at most.
        """
        self.sentences, self.parts = sentences, parts

    def analyze(self, subject: Subject, progress: Progress) -> AnalysisResult:
        """Probe every layer for every question that the texts and the people's labels allow."""
        model = subject.saved.interface
        tasks, remarks = self._tasks(subject)
        if not tasks:
            raise DataError(
                f"probes: {len(subject.validation)} validation sentences are too few to teach a probe and to "
                "judge it: give more"
            )
        twin = randomized(model, subject.seed)
        found = [
            probe_layers(model, twin, task, seed=subject.seed, level=subject.level)
            for task in progress(tasks, "probing layers")
        ]
        rows = pd.DataFrame([row for task in found for row in _rows(task)])
        return AnalysisResult(
            verdict=_verdict(found),
            how_to_read=_HOW_TO_READ,
            remarks=tuple(remarks),
            tables={"probes": rows},
            charts=tuple(map(_chart, found)),
            metrics={
                f"{task.name.replace(' ', '_')}/{name}": value
                for task in found
                for name, value in _metrics(task).items()
            },
        )

    def _tasks(self, subject: Subject) -> tuple[list[ProbeTask], list[str]]:
        """Return the questions that can be asked, and why others cannot."""
        model, rng = subject.saved.interface, np.random.default_rng([subject.seed, 0x7A5])
        texts = subject.validation.texts
        rows = rng.permutation(len(texts))[: self.sentences]
        sentences = read_sentences([texts[row] for row in rows], model.tokenizer, model.max_tokens)
        words = Counter(bare_word(word) for sentence in sentences for word in sentence.words)
        found = [word_position(sentences, self.parts, rng), sentence_length(sentences, self.parts, rng)]
        remarks = []
        if is_english(words):
            lexicon = _lexicon()
            found += [part_of_speech(sentences, lexicon, self.parts, rng)]
            found += [negated_words(sentences, self.parts, rng)]
            if found[-1] is None:
                remarks.append("Negation scope is left out: too few words stand behind a negation.")
            if isinstance(lexicon, NoLexicon):
                remarks.append("Part of speech: function word or not, as WordNet is not on this machine.")
        else:
            remarks.append("Part of speech and negation scope are left out: their rules know English only.")
        if subject.trees:
            trees = [subject.trees[row] for row in rng.permutation(len(subject.trees))[: self.sentences]]
            found.append(phrase_sentiment(trees, model.tokenizer, model.max_tokens, self.parts, rng))
        else:
            remarks.append("Phrase sentiment is left out: it needs people's labels of phrases (people=FILE).")
        return [task for task in found if task is not None], remarks


def _lexicon() -> Lexicon:
    try:
        return WordNet()
    except ConfigError:
        return NoLexicon()


def _verdict(tasks: list[ProbedTask]) -> str:
    """Say of which questions some layer knows more than the embeddings, and of which less."""
    more: list[str] = []
    less: list[str] = []
    others: list[str] = []
    for task in tasks:
        best, first = task.best, task.layers[0]
        assert best.rise is not None
        if best.rise.low > 0:
            more.append(
                f"{task.name}: {_percent(first.accuracy.estimate)} at the embeddings, "
                f"{_percent(best.accuracy.estimate)} at {best.layer} ({_points(best.rise)}; "
                f"{_percent(best.random_weights.estimate)} with random weights)"
            )
        else:
            which = less if best.rise.high < 0 else others
            which.append(f"{task.name} ({_points(best.rise)} at {best.layer})")
    risen = f"Layers add to what words alone tell of {'; '.join(more)}." if more else ""
    fallen = f"Layers tell less than the embeddings of {', '.join(less)}." if less else ""
    flat = f"No rise can be seen for {', '.join(others)}." if others else ""
    return " ".join(filter(None, [risen, fallen, flat]))


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%"


def _points(difference: Interval) -> str:
    d = difference
    estimate, low, high = (signed_difference(ACCURACY, value) for value in (d.estimate, d.low, d.high))
    return f"{estimate} points, {100 * d.level:.3g}% interval {low} to {high}"


def _rows(task: ProbedTask) -> list[dict[str, object]]:
    rows = []
    for layer in task.layers:
        row: dict[str, object] = {"question": task.name, "layer": layer.layer, "chance": task.chance}
        for entry in dataclasses.fields(layer):
            value = getattr(layer, entry.name)
            if isinstance(value, Interval):
                row |= {entry.name: value.estimate, f"{entry.name}_low": value.low}
                row |= {f"{entry.name}_high": value.high}
        rows.append(row | {"compression": layer.compression, "n_parts": task.n_parts})
    return rows


def _metrics(task: ProbedTask) -> dict[str, float]:
    best = task.best
    assert best.rise is not None
    found = {"accuracy": best.accuracy.estimate, "rise": best.rise.estimate}
    return found if best.selectivity is None else found | {"selectivity": best.selectivity.estimate}


def _chart(task: ProbedTask) -> Chart:
    series: dict[str, tuple[Interval | None, ...]] = {
        "this model": tuple(layer.accuracy for layer in task.layers),
        "random weights": tuple(layer.random_weights for layer in task.layers),
    }
    if task.layers[0].control is not None:
        series["control task"] = tuple(layer.control for layer in task.layers)
    answers = ", ".join(task.labels[:-1]) + f" or {task.labels[-1]}"
    return Lines(
        name=task.name.replace(" ", "_"),
        title=f"{task.name.capitalize()}: {answers}",
        subtitle=(
            f"What a linear probe reads from each layer, judged on {task.n_parts:,} parts of "
            f"{task.n_sentences:,} sentences; the line: guessing"
        ),
        ticks=tuple(layer.layer for layer in task.layers),
        series=series,
        x="layer, from the input on",
        y="told right, share",
        reference=task.chance,
    )
