"""Asks which single units of a run's model decide, and what they respond to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import pandas as pd
from annotated_types import Ge
from numpy.typing import NDArray

from whytrain.analyses.analysis import Analysis, AnalysisResult, Progress
from whytrain.analyses.charts import Bars, Chart, Lines, exactly
from whytrain.analyses.subject import Subject
from whytrain.data.encoded import EncodedSplit
from whytrain.models.batch_runner import split_of
from whytrain.models.interface import ModelInterface
from whytrain.models.layers import POOLED
from whytrain.neurons.ablation import Ablation, ablate
from whytrain.neurons.maximization import Found, maximize
from whytrain.neurons.ranking import Ranking, ranked
from whytrain.neurons.responses import known_words, read_phrases, texts_with, word_effects
from whytrain.neurons.unit_values import Activations, activations, contributions
from whytrain.statistics.intervals import Interval

Array = NDArray[np.float64]
_WORDS, _PHRASES, _N_PHRASES = 5, 4, 3000  # shown per unit; read
_TELLING, _OCCURRENCES = 20, 6  # words of a unit that are taken away; how often each, at least
_KNOWN, _STRONG, _FREQUENT = 2000, 60, 30  # words of the training texts; of a unit's search
_LENGTH, _WIDTH = 3, 4  # of the search
_SENTENCES, _RANDOM_SETS = 300, 5  # read where nobody chose; random sets of units of each size
_SENTENCES_HELD, _RANDOM_SETS_HELD = 100, 2  # of other layers than pooled: what is held takes a pass
_IN_TEXT = 10  # units of a text that is asked about
_HOW_TO_READ = (
    "A unit is one number of a layer. 'pooled' is the layer that the last linear layer reads: what a unit "
    "adds to the answer there is its value (less its mean) times its weight, exactly, and the units sum to"
    " the whole. At single words no such sum exists: the pooling and the layers behind mix them. Its share"
    " is the mean size of what it adds, among all units. Held at its mean, a unit says nothing of the text"
    " any more; what accuracy falls by is what the model loses with it. Words raise a unit by its value in"
    " a text less that without the word. The best words are searched among real words of the training "
    "texts; they need not be a sentence."
)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Unit:
    """What is shown of a unit."""

    number: int
    share: float
    speaks_for: str
    words: list[tuple[str, Interval]]
    high: list[tuple[str, float]]
    low: list[tuple[str, float]]
    best: Found
    ablation: Ablation


class Neurons(Analysis):
    """The few units that decide most: what raises them, and what the answer loses without them."""

    name = "neurons"
    title = "Which units decide, and what do they respond to?"
    needs = ("layers", "one_class")
    shown_by_default = True

    def __init__(
        self, *, layer: str, units: Annotated[int, Ge(1)], sentences: Annotated[int, Ge(10)] | None
    ) -> None:
        """Store what is read.

        Args:
            layer: whose units, such as `pooled` or `lstm 1`.
            units: how many are shown, the most decisive ones.
            sentences: of the validation split, at most; None: 300, of another layer than `pooled` 100.
        """
        self.layer, self.units = layer, units
        self.sentences = sentences or (_SENTENCES if layer == POOLED else _SENTENCES_HELD)

    def analyze(self, subject: Subject, progress: Progress) -> AnalysisResult:
        """Rank the units, and look into the first ones."""
        model, rng = subject.saved.interface, np.random.default_rng([subject.seed, 0x0E47])
        split = _validation(subject, self.sentences, rng)
        seen = activations(model, split, self.layer)
        ranking = ranked(model, split, seen, self.units, rng, lambda units: progress(units, "holding units"))
        shares, order = ranking.shares, ranking.order
        taught = subject.train.texts
        taught = [taught[row] for row in rng.permutation(len(taught))]
        phrases = read_phrases(model, taught[: 10 * self.sentences], self.layer, _N_PHRASES, rng)
        search = _Search(model, taught[: 10 * self.sentences], self.layer)
        words = {word for unit in order[: self.units].tolist() for word in search.telling(unit)}
        carriers = texts_with(words, taught, _OCCURRENCES)
        effects = word_effects(model, progress(carriers, "taking words away"), self.layer, words)
        shown = [
            _Unit(
                number=unit,
                share=float(shares[unit]),
                speaks_for=subject.class_names[_speaks_for(seen, ranking.added[:, unit], unit)],
                words=effects.strongest(unit, _WORDS, subject.level),
                high=phrases.strongest(unit, _PHRASES),
                low=phrases.strongest(unit, _PHRASES, lowest=True),
                best=search(unit),
                ablation=ablate(model, split, seen, [unit], level=subject.level, seed=subject.seed),
            )
            for unit in progress(order[: self.units].tolist(), "looking into units")
        ]
        costs = _costs(model, split, seen, order, subject, rng)
        charts = [_cost_chart(costs, len(split), self.layer), _word_chart(shown, subject.level)]
        tables = {"units": _unit_table(shown), "ablation": _cost_table(costs)}
        if subject.text is not None and self.layer == POOLED:
            tables["text"] = _in_text(model, subject.text, seen)
            charts.append(_text_chart(tables["text"], subject.text))
        return AnalysisResult(
            verdict=_verdict(shown, costs, len(order), self.layer),
            how_to_read=_HOW_TO_READ,
            remarks=_remarks(ranking, self.units),
            tables=tables,
            text_columns=("words", "high", "low", "best_words"),
            charts=tuple(charts),
            metrics={"share_of_first": float(shares[order[: self.units]].sum())},
        )


class _Search:
    """Searches the words that drive a unit highest."""

    def __init__(self, model: ModelInterface, texts: Sequence[str], layer: str) -> None:
        self._model, self._layer = model, layer
        self._words = known_words(texts, model.tokenizer, _KNOWN)
        self._alone = activations(model, split_of(self._words, model), layer).values

    def telling(self, unit: int) -> list[str]:
        """Return the words that alone move a unit farthest from its mean over words."""
        values = self._alone[:, unit]
        order = np.argsort(-np.abs(values - values.mean()), kind="stable")
        return [self._words[row] for row in order[:_TELLING].tolist()]

    def __call__(self, unit: int) -> Found:
        strong = np.argsort(-self._alone[:, unit], kind="stable")[:_STRONG].tolist()
        vocabulary = dict.fromkeys([*self._words[:_FREQUENT], *(self._words[row] for row in strong)])

        def score(candidates: Sequence[tuple[str, ...]]) -> Array:
            texts = [" ".join(words) for words in candidates]
            return activations(self._model, split_of(texts, self._model), self._layer).values[:, unit]

        return maximize(score, tuple(vocabulary), length=_LENGTH, width=_WIDTH)


def _validation(subject: Subject, n: int, rng: np.random.Generator) -> EncodedSplit:
    rows = np.sort(rng.permutation(len(subject.validation))[:n])
    chosen = subject.validation.select(rows)
    return replace(split_of(chosen.texts, subject.saved.interface), labels=chosen.labels)


def _speaks_for(seen: Activations, added: Array, unit: int) -> int:
    """Return the class that high values speak for: by the weights, or where texts of high values fall."""
    if seen.layer == POOLED:
        return int(seen.head_weight[:, unit].argmax())
    towards = np.sign(seen.values[:, unit] - seen.means[unit]) * added
    return int(np.argmax([towards[seen.predicted == c].sum() for c in range(seen.logits.shape[1])]))


_Costs = list[tuple[int, Ablation, list[Ablation]]]


def _costs(
    model: ModelInterface,
    split: EncodedSplit,
    seen: Activations,
    order: NDArray[np.int64],
    subject: Subject,
    rng: np.random.Generator,
) -> _Costs:
    """Return what it costs to hold the first 1, 2, 4, … units, and as many random ones."""
    is_cheap = seen.layer == POOLED
    draws, step = (_RANDOM_SETS, 1) if is_cheap else (_RANDOM_SETS_HELD, 2)
    sizes = [size for size in (1, 2, 4, 8, 16, 32, 64, 128)[::step] if size <= len(order) // 2]

    def held(units: NDArray[np.int64]) -> Ablation:
        return ablate(model, split, seen, units.tolist(), level=subject.level, seed=subject.seed)

    return [
        (size, held(order[:size]), [held(rng.permutation(len(order))[:size]) for _ in range(draws)])
        for size in sizes
    ]


def _remarks(ranking: Ranking, shown: int) -> tuple[str, ...]:
    """Say which units were held, and what those that were drawn say of the estimate of the others."""
    n_units, n_held, n_drawn = ranking.added.shape[1], len(ranking.held), len(ranking.drawn)
    if n_held == n_units:
        return ()
    first = set(ranking.order[:shown].tolist())
    among = sum(unit in first for unit in ranking.drawn.tolist())
    remarks = [
        f"Of {n_units} units {n_held} were held, one after the other: the {n_held - n_drawn} that an "
        "estimate (gradient times how far the value is from its mean) puts first, and "
        f"{n_drawn} drawn from the others, of which {among or 'none'} decides as much as those shown. The "
        "shares of all others are estimates."
    ]
    if not np.isnan(ranking.agreement):
        remarks.append(
            f"Over the units drawn, estimate and result correlate by rank at {ranking.agreement:.2f}."
        )
    return tuple(remarks)


def _verdict(shown: list[_Unit], costs: _Costs, n_units: int, layer: str) -> str:
    first = shown[0]
    words = ", ".join(f'"{word}"' for word, _ in first.words[:3]) or "no single word"
    head = (
        f"The {len(shown)} most decisive of {n_units} units of {layer} carry "
        f"{100 * sum(unit.share for unit in shown):.0f}% of the decision; the first, unit {first.number}, "
        f"speaks for {first.speaks_for} and responds to {words}. "
    )
    telling = next(((size, most, others) for size, most, others in costs if most.accuracy.low > 0), None)
    if telling is None:
        return f"{head}Accuracy does not fall visibly if {costs[-1][0]} of them are held at their mean."
    size, most, others = telling
    cost, by_chance = most.accuracy, np.mean([one.accuracy.estimate for one in others])
    return (
        f"{head}Accuracy falls from {size} units on that are held at their mean: by {_points(cost.estimate)} "
        f"points ({100 * cost.level:g}% interval {_points(cost.low)} to {_points(cost.high)}), with {size} "
        f"random ones by {_points(float(by_chance))}."
    )


def _points(share: float) -> str:
    text = f"{100 * share:.1f}"
    return "0.0" if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")


def _unit_table(shown: list[_Unit]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "unit": unit.number,
                "share": unit.share,
                "speaks_for": unit.speaks_for,
                "words": "; ".join(f"{word} {raised.estimate:+.2f}" for word, raised in unit.words),
                "high": "; ".join(text for text, _ in unit.high),
                "low": "; ".join(text for text, _ in unit.low),
                "best_words": " ".join(unit.best.words),
                "best_value": unit.best.value,
                "accuracy_cost": unit.ablation.accuracy.estimate,
                "accuracy_cost_low": unit.ablation.accuracy.low,
                "accuracy_cost_high": unit.ablation.accuracy.high,
                "margin_cost": unit.ablation.margin.estimate,
                "margin_cost_low": unit.ablation.margin.low,
                "margin_cost_high": unit.ablation.margin.high,
            }
            for unit in shown
        ]
    )


def _cost_table(costs: _Costs) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "units": size,
                "accuracy_cost": most.accuracy.estimate,
                "accuracy_cost_low": most.accuracy.low,
                "accuracy_cost_high": most.accuracy.high,
                "accuracy_cost_random": np.mean([one.accuracy.estimate for one in random]),
                "margin_cost": most.margin.estimate,
                "margin_cost_random": np.mean([one.margin.estimate for one in random]),
            }
            for size, most, random in costs
        ]
    )


def _cost_chart(costs: _Costs, n_texts: int, layer: str) -> Chart:
    def percent(interval: Interval) -> Interval:
        ends = {key: 100 * getattr(interval, key) for key in ("estimate", "low", "high")}
        return Interval(**ends, level=interval.level)

    return Lines(
        name="ablation",
        title=f"What it costs to silence units of {layer}",
        subtitle=(
            f"Units held at their mean, the most decisive first; random: mean of {len(costs[0][2])} draws; "
            f"{n_texts} sentences"
        ),
        ticks=tuple(str(size) for size, _, _ in costs),
        series={
            "most decisive": tuple(percent(most.accuracy) for _, most, _ in costs),
            "random units": tuple(
                exactly(100 * float(np.mean([one.accuracy.estimate for one in random])))
                for _, _, random in costs
            ),
        },
        x="number of units",
        y="accuracy lost, points",
        reference=0.0,
    )


def _word_chart(shown: list[_Unit], level: float) -> Chart:
    rows = [(unit, word, raised) for unit in shown for word, raised in unit.words[:3]]
    return Bars(
        name="words",
        title="Words that move the most decisive units",
        subtitle=f"Value of the unit less that without the word; {100 * level:g}% interval over occurrences",
        labels=tuple(f"unit {unit.number} (for {unit.speaks_for}): {word}" for unit, word, _ in rows),
        series={"raised by": tuple(raised for _, _, raised in rows)},
        x="change of the unit's value",
        reference=0.0,
    )


def _in_text(model: ModelInterface, text: str, seen: Activations) -> pd.DataFrame:
    """Return what the units add to the answer for a text, the most first."""
    own = activations(model, split_of([text], model))
    added = contributions(own, seen.means)[0]
    order = np.argsort(-np.abs(added), kind="stable")
    return pd.DataFrame(
        {"unit": order, "value": own.values[0, order], "mean": seen.means[order], "added": added[order]}
    )


def _text_chart(rows: pd.DataFrame, text: str) -> Chart:
    first = rows.head(_IN_TEXT)
    rest = float(rows["added"][_IN_TEXT:].sum())
    return Bars(
        name="text",
        title="What single units add to the answer",
        subtitle=f"\N{LEFT DOUBLE QUOTATION MARK}{text}\N{RIGHT DOUBLE QUOTATION MARK}; all units sum to the "
        "margin of the predicted class less that of usual values",
        labels=(*(f"unit {unit}" for unit in first["unit"]), f"the other {len(rows) - len(first)}"),
        series={"adds": tuple(map(exactly, [*first["added"], rest]))},
        x="logits",
        reference=0.0,
    )
