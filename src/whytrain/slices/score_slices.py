"""Slices: groups of sentences on which accuracy, confidence or calibration differ by more than noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from whytrain.errors import ConfigError, DataError
from whytrain.metrics.calibration import bin_index, top_label

SLICE_METRICS = ("accuracy", "confidence", "ece")

# Memberships of permuted rows held at a time: 2 MiB, which stay in the cache.
_CHUNK_ELEMENTS = 262_144


@dataclass(frozen=True, kw_only=True)
class SliceValue:
    """One metric in one slice, against random slices of the same size.

    Attributes:
        value: the metric in the slice.
        expected: its mean over random slices of the same size: for ECE more than the whole set's.
        spread: its standard deviation over them.
        p_value: two-sided, corrected for all slices and metrics looked at.
    """

    value: float
    expected: float
    spread: float
    p_value: float


@dataclass(frozen=True, kw_only=True)
class Slice:
    """One group of sentences.

    Attributes:
        column: what the sentences are grouped by.
        group: name of the group.
        n_rows: number of sentences in it.
        accuracy: share of correct predictions.
        confidence: mean confidence.
        ece: expected calibration error.
    """

    column: str
    group: str
    n_rows: int
    accuracy: SliceValue
    confidence: SliceValue
    ece: SliceValue


def slice_table(
    probabilities: ArrayLike,
    labels: ArrayLike,
    columns: Mapping[str, ArrayLike],
    *,
    n_bins: int = 15,
    n_permutations: int = 2000,
    seed: int = 0,
) -> tuple[Slice, ...]:
    """Measure every group of every column, and test it against random groups of the same size.

    Rows are permuted against all columns at once; each metric of each slice becomes z = (value - mean) / sd
    over the permutations, and a corrected p-value is the share of permutations whose largest |z| over all
    slices and metrics reaches it (Westfall and Young's single-step maxT). So overlapping slices do not cost
    twice, small slices are judged by their own noise, and any false alarm has probability at most α.

    Args:
        probabilities: floating (n, n_classes), rows summing to 1.
        labels: integers (n,) in 0..n_classes - 1.
        columns: name to the group of each row (n,): length, negation, class or any column of the data (see
            `whytrain.slices.slice_columns`).
        n_bins: bins of the calibration error.
        n_permutations: number of permutations; no p-value is below 1 / (n_permutations + 1).
        seed: of the permutations.

    Returns:
        The slices in the order of the columns, groups sorted by name.

    Raises:
        DataError: if probabilities, labels or a column are not as described.
        ConfigError: if n_bins or n_permutations is below 1.

    References:
        Westfall & Young (1993), Resampling-Based Multiple Testing (single-step maxT).
    """
    if n_permutations < 1:
        raise ConfigError(f"Expected at least 1 permutation (2000 is usual), got {n_permutations}.")
    confidence, correct = top_label(probabilities, labels)
    names, codes = _codes(columns, correct.size)
    rows = _Rows(correct, correct - confidence.astype(np.float64), bin_index(confidence, n_bins), n_bins)
    sizes = np.bincount(codes.ravel())
    everyone = np.arange(correct.size)[None]
    observed = _measure(everyone, rows, codes, sizes)[0]
    generator = np.random.default_rng(seed)
    chunk = max(1, _CHUNK_ELEMENTS // codes.size)
    permuted = np.concatenate(
        [
            _measure(
                generator.permuted(everyone.repeat(min(chunk, n_permutations - start), axis=0), axis=1),
                rows,
                codes,
                sizes,
            )
            for start in range(0, n_permutations, chunk)
        ]
    )
    expected, spread = permuted.mean(axis=0), permuted.std(axis=0)
    p_values = _max_t_p_values(observed, permuted, expected, spread)
    values = np.stack([observed, expected, spread, p_values], axis=-1)  # (n_slices, 3, 4)
    return tuple(
        Slice(
            column=column,
            group=group,
            n_rows=int(size),
            accuracy=_slice_value(accuracy),
            confidence=_slice_value(confidence),
            ece=_slice_value(ece),
        )
        for (column, group), size, (accuracy, confidence, ece) in zip(names, sizes, values, strict=True)
    )


def _slice_value(numbers: NDArray[np.float64]) -> SliceValue:
    value, expected, spread, p_value = numbers.tolist()
    return SliceValue(value=value, expected=expected, spread=spread, p_value=p_value)


def differing_slices(table: tuple[Slice, ...], alpha: float = 0.05) -> tuple[str, ...]:
    """Name the slices that differ by more than noise, the surest first, one sentence per metric.

    Args:
        table: from `slice_table`.
        alpha: probability of any false alarm, in (0, 1).

    Raises:
        ConfigError: if alpha is outside (0, 1).
    """
    if not 0 < alpha < 1:
        raise ConfigError(f"Expected alpha between 0 and 1 (0.05 is usual), got {alpha}.")
    found = [
        (measured.p_value, part, metric, measured)
        for part in table
        for metric in SLICE_METRICS
        if (measured := getattr(part, metric)).p_value <= alpha
    ]
    return tuple(
        f"{part.column} {part.group} ({part.n_rows} sentences): {metric} {measured.value:.3f}, where random "
        f"slices of this size show {measured.expected:.3f} ± {measured.spread:.3f} (p = {p_value:.2g} after "
        f"correction)"
        for p_value, part, metric, measured in sorted(found, key=lambda item: item[0])
    )


class _Rows(NamedTuple):
    """What is permuted: correct, gap = correct - confidence and bin of each row, (n_rows,) each."""

    correct: NDArray[np.bool_]
    gap: NDArray[np.float64]
    bins: NDArray[np.int64]
    n_bins: int


def _codes(columns: Mapping[str, ArrayLike], n_rows: int) -> tuple[list[tuple[str, str]], NDArray[np.int64]]:
    """Return (column, group) of each slice and the slice of each row in each column, (n_columns, n_rows)."""
    names: list[tuple[str, str]] = []
    codes = []
    for column, values in columns.items():
        groups = np.asarray(values)
        if groups.shape != (n_rows,):
            raise DataError(
                f"Expected column {column!r} with {n_rows} values, one per row, got shape {groups.shape}."
            )
        found, code = np.unique(groups, return_inverse=True)
        codes.append(len(names) + code)
        names += [(column, str(group)) for group in found]
    if not names:
        raise DataError("Slices need at least one column to group the sentences by, got none.")
    return names, np.stack(codes)


def _measure(
    order: NDArray[np.int64], rows: _Rows, codes: NDArray[np.int64], sizes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the metrics of the slices, (n_orders, n_slices, 3), for each order of rows (n_orders, n)."""
    n_orders, n_slices = len(order), sizes.size
    cells = np.arange(n_orders)[:, None, None] * n_slices + codes  # (n_orders, n_columns, n_rows)

    def summed(index: NDArray[np.int64], values: NDArray[np.float64], length: int) -> NDArray[np.float64]:
        weights = np.broadcast_to(values[order][:, None, :], index.shape).ravel()
        # NumPy's stubs call the sums integers.
        return np.bincount(index.ravel(), weights, minlength=length).astype(np.float64, copy=False)

    correct = summed(cells, rows.correct.astype(np.float64), n_orders * n_slices)
    by_bin = cells * rows.n_bins + rows.bins[order][:, None, :]
    gaps = summed(by_bin, rows.gap, n_orders * n_slices * rows.n_bins).reshape(-1, rows.n_bins)
    metrics = np.stack([correct, correct - gaps.sum(axis=1), np.abs(gaps).sum(axis=1)], axis=-1)
    measured: NDArray[np.float64] = metrics.reshape(n_orders, n_slices, 3) / sizes[:, None]
    return measured


def _max_t_p_values(
    observed: NDArray[np.float64],
    permuted: NDArray[np.float64],
    expected: NDArray[np.float64],
    spread: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return corrected p-values (n_slices, 3)."""
    # A slice that holds every row never varies: rounding must not make it stand out.
    scale = np.where(spread > 1e-12, spread, np.inf)
    largest = np.abs((permuted - expected) / scale).max(axis=(1, 2))
    reached = largest[:, None, None] >= np.abs((observed - expected) / scale) - 1e-9
    p_values: NDArray[np.float64] = (1 + reached.sum(axis=0)) / (1 + len(permuted))
    return p_values
