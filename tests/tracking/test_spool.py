"""The journal survives crashes and full disks."""

from __future__ import annotations

import os
from multiprocessing.context import ForkServerContext
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tracking_processes import free_port, log_on_a_small_disk

from whytrain.errors import TrackingError
from whytrain.tracking.backoff import Patience
from whytrain.tracking.spool import Spool, describe
from whytrain.tracking.store import Store

if TYPE_CHECKING:
    from mlflow import MlflowClient

FULL = Path("/dev/full")  # a device on which every write finds no space
needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


def operations(spool: Spool) -> list[dict[str, Any]]:
    return [operation for segment in spool.pending() for operation in segment.operations()]


def test_operations_come_back_in_order(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for number in range(12):
        spool.append({"op": "tags", "values": {"n": str(number), "text": "žluť\n"}})
        if number % 5 == 4:
            spool.rotate()
    assert [operation["values"]["n"] for operation in operations(spool)] == [str(n) for n in range(10)]
    spool.rotate()
    assert len(spool.pending()) == 3
    assert [operation["values"]["n"] for operation in operations(Spool(tmp_path))] == [
        str(n) for n in range(12)
    ]


def test_what_is_not_rotated_is_there_for_the_next_process(tmp_path: Path) -> None:
    Spool(tmp_path).append({"op": "tags", "values": {"a": "1"}})
    spool = Spool(tmp_path)
    assert operations(spool) == [{"op": "tags", "values": {"a": "1"}}]
    spool.append({"op": "tags", "values": {"a": "2"}})
    spool.rotate()
    assert [operation["values"]["a"] for operation in operations(spool)] == ["1", "2"]


def test_values_that_json_does_not_know(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.append({"op": "metrics", "values": {"a": float("nan"), "b": float("-inf")}, "step": 1, "time": 1})
    spool.rotate()
    values = operations(spool)[0]["values"]
    assert values["a"] != values["a"]
    assert values["b"] == float("-inf")


def test_removing_a_segment_removes_its_files(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.stage("tables/a/b.parquet").write_text("x")
    spool.append({"op": "artifact", "path": "tables/a/b.parquet"})
    spool.rotate()
    spool.sync()
    (segment,) = spool.pending()
    assert (segment.files / "tables/a/b.parquet").read_text() == "x"
    segment.remove()
    assert list(tmp_path.iterdir()) == []


@given(cut=st.integers(min_value=0), garbage=st.binary(max_size=8))
def test_a_torn_line_costs_that_line_only(
    tmp_path_factory: pytest.TempPathFactory, cut: int, garbage: bytes
) -> None:
    folder = tmp_path_factory.mktemp("spool")
    spool = Spool(folder)
    written = [{"op": "tags", "values": {"n": str(number)}} for number in range(3)]
    for operation in written:
        spool.append(operation)
    spool.rotate()
    journal = spool.pending()[0].journal
    whole = journal.read_bytes()
    kept = whole[: cut % (len(whole) + 1)]
    journal.write_bytes(kept + garbage.replace(b"\n", b"-"))
    read = operations(spool)
    assert read[: kept.count(b"\n")] == written[: kept.count(b"\n")]
    assert len(read) <= kept.count(b"\n") + 1


def test_a_write_after_a_torn_one_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path)
    write = os.write

    def torn(descriptor: int, line: bytes) -> int:
        write(descriptor, line[:7])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", torn)
        with pytest.raises(TrackingError):
            spool.append({"op": "tags", "values": {"n": "lost"}})
    spool.append({"op": "tags", "values": {"n": "kept"}})
    spool.rotate()
    assert operations(spool) == [{"op": "tags", "values": {"n": "kept"}}]


@needs_full
def test_a_full_disk_is_one_line(store: Store, client: MlflowClient) -> None:
    spool = store.directory / "spool"
    spool.mkdir()
    (spool / f"{store._spool._number:06d}.jsonl").symlink_to(FULL)
    with pytest.raises(TrackingError, match=r"no space left for the run in .* MB free") as raised:
        store.log_metrics({"a": 1.0}, step=1)
    assert "\n" not in str(raised.value)
    assert "resume the run" in str(raised.value)
    store.close("FAILED")  # does not raise, and MLflow still learns how the run ended
    assert client.get_run(store.run_id).info.status == "FAILED"


def test_a_table_that_does_not_fit(processes: ForkServerContext, root: Path) -> None:
    process = processes.Process(target=log_on_a_small_disk, args=(root, f"http://127.0.0.1:{free_port()}"))
    process.start()
    process.join()
    error, summary = (root / "said").read_text().splitlines()
    assert error.startswith("no space left for the run in")
    assert "1 metric value" in summary
    assert "file" not in summary  # a table that was not written is not sent either


def test_a_backlog_in_words(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    assert describe(spool.pending()) is None
    spool.append({"op": "metrics", "values": {"a": 1.0, "b": 2.0}, "step": 1, "time": 1})
    spool.append({"op": "artifact", "path": "x"})
    spool.rotate()
    assert describe(spool.pending()) == "2 metric values and 1 file"
    spool.append({"op": "dataset"})
    spool.rotate()
    assert describe(spool.pending()) == "2 metric values, 1 file and 1 data set"


def test_pauses_grow_with_failures_and_with_their_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr("time.monotonic", lambda: clock.now)
    patience, pauses = Patience(), []
    for cost in (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 10.0):
        assert patience.is_time()
        patience.failed(cost)
        start = clock.now
        while not patience.is_time():
            clock.now += 1.0
        pauses.append(clock.now - start)
    assert pauses == [10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 500.0]
    patience.succeeded()
    assert patience.is_time()
    patience.failed(0.0)
    clock.now += 9.0
    assert not patience.is_time()
