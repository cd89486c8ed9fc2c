"""What going on learning did to a run's model, among its records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

import yaml

from whytrain.continual.continued import Continued
from whytrain.tracking.reader import RunRecord, download

if TYPE_CHECKING:
    from typing import Any

    from whytrain.tracking.recorder import Recorder

_PATH = "continued.yaml"


def log_continued(store: Recorder, found: Continued, name: Callable[[str], str], step: int) -> None:
    """Log the changes as metrics, and all of it as a file.

    Args:
        store: of the run.
        found: what was measured.
        name: what stands for a word, itself or a hash.
        step: of the metrics.
    """
    metrics: dict[str, float] = {}
    for what, change in found.changes.items():
        metrics |= {
            f"continued/{what}_before": change.before,
            f"continued/{what}_after": change.after,
            f"continued/{what}_difference": change.difference.estimate,
        }
    plain = asdict(found)
    if found.reasons is not None:
        metrics["continued/reasons_correlation"] = found.reasons.correlation
        plain["reasons"] |= {
            side: [name(word) for word in getattr(found.reasons, side)] for side in ("gained", "lost")
        }
    store.log_metrics(metrics, step=step)
    store.log_yaml(plain, _PATH)


def read_continued(run: RunRecord) -> dict[str, Any]:
    """Return what was logged, as plain data.

    Raises:
        TrackingError: the run went on from no other.
    """
    return dict(yaml.safe_load(download(run, _PATH).read_text("utf-8")))
