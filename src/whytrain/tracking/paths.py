"""Where things lie among a run's artifacts."""

from __future__ import annotations

CONFIG_PATH = "config/config.yaml"
NOTE_TAG = "mlflow.note.content"  # the description of a run, a model, a version


def artifact_path(kind: str, topic: str, name: str | None, epoch: int | None, extension: str) -> str:
    """Return where a table or figure lies; epochs count from 1.

    >>> artifact_path("tables", "shapley", None, 3, "parquet")
    'tables/shapley/shapley_epoch_003.parquet'
    >>> artifact_path("figures", "shapley", "trend", None, "png")
    'figures/shapley/trend.png'
    """
    ending = "" if epoch is None else f"_epoch_{epoch:03d}"
    return f"{kind}/{topic}/{name or topic}{ending}.{extension}"
