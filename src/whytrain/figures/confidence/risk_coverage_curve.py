"""What it buys to answer only the surest: error rate against the share of sentences answered."""

from __future__ import annotations

from matplotlib.figure import Figure

from whytrain.calibration.risk_coverage import RiskCoverage, area_under_risk_coverage, risk_coverage
from whytrain.figures.base.runs import (
    KEY_TOP,
    NO_LEGEND,
    Legend,
    Runs,
    check_runs,
    key,
    key_rows,
    of_each,
    run_handles,
    run_label,
    sizes_of,
)
from whytrain.figures.base.style import Margins, dress, finish, grid, new_figure
from whytrain.figures.base.table import draw_table, table_height
from whytrain.presentation.palette import run_colors, run_lines

COVERAGES = (1.0, 0.9, 0.8, 0.5)


def risk_coverage_curve(runs: Runs, legend: Legend = NO_LEGEND) -> Figure:
    """Draw the error rate among the surest sentences against their share, and the numbers at some shares.

    Args:
        runs: by name, probabilities (n, n_classes) and labels (n,).
        legend: what the names stand for.
    """
    names = check_runs("risk_coverage_curve", runs)
    curves = {name: risk_coverage(*runs[name]) for name in names}
    table = table_height(len(names)) + 0.15
    sizes = sizes_of({name: labels for name, (_, labels) in runs.items()})
    height = KEY_TOP + 0.23 * key_rows(names, legend) + 4.1 + table
    figure = new_figure(
        height, _title(curves), f"{sizes}; they are answered from the surest to the least sure"
    )
    top = key(figure, run_handles(names, legend)) + 0.4
    ax = figure.add_subplot(grid(figure, 1, 1, Margins(top=top, bottom=table + 0.65))[0])
    dress(ax, "error rate among the answered", x="coverage: share of sentences answered", gridlines="both")
    colors, lines = run_colors(names), run_lines(names)
    for name, curve in curves.items():
        ax.plot(curve.coverage, curve.risk, color=colors[name], linestyle=lines[name], linewidth=2)
        ax.plot(curve.coverage[-1], curve.risk[-1], "o", color=colors[name], markersize=6, clip_on=False)
    ax.set_xlim(0, 1)
    ax.set_ylim(bottom=0)
    body = [
        [
            run_label(name),
            *(f"{_risk_at(curves[name], coverage):.3f}" for coverage in COVERAGES),
            f"{area_under_risk_coverage(*runs[name]):.4f}",
        ]
        for name in names
    ]
    header = ["error rate among", *(f"surest {coverage:.0%}" for coverage in COVERAGES), "area under curve"]
    header[1] = "all"
    space = Margins(left=0.4, right=0.25, top=height - table, bottom=0.05)
    draw_table(figure.add_subplot(grid(figure, 1, 1, space)[0]), header, body)
    return finish(figure)


def _risk_at(curve: RiskCoverage, coverage: float) -> float:
    """Return the error rate of at least this share of the sentences."""
    n = len(curve.risk)
    return float(curve.risk[min(n, -(-round(coverage * n * 1000) // 1000)) - 1])


def _title(curves: dict[str, RiskCoverage]) -> str:
    if len(curves) == 1:
        (curve,) = curves.values()
        return f"Error rate {curve.risk[-1]:.3f} for all, {_risk_at(curve, 0.8):.3f} for the surest 80%"
    risks = {name: f"{_risk_at(curve, 0.8):.3f}" for name, curve in curves.items()}
    return f"Error rate among the surest 80% of the sentences: {of_each(risks)}"
