"""A further model of a run that has ended: what was made for its model later travels with it."""

from __future__ import annotations

import tempfile
import uuid
from pathlib import Path

from whytrain.errors import TrackingError
from whytrain.tracking.backoff import in_one_line
from whytrain.tracking.connection import connect
from whytrain.tracking.model_package import PyfuncModel, package_model, send_model
from whytrain.tracking.reader import RunRecord


def add_model(run: RunRecord, model: PyfuncModel) -> None:
    """Log a model as the run's newest one, which all who read the run's model take from then on.

    Raises:
        TrackingError: the store does not take it.
    """
    operation = {"op": "model", "name": "model", "id": uuid.uuid4().hex, "card": "", "register": None}
    with tempfile.TemporaryDirectory(prefix="whytrain-added-") as folder:
        target = Path(folder) / "model"
        package_model(model, target)
        try:
            send_model(connect(run.uri), run.run_id, target, operation)
        except TrackingError:
            raise
        except Exception as error:  # MLflow, requests, SQLAlchemy and the operating system raise their own
            raise TrackingError(f"cannot log to {run.uri}: {in_one_line(error)}") from error
