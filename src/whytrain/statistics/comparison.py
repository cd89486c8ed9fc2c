"""Runs on the same sentences, compared in every metric at once: two, or several with a baseline."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whytrain.metrics import ACCURACY, Metric, compared_for, right_rows
from whytrain.statistics.effect_sizes import cohens_h, discordant_odds_ratio
from whytrain.statistics.holm import holm_correction
from whytrain.statistics.intervals import Interval, check_level
from whytrain.statistics.mcnemar import McNemar, mcnemar
from whytrain.statistics.paired_bootstrap import MetricDifference, PairedBootstrap, paired_bootstrap
from whytrain.statistics.phrases import difference_sentence, requirement_phrase
from whytrain.statistics.power import required_seeds, required_sentences


@dataclass(frozen=True, kw_only=True)
class ComparedMetric:
    """One metric of a comparison.

    Attributes:
        measured: the values, the difference B - A with its interval, the p-value.
        adjusted_p_value: the p-value after Holm's correction over the metrics (and runs) looked at.
        effect_size: the difference in units of its spread over sentences (Cohen's d of paired values).
        sentences_needed: to see the observed difference with 80% power; None if no number is enough.
        seeds_needed: the same for seeds of each run on these sentences; None also with one seed.
        sentence: what can be said.
    """

    measured: MetricDifference
    adjusted_p_value: float
    effect_size: float
    sentences_needed: int | None
    seeds_needed: int | None
    sentence: str

    @property
    def holds(self) -> bool:
        """Whether there is a difference after correction: the interval leaves out 0, too."""
        difference = self.measured.difference
        return not difference.contains(0) and self.adjusted_p_value <= 1 - difference.level


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What can be said about B against A.

    Attributes:
        metrics: those that comparisons test, `whytrain.metrics.compared_for(labels)`.
        mcnemar: exact test of the accuracies; None with several seeds.
        odds_ratio: odds that B is right where only one of them is; None with several seeds.
        cohens_h: effect size of the accuracies.
        note: on too few seeds; empty where they are enough.
    """

    metrics: tuple[ComparedMetric, ...]
    mcnemar: McNemar | None
    odds_ratio: Interval | None
    cohens_h: float
    note: str

    def of(self, metric: Metric) -> ComparedMetric:
        """Return what is said of one metric."""
        return next(compared for compared in self.metrics if compared.measured.metric.name == metric.name)


def compare_runs(
    probabilities_a: ArrayLike,
    probabilities_b: ArrayLike,
    labels: ArrayLike,
    *,
    names: tuple[str, str] = ("A", "B"),
    positive: int = 1,
    paired_seeds: bool = True,
    level: float = 0.95,
    n_resamples: int = 2000,
    seed: int = 0,
) -> Comparison:
    """Compare two runs, or two recipes over several seeds each, on the same sentences.

    Args:
        probabilities_a: floating (n_rows, n_classes), or (n_seeds, n_rows, n_classes) for several seeds.
        probabilities_b: the same for B, rows in the same order (see `align_rows`).
        labels: integers (n_rows,), or label sets (n_rows, n_labels).
        names: of A and B, for the sentences.
        positive: of two classes the one that F1 and rankings are about.
        paired_seeds: seed k of A belongs to seed k of B; False if the seeds of A and B are unrelated.
        level: coverage of the intervals; 1 - level is the level of the tests.
        n_resamples: number of bootstrap replicates.
        seed: of the resampling.

    Returns:
        Differences with intervals, corrected p-values, effect sizes, needed sample sizes and sentences.

    Raises:
        DataError: as `paired_bootstrap` does.
        ConfigError: as `paired_bootstrap` does.
    """
    found = compare_with_baseline(
        probabilities_a,
        {names[1]: probabilities_b},
        labels,
        name=names[0],
        positive=positive,
        paired_seeds=[names[1]] if paired_seeds else [],
        level=level,
        n_resamples=n_resamples,
        seed=seed,
    )
    return found[names[1]]


def compare_with_baseline(
    baseline: ArrayLike,
    others: Mapping[str, ArrayLike],
    labels: ArrayLike,
    *,
    name: str = "A",
    positive: int = 1,
    paired_seeds: Collection[str] = (),
    level: float = 0.95,
    n_resamples: int = 2000,
    seed: int = 0,
) -> dict[str, Comparison]:
    """Compare several runs, or recipes over several seeds each, with one baseline.

    The p-values of all metrics of all runs are corrected together: any false claim in the whole report has
    probability at most 1 - level. The more tests, the more resamples are drawn, so that a p-value can be as
    small as the correction asks for.

    Args:
        baseline: floating (n_rows, n_classes), or (n_seeds, n_rows, n_classes) for several seeds.
        others: by name, the same for each run, rows in the same order.
        labels: integers (n_rows,), or label sets (n_rows, n_labels).
        name: of the baseline.
        positive: of two classes the one that F1 and rankings are about.
        paired_seeds: names of those whose seed k belongs to the baseline's seed k.
        level: coverage of the intervals; 1 - level is the level of all tests together.
        n_resamples: number of bootstrap replicates at least.
        seed: of the resampling.

    Returns:
        The comparison of each run with the baseline, differences run - baseline.

    Raises:
        DataError: as `paired_bootstrap` does.
        ConfigError: as `paired_bootstrap` does.
    """
    metrics = compared_for(np.asarray(labels))
    n_tests = len(metrics) * len(others)
    check_level(level)
    n_enough = enough_resamples(n_tests, level, n_resamples) if n_resamples > 0 else n_resamples
    bootstraps = {
        other: paired_bootstrap(
            baseline,
            probabilities,
            labels,
            metrics=metrics,
            positive=positive,
            paired_seeds=other in paired_seeds,
            level=level,
            n_resamples=n_enough,
            seed=seed,
        )
        for other, probabilities in others.items()
    }
    p_values = [measured.p_value for found in bootstraps.values() for measured in found.differences]
    adjusted = iter(holm_correction(p_values).tolist())
    return {
        other: _comparison(
            (baseline, others[other]),
            labels,
            found,
            [next(adjusted) for _ in metrics],
            (name, other),
            n_tests,
        )
        for other, found in bootstraps.items()
    }


def enough_resamples(n_tests: int, level: float, at_least: int) -> int:
    """Return with how many resamples a p-value can reach 1 - level after correction over so many tests.

    The smallest p-value, 2 / (n_resamples + 1), is then at most half of that.

    >>> enough_resamples(4, 0.95, 2000), enough_resamples(100, 0.95, 2000)
    (2000, 8000)
    """
    return max(at_least, math.ceil(round(4 * n_tests / (1 - level), 6)))


def _comparison(
    probabilities: tuple[ArrayLike, ArrayLike],
    labels: ArrayLike,
    bootstrap: PairedBootstrap,
    adjusted: Sequence[float],
    names: tuple[str, str],
    n_tests: int,
) -> Comparison:
    one_seed = bootstrap.n_seeds_a == bootstrap.n_seeds_b == 1
    test = mcnemar(*(_correct(run, labels) for run in probabilities)) if one_seed else None
    accuracy = next(measured for measured in bootstrap.differences if measured.metric.name == ACCURACY.name)
    return Comparison(
        metrics=tuple(
            _compared(measured, p_value, bootstrap, names, n_tests)
            for measured, p_value in zip(bootstrap.differences, adjusted, strict=True)
        ),
        mcnemar=test,
        odds_ratio=discordant_odds_ratio(test.only_a, test.only_b, accuracy.difference.level)
        if test
        else None,
        cohens_h=cohens_h(accuracy.value_a, accuracy.value_b),
        note=bootstrap.note,
    )


def _correct(probabilities: ArrayLike, labels: ArrayLike) -> NDArray[np.bool_]:
    array = np.asarray(probabilities)
    return right_rows(array.reshape(-1, array.shape[-1]), np.asarray(labels))


def _compared(
    measured: MetricDifference,
    adjusted_p_value: float,
    bootstrap: PairedBootstrap,
    names: tuple[str, str],
    n_tests: int,
) -> ComparedMetric:
    difference = measured.difference.estimate
    several_seeds = not math.isnan(measured.seed_error)
    sentences, seeds = _needed(measured, bootstrap)
    sentence = difference_sentence(measured, adjusted_p_value, n_tests, names)
    if measured.difference.contains(0) and difference != 0:
        sentence += f"; {requirement_phrase(sentences, seeds, several_seeds)}"
    spread = measured.sentence_error * math.sqrt(bootstrap.n_sentences)
    return ComparedMetric(
        measured=measured,
        adjusted_p_value=adjusted_p_value,
        effect_size=difference / spread if spread else 0.0,
        sentences_needed=sentences,
        seeds_needed=seeds,
        sentence=sentence,
    )


def _needed(measured: MetricDifference, bootstrap: PairedBootstrap) -> tuple[int | None, int | None]:
    """Return how many sentences (with these seeds) and seeds (on these sentences) show the difference."""
    alpha, difference = 1 - measured.difference.level, measured.difference.estimate
    if math.isnan(difference):
        return None, None
    n_sentences, n_seeds = bootstrap.n_sentences, min(bootstrap.n_seeds_a, bootstrap.n_seeds_b)
    if math.isnan(measured.seed_error):
        return required_sentences(difference, measured.sentence_error, n_sentences, alpha=alpha), None
    both = measured.interaction_error
    sentence_only, seed_only = (
        math.sqrt(max(0.0, error**2 - both**2)) for error in (measured.sentence_error, measured.seed_error)
    )
    sentences = required_sentences(
        difference, math.hypot(measured.sentence_error, both), n_sentences, seed_error=seed_only, alpha=alpha
    )
    seeds = required_seeds(
        difference, math.hypot(measured.seed_error, both), n_seeds, sentence_error=sentence_only, alpha=alpha
    )
    return sentences, seeds
