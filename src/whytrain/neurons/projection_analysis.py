"""Asks how a run's model arranges sentences and words."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pandas as pd
import torch
from annotated_types import Ge
from numpy.typing import NDArray

from whytrain.analyses.analysis import Analysis, AnalysisResult, Progress
from whytrain.analyses.charts import Chart, Points
from whytrain.analyses.subject import Subject
from whytrain.data.lexicon import NoLexicon
from whytrain.models.batch_runner import split_of
from whytrain.models.evaluation import evaluating
from whytrain.models.layers import POOLED
from whytrain.neurons.projection import ProjectionName, neighbors_agree, project
from whytrain.neurons.responses import known_words
from whytrain.neurons.unit_values import activations, margins
from whytrain.statistics.intervals import Interval, bootstrap_interval

Array = NDArray[np.float64]
_LABELED, _NEIGHBORS = 25, 10
_NO_LEAN = "neither"
_HOW_TO_READ = (
    "Each point is a sentence (its pooled state, of which the answer is made) or a word (its embedding, "
    "before anything of a sentence is known). Close points are alike to the model. t-SNE keeps neighbors "
    "and no distances: the size of a cluster and the gap between two say nothing. PCA keeps distances as "
    "far as two directions can."
)


class Projection(Analysis):
    """Pooled states of sentences and embeddings of words in the plane."""

    name = "projection"
    title = "How does the model arrange sentences and words?"
    needs = ("layers", "one_class")
    shown_by_default = True

    def __init__(
        self,
        *,
        method: ProjectionName,
        sentences: Annotated[int, Ge(20)],
        words: Annotated[int, Ge(20)],
    ) -> None:
        """Store what is drawn.

        Args:
            method: `tsne` or `pca`.
            sentences: of the validation split, at most.
            words: of the training texts, the most frequent content words.
        """
        self.method, self.sentences, self.words = method, sentences, words

    def analyze(self, subject: Subject, progress: Progress) -> AnalysisResult:
        """Project both."""
        model, rng = subject.saved.interface, np.random.default_rng([subject.seed, 0x9401])
        names = subject.class_names
        rows = np.sort(rng.permutation(len(subject.validation))[: self.sentences])
        chosen = subject.validation.select(rows)
        seen = activations(model, split_of(chosen.texts, model))
        gold = np.array([f"{names[label]}" for label in chosen.labels])
        wrong = seen.predicted != chosen.labels
        groups = np.where(wrong, "classified wrong", gold)
        at, shown = project(seen.values, self.method, subject.seed)
        agree = self._agreement(seen.values, chosen.labels, subject)
        words, lean, embedded = self._words(subject)
        words_at, words_shown = project(embedded, self.method, subject.seed)
        apart = self._agreement(embedded, np.unique(lean, return_inverse=True)[1], subject)
        chance = float(np.square(np.bincount(chosen.labels) / len(chosen)).sum())
        of_words = float(np.square(np.unique(lean, return_counts=True)[1] / len(lean)).sum())
        verdict = (
            f"Of the {_NEIGHBORS} nearest sentences {_phrase(agree)} have the same class (by chance "
            f"{100 * chance:.0f}%); of the nearest words {_phrase(apart)} lean the same way (by chance "
            f"{100 * of_words:.0f}%)."
        )
        frame = pd.DataFrame({"text": chosen.texts, "class": gold, "wrong": wrong})
        frame[["x", "y"]] = at
        of_word = pd.DataFrame({"word": words, "leans_to": lean})
        of_word[["x", "y"]] = words_at
        return AnalysisResult(
            verdict=verdict,
            how_to_read=_HOW_TO_READ,
            tables={"sentences": frame, "words": of_word},
            text_columns=("text", "word"),
            charts=(
                self._chart("sentences", "Sentences by their pooled states", at, groups, {}, shown),
                self._chart(
                    "words",
                    "Words by their embeddings",
                    words_at,
                    lean,
                    _spread(words_at, words),
                    words_shown,
                ),
            ),
            metrics={"sentence_neighbors": agree.estimate, "word_neighbors": apart.estimate},
        )

    def _words(self, subject: Subject) -> tuple[tuple[str, ...], NDArray[np.str_], Array]:
        """Return frequent content words, the class that each leans to alone, and their embeddings."""
        model, known = subject.saved.interface, NoLexicon()
        frequent = known_words(subject.train.texts, model.tokenizer, 5 * self.words)
        words = tuple(w for w in frequent if known.part_of_speech(w) is None and len(w) > 1)[: self.words]
        seen = activations(model, split_of(words, model), POOLED)
        leaning = margins(seen.logits, seen.predicted)
        clear = leaning >= np.quantile(leaning, 1 / 3)
        lean = np.where(clear, [f"{subject.class_names[c]}" for c in seen.predicted], _NO_LEAN)
        return words, lean, _embeddings(subject, words)

    def _agreement(self, states: Array, groups: NDArray[np.int64], subject: Subject) -> Interval:
        """Return the share of nearest neighbors, in the whole space, of the same group."""
        return bootstrap_interval(
            lambda shares: shares.mean(axis=1),
            neighbors_agree(states, groups, _NEIGHBORS),
            level=subject.level,
            seed=subject.seed,
        )

    def _chart(
        self,
        name: str,
        title: str,
        positions: Array,
        groups: NDArray[np.str_],
        labels: dict[int, str],
        shown: float | None,
    ) -> Chart:
        kind = "t-SNE, no unit" if shown is None else "principal component, units of the state"
        how = "neighbors are alike to the model" if shown is None else f"{100 * shown:.0f}% of the variance"
        return Points(
            name=name,
            title=title,
            subtitle=f"{len(positions)} {name}; {'t-SNE' if shown is None else 'PCA'}: {how}",
            positions=positions,
            groups=tuple(groups.tolist()),
            labels=labels,
            x=f"first axis ({kind})",
            y=f"second axis ({kind})",
        )


def _embeddings(subject: Subject, words: tuple[str, ...]) -> Array:
    """Return the mean embedding of each word's own tokens, without special ones."""
    model = subject.saved.interface
    with evaluating(model):
        embedded = [model.embed(torch.tensor([ids]))[0] for ids in model.tokenizer.pieces(words)]
    return np.stack([of_word.double().mean(dim=0).cpu().numpy() for of_word in embedded])


def _spread(positions: Array, words: tuple[str, ...]) -> dict[int, str]:
    """Choose words to write beside their points, the most frequent ones that do not overlap."""
    size = np.ptp(positions, axis=0)
    chosen: dict[int, str] = {}
    for row, word in enumerate(words):
        near = [np.abs(positions[row] - positions[o]) / size for o in chosen]
        if all(dx > 0.12 or dy > 0.05 for dx, dy in near):
            chosen[row] = word
        if len(chosen) == _LABELED:
            break
    return chosen


def _phrase(share: Interval) -> str:
    s = share
    return f"{100 * s.estimate:.0f}% ({100 * s.level:g}% interval {100 * s.low:.0f} to {100 * s.high:.0f})"
