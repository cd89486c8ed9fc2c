"""A store in the workspace; the evidence made by hand for the detectors is used here, too."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "diagnosis"))

from whytrain.tracking.settings import TrackingSettings
from whytrain.tracking.store import Store


@pytest.fixture
def start(workspace: Path) -> Callable[..., Store]:
    """Start a run, private or not."""

    def started(*, log_text: bool = True) -> Store:
        settings = TrackingSettings(
            uri=None,
            experiment="whytrain",
            log_text=log_text,
            directory=str(workspace / "mlruns"),
            register=None,
        )
        store = Store.start(settings, run_name="run", tags={})
        store.log_params({"tracking.log_text": log_text})
        return store

    return started
