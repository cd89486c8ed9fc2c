"""All layers asked one question: accuracy, selectivity, and what random weights would reach."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from whytrain.explanation_scores.randomization import cascading_randomization
from whytrain.models.interface import ModelInterface
from whytrain.probing.probe import answers, control_labels, online_compression
from whytrain.probing.states import states_of_parts
from whytrain.probing.tasks import ProbeTask
from whytrain.statistics.intervals import Interval, bootstrap_interval

Array = NDArray[np.float64]
_TAUGHT = 0.6  # share of the sentences


@dataclass(frozen=True, kw_only=True)
class ProbedLayer:
    """What a probe reads of one layer, on sentences that it did not learn from.

    Attributes:
        layer: its name.
        accuracy: share of the parts that are told right.
        control: the same of random labels per word; None where parts are no words.
        selectivity: accuracy - control.
        random_weights: accuracy on the same model with random weights.
        gain: accuracy - random_weights.
        rise: accuracy - that of the first layer; None of the first. Its interval is corrected (Bonferroni)
            for the number of layers, so that the best of them may be named.
        compression: how many times shorter the labels are with the states than without.
    """

    layer: str
    accuracy: Interval
    control: Interval | None
    selectivity: Interval | None
    random_weights: Interval
    gain: Interval
    rise: Interval | None
    compression: float


@dataclass(frozen=True, kw_only=True)
class ProbedTask:
    """What the layers know of one question.

    Attributes:
        name: the question.
        labels: its answers, each as frequent as the others.
        n_parts: number of parts that were judged.
        n_sentences: in how many sentences.
        layers: from the input on.
    """

    name: str
    labels: tuple[str, ...]
    n_parts: int
    n_sentences: int
    layers: tuple[ProbedLayer, ...]

    @property
    def best(self) -> ProbedLayer:
        """The layer behind the first that knows most."""
        return max(self.layers[1:], key=lambda layer: layer.accuracy.estimate)

    @property
    def chance(self) -> float:
        """Accuracy of guessing."""
        return 1 / len(self.labels)


def randomized(model: ModelInterface, seed: int) -> ModelInterface:
    """Return the same architecture with weights drawn anew, each tensor with its mean and spread."""
    *_, (_, module) = cascading_randomization(model.module, seed)
    return replace(model, module=module)


def probe_layers(
    model: ModelInterface, random_model: ModelInterface, task: ProbeTask, *, seed: int, level: float = 0.95
) -> ProbedTask:
    """Probe every layer of a model and of one with random weights, on the same sentences.

    Args:
        model: which shows its layers.
        random_model: its twin.
        task: the question.
        seed: of the sentences to learn from, the control labels and the bootstrap.
        level: of the intervals, which are over sentences.
    """
    rng = np.random.default_rng([seed, 0x9B0BE])
    states, random_states = states_of_parts(model, task), states_of_parts(random_model, task)
    present = rng.permutation(np.unique(task.sentence))
    taught = np.isin(task.sentence, present[: round(_TAUGHT * len(present))])
    judge = _Judge(task.sentence[~taught], level, seed)
    control = None if task.word is None else control_labels(task.word, len(task.labels), rng)
    layers: list[ProbedLayer] = []
    first: NDArray[np.bool_] | None = None
    for layer, of_layer in states.items():
        right = _right(of_layer, task.label, taught)
        by_chance = _right(random_states[layer], task.label, taught)
        by_heart = None if control is None else _right(of_layer, control, taught)
        layers.append(
            ProbedLayer(
                layer=layer,
                accuracy=judge.share(right),
                control=None if by_heart is None else judge.share(by_heart),
                selectivity=None if by_heart is None else judge.share(right, by_heart),
                random_weights=judge.share(by_chance),
                gain=judge.share(right, by_chance),
                rise=None if first is None else judge.share(right, first, n_looks=len(states) - 1),
                compression=online_compression(
                    of_layer[taught], task.label[taught], task.sentence[taught], rng
                ),
            )
        )
        first = right if first is None else first
    return ProbedTask(
        name=task.name,
        labels=task.labels,
        n_parts=int((~taught).sum()),
        n_sentences=len(judge),
        layers=tuple(layers),
    )


def _right(
    states: NDArray[np.float32], labels: NDArray[np.int64], taught: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    right: NDArray[np.bool_] = answers(states, labels, taught).argmax(axis=1) == labels[~taught]
    return right


class _Judge:
    """Shares of parts with intervals over sentences, whose parts are alike."""

    def __init__(self, sentence: NDArray[np.int64], level: float, seed: int) -> None:
        _, self._of_part, self._counts = np.unique(sentence, return_inverse=True, return_counts=True)
        self._level, self._seed = level, seed

    def __len__(self) -> int:
        return len(self._counts)

    def share(
        self, right: NDArray[np.bool_], less: NDArray[np.bool_] | None = None, *, n_looks: int = 1
    ) -> Interval:
        """Return the share of right parts, less that of others; of so many intervals all hold together."""
        hits = right.astype(np.float64) - (0.0 if less is None else less)
        sums = np.bincount(self._of_part, hits, minlength=len(self))
        return bootstrap_interval(
            lambda of_sentence, counts: of_sentence.sum(axis=1) / counts.sum(axis=1),
            sums,
            self._counts.astype(np.float64),
            level=1 - (1 - self._level) / n_looks,
            seed=self._seed,
        )
