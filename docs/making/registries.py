"""Pages of what the code keeps in registries: commands, metrics, findings with their rules."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence

from making.config_keys import CONF
from making.markdown import code, page, table
from whytrain.commands.__main__ import COMMANDS
from whytrain.commands.help import command_help
from whytrain.diagnosis.allowed import Scalar
from whytrain.diagnosis.detectors import DETECTORS
from whytrain.diagnosis.rules import FindingRule, Step, load_rules
from whytrain.metrics import METRICS, MULTILABEL_METRICS, Metric

_UNITS = {"share": "share of 1", "nats": "nats", "score": "–"}


def commands_page() -> str:
    """Return what each command does, an example, and what its `--help` says."""
    parts = [
        "From a checkout `python train.py` is `whytrain train`, and so on. `whytrain COMMAND --help` prints what "
        "stands here. Exit codes: 0 done; 1 what was begun failed; 2 the command line or the config is wrong; 130 "
        "after Ctrl-C, 143 after SIGTERM.",
    ]
    for name, (what, example) in COMMANDS.items():
        help_text = command_help(CONF / f"{name}.yaml")
        parts.append(f"## {name}\n\n{_sentence(what)}\n\n```\n{example}\n```\n\n```text\n{help_text}\n```")
    return page("Commands", *parts)


def metrics_page() -> str:
    """Return every metric with its unit, direction, range and meaning."""
    return page(
        "Metrics",
        "Logged per epoch as `val/NAME` (and `train/loss`, `train/accuracy`), for the epoch that was kept as "
        "`best/NAME`, for the last one as `last/NAME`, and on a test set as `test/NAME`. Any of them can decide "
        "which epoch is kept: `trainer.monitor=val/NAME`. Where classes exclude each other and there are two, those "
        "marked ◦ are about the positive one (`data.positive_class`); of more classes they are means over these.",
        "## Of classes",
        _metric_table(METRICS),
        "## Of labels (`task=multilabel`)",
        _metric_table(MULTILABEL_METRICS),
        "What else a run logs under its topics is in [Tables and artifacts](records.md).",
    )


def _metric_table(metrics: Sequence[Metric]) -> str:
    rows = [
        (
            code(metric.name),
            metric.label + (" ◦" if metric.of_positive else ""),
            _UNITS[metric.unit],
            "↑ higher" if metric.higher_is_better else "↓ lower",
            f"{metric.lowest:g} to {'∞' if math.isinf(metric.highest) else f'{metric.highest:g}'}",
            metric.meaning,
        )
        for metric in metrics
    ]
    return table(["name", "called", "unit", "better", "range", "is"], rows)


def findings_page() -> str:
    """Return every detector with its rule, and what is recommended then."""
    book = load_rules(None, DETECTORS)
    parts = [
        "A detector measures a value with its 95% interval on what a run holds; a rule says when that is a finding, "
        "how serious, and what to change. Rules of your own: [the closed loop](../closed_loop.md#rules).",
        "## Findings",
        *(_finding(name, DETECTORS[name], rule) for name, rule in book.findings.items()),
        "## Recommendations",
        "What `from_diagnosis=RUN` changes in the next run's config, and what that run is then held to: the "
        "difference after − before. *For you* are those that no config key can follow.",
        table(
            ["name", "what to do", "overrides", "is held to"],
            [
                (
                    code(name),
                    recommendation.text,
                    ", ".join(code(_override(key, value)) for key, value in recommendation.overrides.items()),
                    ", ".join(_promise(e.metric, e.at_most, e.at_least) for e in recommendation.expected),
                )
                for name, recommendation in book.recommendations.items()
            ],
        ),
    ]
    return page("Findings and rules", *parts)


def _finding(name: str, detector: Callable[..., object], rule: FindingRule) -> str:
    measured = (inspect.getdoc(detector) or "").splitlines()[0]
    end = {"estimate": "the value", "low": "the lower end", "high": "the upper end"}[rule.compare]
    sides = {"above": rule.above, "below": rule.below, "at most": rule.at_most}
    (limit,) = (f"{side} {value:g}" for side, value in sides.items() if value is not None)
    advice = ", ".join(map(code, rule.recommend)) or "nothing by itself"
    text = rule.text.replace("{", "‹").replace("}", "›")
    return "\n\n".join(
        [
            f"### {name}",
            f"**{rule.title}** ({rule.severity}). {text}",
            f"- Measures: {measured}\n- A finding where {end} of the interval is {limit}.\n- Recommends: {advice}.",
        ]
    )


def _override(key: str, value: Scalar | Step) -> str:
    if not isinstance(value, Step):
        shown = {None: "null", True: "true", False: "false"}.get(value, value)
        return f"{key}={shown}"
    if value.times is not None:
        return f"{key} × {value.times:g} (to {value.limit:g})"
    return f"{key} {value.add:+g} (to {value.limit:g})"


def _promise(metric: str, at_most: float | None, at_least: float | None) -> str:
    sign, bound = ("≤", at_most) if at_most is not None else ("≥", at_least)
    return f"{code(metric)} {sign} {bound:g}"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
