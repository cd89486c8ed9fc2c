"""Intervals, paired tests and power: what a difference between two runs is worth."""

from typing import TYPE_CHECKING

from whytrain.lazy import lazy_imports

if TYPE_CHECKING:
    from whytrain.statistics.comparison import ComparedMetric, Comparison, compare_runs, compare_with_baseline
    from whytrain.statistics.effect_sizes import cohens_h, discordant_odds_ratio, standardized_difference
    from whytrain.statistics.holm import holm_correction
    from whytrain.statistics.intervals import (
        Interval,
        bootstrap_interval,
        clustered_share,
        t_interval,
        wilson_interval,
    )
    from whytrain.statistics.mcnemar import McNemar, mcnemar_p_value
    from whytrain.statistics.paired_bootstrap import MetricDifference, PairedBootstrap
    from whytrain.statistics.pairing import align_rows
    from whytrain.statistics.power import power_of_difference, required_seeds, required_sentences
    from whytrain.statistics.seed_spread import interaction_variance, seed_shifts, standard_error
else:
    __getattr__ = lazy_imports(__name__)

__all__ = [
    "ComparedMetric",
    "Comparison",
    "Interval",
    "McNemar",
    "MetricDifference",
    "PairedBootstrap",
    "align_rows",
    "bootstrap_interval",
    "clustered_share",
    "cohens_h",
    "compare_runs",
    "compare_with_baseline",
    "discordant_odds_ratio",
    "holm_correction",
    "interaction_variance",
    "mcnemar_p_value",
    "power_of_difference",
    "required_seeds",
    "required_sentences",
    "seed_shifts",
    "standard_error",
    "standardized_difference",
    "t_interval",
    "wilson_interval",
]
