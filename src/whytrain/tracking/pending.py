"""How much waits in a spool, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from whytrain.tracking.spool import Segment

# In the order in which they are told; whatever else there is counts as details.
_WORDS = {"metrics": "metric value", "artifact": "file", "model": "model", "dataset": "data set"}
_OTHER = "detail"


def describe(segments: Iterable[Segment]) -> str | None:
    """Return something like "120 metric values and 4 files"; None where nothing waits."""
    counts: Counter[str] = Counter()
    for segment in segments:
        for operation in segment.operations():
            size = len(operation["values"]) if operation["op"] == "metrics" else 1
            counts[_WORDS.get(operation["op"], _OTHER)] += size
    words = [word for word in (*_WORDS.values(), _OTHER) if counts[word]]
    parts = [f"{counts[word]} {word}{'s' if counts[word] > 1 else ''}" for word in words]
    if len(parts) < 2:
        return parts[0] if parts else None
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
