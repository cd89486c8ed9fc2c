"""What a run already holds in MLflow, so that nothing is sent a second time."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient

# MLflow's name of the small copy of an image, which it writes last.
_IMAGE = re.compile(r"images/(?P<key>[^+]+)\+step\+(?P<step>\d+)\+.*\+compressed\.webp")


class Stored:
    """The metrics, params and images that a run has; read from MLflow only when asked for.

    Args:
        client: The connection.
        run_id: MLflow's id.
        is_new: Whether the run was created a moment ago, so that nothing has to be read.
    """

    def __init__(self, client: MlflowClient, run_id: str, is_new: bool) -> None:
        """Read params and the names of the metrics, unless the run is new."""
        self._client = client
        self._run_id = run_id
        data = None if is_new else client.get_run(run_id).data
        self.params: dict[str, str] = dict(data.params) if data else {}
        self._unread_metrics = set(data.metrics) if data else set()
        self._steps: dict[str, set[int]] = defaultdict(set)
        self._images: set[tuple[str, int]] | None = set() if is_new else None

    def has_metric(self, key: str, step: int) -> bool:
        """Tell whether the metric has a value at a step."""
        if key in self._unread_metrics:
            self._unread_metrics.remove(key)
            self._steps[key].update(m.step for m in self._client.get_metric_history(self._run_id, key))
        return step in self._steps[key]

    def add_metric(self, key: str, step: int) -> None:
        """Note that a value has been sent."""
        self._steps[key].add(step)

    def has_image(self, key: str, step: int) -> bool:
        """Tell whether the slider of an image has a step."""
        return (_file_key(key), step) in self._sent_images()

    def add_image(self, key: str, step: int) -> None:
        """Note that an image has been sent."""
        self._sent_images().add((_file_key(key), step))

    def _sent_images(self) -> set[tuple[str, int]]:
        if self._images is None:
            paths = (file.path for file in self._client.list_artifacts(self._run_id, "images"))
            matches = (_IMAGE.fullmatch(path) for path in paths)
            self._images = {(match["key"], int(match["step"])) for match in matches if match}
        return self._images


def _file_key(key: str) -> str:
    return key.replace("/", "~")
