"""What MLflow takes: names without odd characters, texts of bounded length, the tag of a description."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence

NOTE_TAG = "mlflow.note.content"  # the description of a run, a model, a version
PARAM_LENGTH = 6000
TAG_LENGTH = 8000
_KEY_LENGTH = 250
_DIGEST_LENGTH = 36
_SUFFIX_LENGTH = 6  # hexadecimal digits that tell names apart


def key(name: str) -> str:
    """Return a name as MLflow takes it for metrics, params and tags.

    >>> key("val/f1@0.5"), key("/train//loss/")
    ('val/f1_0.5', 'train/loss')
    """
    allowed = re.sub(r"[^/\w.\- :]", "_", name)
    parts = [part for part in allowed.split("/") if part not in {"", ".", ".."}]
    return "/".join(parts)[:_KEY_LENGTH].rstrip("/") or "unnamed"


def distinct_keys(names: Sequence[str]) -> dict[str, str]:
    """Return names as MLflow takes them for metrics, told apart by a hash where they would be the same.

    What a name becomes depends on the names alone that would collide with it: give all that there are, not
    those of an epoch.

    Args:
        names: all different, such as `calibration/coverage_` with each class.

    >>> list(distinct_keys(["share_a", "share_😀", "share_😡"]).values())
    ['share_a', 'share___209f87', 'share___40fb93']
    """
    keys = {name: key(name) for name in names}
    n_same = Counter(keys.values())
    return {name: k if n_same[k] == 1 else _with_hash(name, k) for name, k in keys.items()}


def _with_hash(name: str, sanitized: str) -> str:
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_SUFFIX_LENGTH]
    return f"{sanitized[: _KEY_LENGTH - _SUFFIX_LENGTH - 1]}_{digest}"


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
