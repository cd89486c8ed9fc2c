"""A logged model as people find it: its metrics with the data they were measured on, and its versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whytrain.tracking.spool import Operation

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Dataset, LoggedModel, Run

# Of a logged model and of a registered version: the operation that made it, so that it is made once.
OPERATION_TAG = "whytrain.operation"
# Whose metrics belong to the logged model, and on what they were measured.
_CONTEXTS = {"best": "validation", "test": "test"}


def addressed_card(client: MlflowClient, card: str, model_uri: str) -> str:
    """Return a card with the addresses from which its model is loaded."""
    return card.replace("MODEL_URI", model_uri).replace("TRACKING_URI", client.tracking_uri)


def link_metrics(client: MlflowClient, run: Run, model_id: str) -> None:
    """Show the metrics of the best epoch and of the test set on the model's page, beside their data sets."""
    from mlflow.entities import Metric

    linked = []
    for key in sorted(run.data.metrics):
        data = _dataset(run, _CONTEXTS.get(key.partition("/")[0]))
        if data is not None:
            for old in client.get_metric_history(run.info.run_id, key):
                known = (old.key, old.value, old.timestamp, old.step)
                linked.append(Metric(*known, model_id, data.name, data.digest, run.info.run_id))
    if linked:
        client.log_batch(run.info.run_id, metrics=linked)


def _dataset(run: Run, context: str | None) -> Dataset | None:
    inputs = run.inputs.dataset_inputs if run.inputs else []
    found = [i.dataset for i in inputs if any(tag.value == context for tag in i.tags)]
    return found[0] if found else None


def register_model(
    client: MlflowClient, name: str, run_id: str, model: LoggedModel, operation: Operation
) -> None:
    """Make a logged model the next version of a registered one, unless it is a version already."""
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    versions = client.search_model_versions(f"name = '{name}'")
    if any(version.tags.get(OPERATION_TAG) == operation["id"] for version in versions):
        return
    # Its location, since MLflow would look for models:/<id> at the global address instead of the client's.
    source, tags = model.artifact_location, {OPERATION_TAG: operation["id"]}
    made = client.create_model_version(name, source, run_id, tags, model_id=model.model_id)
    card = addressed_card(client, operation["card"], f"models:/{name}/{made.version}")
    client.update_model_version(name, made.version, card)
