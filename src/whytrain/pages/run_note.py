"""What a run's page and a model's card say: results beside the floor, what was observed, what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whytrain.counted import counted
from whytrain.data.corpus import Corpus
from whytrain.data.label_names import few_of
from whytrain.metrics import ACCURACY, evaluate, shown_for
from whytrain.pages.next_steps import PATH, commands
from whytrain.pages.run.reported import ReportedRun
from whytrain.presentation.wording import number
from whytrain.tracking.ui import RUN_ADDRESS, TABLE_ADDRESS
from whytrain.types import Predictions

_EXPLAINED = {
    "explanations": "{train_sentences} training and {displayed_sentences} validation sentences explained by "
    "{explainers} (payoff {payoff})",
    "calibration": "temperature and conformal sets (error share {alpha}) on the calibration slice",
    "shortcuts": "what decides in training texts and may not hold elsewhere",
    "predictions": "every validation prediction, with its row id",
}


def run_note(run: ReportedRun, callbacks: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a finished run's description, in Markdown; the store replaces `RUN_ADDRESS` and `TABLE_ADDRESS`.

    Args:
        run: what there is to tell.
        callbacks: the config's section of what was observed.
    """
    observed = [_told(name, settings) for name, settings in callbacks.items()] or ["nothing (callbacks=none)"]
    return "\n".join(
        [
            f"**{run.verdict.sentence}**",
            "",
            # MLflow shows the first lines alone until somebody asks for more.
            f"[The run's page]({RUN_ADDRESS}/artifacts/{PATH}) · [All runs, side by side]({TABLE_ADDRESS})",
            "",
            f"{run.model} on {_data(run.corpus)}.",
            "",
            *_findings(run),
            results_table(run.results, run.floor_accuracy),
            "",
            "Observed while training:",
            "",
            *(f"- {line}" for line in observed),
            "",
            "Next:",
            "",
            *(f"    {command}" for command in commands(run).values()),
        ]
    )


def _findings(run: ReportedRun) -> list[str]:
    if run.concluded is None:
        return []
    diagnosis = run.concluded.diagnosis
    lines = [f"- {finding.title} ({finding.severity}): {finding.message}" for finding in diagnosis.findings]
    return [
        f"{counted(len(lines), 'finding')} in {len(diagnosis.measurements)} things looked at.",
        "",
        *lines,
        "",
    ]


def model_card(
    run_id: str, model: str, corpus: Corpus, results: Mapping[str, Predictions], floor: float | None
) -> str:
    """Return a model's card, in Markdown; the store replaces `MODEL_URI` and `TRACKING_URI`."""
    return "\n".join(
        [
            f"# {model} on {corpus.name}",
            "",
            f"{_sorts(corpus)} {few_of(corpus.class_names)}. Trained by run {run_id} on {_data(corpus)}.",
            "",
            "## Results",
            "",
            results_table(results, floor),
            "",
            "The floor is a bag of words and bigrams under logistic regression, on the same split.",
            "",
            "## Use",
            "",
            "```python",
            "import mlflow",
            "",
            'mlflow.set_tracking_uri("TRACKING_URI")',
            'model = mlflow.pyfunc.load_model("MODEL_URI")',
            'print(model.predict(["a short example sentence"]))',
            "```",
            "",
            _answers(corpus),
            "",
            "## Limits",
            "",
            f"Measured on {len(corpus.validation)} sentences of {corpus.name} alone: other kinds of text may "
            "be classified worse, and no less surely. The best epoch was chosen on those sentences, so its "
            "numbers are slightly too good; those of a test set are not.",
        ]
    )


def results_table(results: Mapping[str, Predictions], floor: float | None) -> str:
    """Return a Markdown table: a metric per row, a set of predictions per column, the floor's accuracy.

    A metric that is not defined on the predictions is a dash.
    """
    columns = {name: evaluate(predictions) for name, predictions in results.items()}
    lines = [f"| metric | {' | '.join([*columns, 'floor'])} |", "| --- " * (len(columns) + 2) + "|"]
    for metric in shown_for(next(iter(results.values())).labels):
        cells = [number(values[metric.name]) for values in columns.values()]
        last = number(floor) if metric.name == ACCURACY.name and floor is not None else ""
        lines.append(f"| {' | '.join([metric.title, *cells, last])} |")
    return "\n".join(lines)


def _sorts(corpus: Corpus) -> str:
    return "Sorts texts into" if corpus.task.exclusive else "Gives texts any of the labels"


def _answers(corpus: Corpus) -> str:
    if corpus.task.exclusive:
        return (
            "In: texts. Out: label, its probability, the probabilities of all classes; with a calibration "
            "slice also the calibrated probability, a conformal set, and whether to abstain."
        )
    return (
        "In: texts. Out: the labels, joined by a semicolon (none: an empty text), and the probability of "
        "each label; with a calibration slice also its calibrated probability."
    )


def _data(corpus: Corpus) -> str:
    sizes = f"{len(corpus.train):,} training and {len(corpus.validation):,} validation sentences"
    return f"{corpus.name} ({sizes}; fingerprint {corpus.fingerprint[:12]})"


def _told(name: str, settings: Mapping[str, Any]) -> str:
    known = {k: ", ".join(map(str, v)) if isinstance(v, (list, dict)) else v for k, v in settings.items()}
    return f"{name}: {_EXPLAINED[name].format(**known)}" if name in _EXPLAINED else name
