"""How much waits in a spool, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from whytrain.tracking.spool import Segment

_WORDS = {"artifact": "file", "metrics": "metric value", "model": "model", "dataset": "data set"}


def describe(segments: Iterable[Segment]) -> str | None:
    """Return something like "120 metric values and 4 files"; None where nothing waits."""
    counts: Counter[str] = Counter()
    for segment in segments:
        for operation in segment.operations():
            size = len(operation["values"]) if operation["op"] == "metrics" else 1
            counts[_WORDS.get(operation["op"], "detail")] += size
    if not counts:
        return None
    parts = [f"{count} {word}{'s' if count > 1 else ''}" for word, count in counts.most_common()]
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
