"""What MLflow takes: names without odd characters, texts of bounded length."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

PARAM_LENGTH = 6000
TAG_LENGTH = 8000
_KEY_LENGTH = 250
_DIGEST_LENGTH = 36


def key(name: str) -> str:
    """Return a name as MLflow takes it for metrics, params and tags.

    >>> key("val/f1@0.5"), key("/train//loss/")
    ('val/f1_0.5', 'train/loss')
    """
    allowed = re.sub(r"[^/\w.\- :]", "_", name)
    parts = [part for part in allowed.split("/") if part not in {"", ".", ".."}]
    return "/".join(parts)[:_KEY_LENGTH].rstrip("/") or "unnamed"


def image_key(topic: str) -> str:
    """Return a topic as MLflow takes it for an image with steps.

    >>> image_key("shapley/naïve")
    'shapley/na_ve'
    """
    return re.sub(r"[^a-zA-Z0-9_\-./ ]", "_", topic)


def texts(values: Mapping[str, object], length: int) -> dict[str, str]:
    """Return params or tags with allowed keys and texts of at most `length` characters.

    >>> texts({"model@size": "abcdef"}, 4)
    {'model_size': 'abc…'}
    """
    written = {key(name): str(value) for name, value in values.items()}
    return {name: text if len(text) <= length else text[: length - 1] + "…" for name, text in written.items()}


def dataset(name: str, source: str, digest: str, n_rows: int, columns: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of an MLflow data set."""
    schema = [{"name": column, "type": kind, "required": True} for column, kind in columns.items()]
    return {
        "name": name,
        "digest": digest[:_DIGEST_LENGTH],
        "source_type": "local",
        "source": json.dumps({"uri": source}, ensure_ascii=False),
        "schema": json.dumps({"mlflow_colspec": schema}, ensure_ascii=False),
        "profile": json.dumps({"num_rows": n_rows}),
    }
