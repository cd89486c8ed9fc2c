"""What a newer version spooled is kept until a version sends it that knows it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tracking_processes import settings_in

from whytrain.tracking import upload
from whytrain.tracking.maintenance import replay, spooled_runs
from whytrain.tracking.reader import find_run
from whytrain.tracking.store import Store


def test_an_unknown_operation_is_kept_and_named(
    root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store.start(settings_in(root), run_name="newer", tags={})
    store.log_metrics({"val/loss": 0.5}, step=1)
    store._append("hologram", path="x")
    store.close("FINISHED")
    [line] = [record.getMessage() for record in caplog.records]
    assert "operations that this version of whytrain does not know (hologram), and is kept" in line
    assert "out of reach" not in line
    assert find_run(settings_in(root).address, store.run_id).metrics == {}  # nothing of the segment was sent
    [waiting] = spooled_runs(root / "mlruns")
    assert waiting.backlog == "1 metric value and 2 details"
    [result] = replay(root / "mlruns", None, None)
    assert result.error is not None
    assert "(hologram), and is kept: send it with the version that wrote it, or a newer one" in result.error
    assert spooled_runs(root / "mlruns")  # still there

    # The version that knows it.
    monkeypatch.setattr(upload, "OPERATIONS", upload.OPERATIONS | {"hologram"})
    sent = upload.Delivery._send_one
    monkeypatch.setattr(
        upload.Delivery,
        "_send_one",
        lambda self, operation, files: operation["op"] == "hologram" or sent(self, operation, files),
    )
    [result] = replay(root / "mlruns", None, None)
    assert result.error is None
    run = find_run(settings_in(root).address, store.run_id)
    assert (run.metrics, run.status) == ({"val/loss": 0.5}, "FINISHED")
    assert spooled_runs(root / "mlruns") == []
