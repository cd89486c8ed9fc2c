"""A tracked run: ended, with its records, a model that loads, and a diagnosis."""

from __future__ import annotations

from whytrain.counted import counted
from whytrain.errors import WhytrainError
from whytrain.health.check import Check
from whytrain.runs.config import read_config
from whytrain.runs.diagnosis import read_strategies
from whytrain.runs.model import read_model
from whytrain.runs.predictions import read_predictions
from whytrain.tracking.reader import RunRecord, find_run
from whytrain.typed_commands import typed

_AGAIN = "train it to its end"


def run_checks(uri: str, id_or_name: str) -> list[Check]:
    """Look at a run.

    Args:
        uri: absolute tracking address.
        id_or_name: of the run.
    """
    try:
        run = find_run(uri, id_or_name)
    except WhytrainError as error:
        return [Check(subject="run", status="problem", found=str(error))]
    return [_ended(run), _records(run), _model(run), _diagnosis(run)]


def _ended(run: RunRecord) -> Check:
    if run.status == "FINISHED":
        return Check(subject="run", status="ok", found=f"{run.name} is finished")
    advice = "wait for its end" if run.status == "RUNNING" else f"{typed('train')} resume={run.run_id}"
    return Check(subject="run", status="problem", found=f"{run.name} is {run.status}", advice=advice)


def _records(run: RunRecord) -> Check:
    try:
        read_config(run)
        n_rows = len(read_predictions(run).ids)
    except WhytrainError as error:
        found = f"whytrain compare has nothing to pair: {error}"
        return Check(subject="predictions", status="missing", found=found, advice="callbacks=default")
    return Check(subject="predictions", status="ok", found=f"of {counted(n_rows, 'sentence')}")


def _model(run: RunRecord) -> Check:
    try:
        told = read_model(run).predict(["a"])
    except WhytrainError as error:
        return Check(subject="model", status="problem", found=str(error), advice=_AGAIN)
    calibrated = "calibrated" if "calibrated_probability" in told else "not calibrated"
    classes = [name for name in map(str, told) if name.startswith("probability_")]
    return Check(
        subject="model", status="ok", found=f"loads and answers; {len(classes)} classes, {calibrated}"
    )


def _diagnosis(run: RunRecord) -> Check:
    try:
        read_strategies(run, f"from_diagnosis={run.name}")
    except WhytrainError:
        found = "none: it was not trained to its end with callbacks=default"
        return Check(subject="diagnosis", status="missing", found=found, advice="callbacks=default")
    advice = f"{typed('train')} from_diagnosis={run.run_id}"
    return Check(subject="diagnosis", status="ok", found="recommendations can be followed", advice=advice)
