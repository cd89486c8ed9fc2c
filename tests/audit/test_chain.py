"""A record of answers: nothing is lost, nothing can be changed without notice."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from whytrain.audit import Chain, read_entries, verify
from whytrain.audit.__main__ import main
from whytrain.audit.chain import log_files


def entry(number: int) -> dict[str, object]:
    return {"kind": "answer", "text": f"text {number} – ü", "p": number / 7}


def written(folder: Path, n: int, **settings: int) -> list[str]:
    chain = Chain(folder, **settings)
    return [chain.append([entry(number)])[0] for number in range(1, n + 1)]


def lines_of(folder: Path) -> list[bytes]:
    return log_files(folder)[0].read_bytes().splitlines(keepends=True)


def test_entries_come_back_with_number_link_and_hash(tmp_path: Path) -> None:
    hashes = written(tmp_path, 3)
    found = list(read_entries(tmp_path))
    assert [e["number"] for e in found] == [1, 2, 3]
    assert [e["hash"] for e in found] == hashes
    assert [e["previous"] for e in found] == ["0" * 64, *hashes[:2]]
    assert {k: found[1][k] for k in entry(2)} == entry(2)
    result = verify(tmp_path)
    assert (result.n_entries, result.head, result.problem) == (3, hashes[-1], None)


def test_the_hash_is_the_one_that_is_documented(tmp_path: Path) -> None:
    written(tmp_path, 1)
    line = json.loads(lines_of(tmp_path)[0])
    told = line.pop("hash")
    text = json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest() == told


def test_several_entries_are_written_at_once(tmp_path: Path) -> None:
    hashes = Chain(tmp_path).append([entry(1), entry(2)])
    assert [e["hash"] for e in read_entries(tmp_path)] == hashes


def changed(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[1].replace(b"text 2", b"text 9"), *lines[2:]]


def rehashed(lines: list[bytes]) -> list[bytes]:
    """Changed by somebody who also made its hash right."""
    from whytrain.audit.chain import hash_of

    line = json.loads(lines[1]) | {"text": "other"}
    return [lines[0], json.dumps(line | {"hash": hash_of(line)}).encode() + b"\n", *lines[2:]]


TAMPERING: dict[str, tuple[Callable[[list[bytes]], list[bytes]], int, str]] = {
    "changed": (changed, 1, "line 2: was changed"),
    "changed with its hash": (rehashed, 2, "line 3: does not follow"),
    "removed": (lambda lines: [lines[0], *lines[2:]], 1, "line 2: does not follow"),
    "first removed": (lambda lines: lines[1:], 0, "line 1: does not follow"),
    "doubled": (lambda lines: [lines[0], lines[0], *lines[1:]], 1, "line 2: does not follow"),
    "exchanged": (lambda lines: [lines[0], lines[2], lines[1], lines[3]], 1, "line 2: does not follow"),
    "no JSON": (lambda lines: [lines[0], b"{\n", *lines[1:]], 1, "line 2: is no JSON"),
    "no entry": (lambda lines: [lines[0], b"[1]\n", *lines[1:]], 1, "line 2: is no entry"),
}


@pytest.mark.parametrize("how", TAMPERING)
def test_tampering_shows_and_is_placed(tmp_path: Path, how: str, capsys: pytest.CaptureFixture[str]) -> None:
    tamper, n_whole, message = TAMPERING[how]
    written(tmp_path, 4)
    log_files(tmp_path)[0].write_bytes(b"".join(tamper(lines_of(tmp_path))))
    result = verify(tmp_path)
    assert result.problem is not None
    assert message in result.problem
    assert result.n_entries == n_whole
    assert main(["verify", str(tmp_path)]) == 1
    assert message in capsys.readouterr().err


def test_a_cut_off_end_shows_only_beside_a_hash_kept_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hashes = written(tmp_path, 4)
    log_files(tmp_path)[0].write_bytes(b"".join(lines_of(tmp_path)[:2]))
    assert main(["verify", str(tmp_path)]) == 0
    assert main(["verify", str(tmp_path), "--head", hashes[1]]) == 0
    assert main(["verify", str(tmp_path), "--head", hashes[3]]) == 1
    assert "an end was cut off" in capsys.readouterr().err


def test_a_removed_file_shows(tmp_path: Path) -> None:
    written(tmp_path, 6, file_size=300)
    files = log_files(tmp_path)
    assert len(files) > 2
    assert verify(tmp_path).n_entries == 6
    files[1].unlink()
    assert "does not follow" in str(verify(tmp_path).problem)


def test_what_a_killed_process_left_of_a_line_is_removed_and_said(tmp_path: Path) -> None:
    written(tmp_path, 2)
    with log_files(tmp_path)[0].open("ab") as file:
        file.write(b'{"number": 3, "te')
    before = verify(tmp_path)
    assert (before.n_entries, before.problem, before.torn) == (2, None, 17)
    Chain(tmp_path).append([entry(3)])
    kinds = [(e["number"], e["kind"]) for e in read_entries(tmp_path)]
    assert kinds == [(1, "answer"), (2, "answer"), (3, "torn"), (4, "answer")]
    assert verify(tmp_path).problem is None


def test_a_torn_line_in_a_full_file_or_alone_in_a_new_one(tmp_path: Path) -> None:
    written(tmp_path, 2, file_size=300)
    with log_files(tmp_path)[-1].open("ab") as file:
        file.write(b"x" * 400)
    Chain(tmp_path, file_size=300).append([entry(3)])
    (tmp_path / "answers-000009.jsonl").write_bytes(b"torn")
    Chain(tmp_path, file_size=300).append([entry(4)])
    assert verify(tmp_path).problem is None
    assert [e["kind"] for e in read_entries(tmp_path)].count("torn") == 2


def _write_many(folder: Path, n: int) -> None:
    chain = Chain(folder)
    for number in range(n):
        chain.append([entry(number)])


def test_processes_write_one_chain(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("fork")
    writers = [spawn.Process(target=_write_many, args=(tmp_path, 40)) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert verify(tmp_path).problem is None
    assert verify(tmp_path).n_entries == 120


def _confirm(folder: Path, confirmed: Path) -> None:
    chain = Chain(folder)
    with confirmed.open("a") as file:
        for number in range(100_000):
            file.write(chain.append([entry(number)])[0] + "\n")
            file.flush()


def test_what_was_confirmed_outlives_a_kill(tmp_path: Path) -> None:
    confirmed, folder = tmp_path / "confirmed", tmp_path / "record"
    spawn = multiprocessing.get_context("fork")
    for _ in range(3):
        writer = spawn.Process(target=_confirm, args=(folder, confirmed))
        writer.start()
        size = confirmed.stat().st_size if confirmed.exists() else 0
        while not confirmed.exists() or confirmed.stat().st_size < size + 1_000:
            time.sleep(0.01)
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
    told = [line for line in confirmed.read_text().splitlines(keepends=True) if line.endswith("\n")]
    Chain(folder).append([entry(0)])
    assert verify(folder).problem is None
    assert {line.strip() for line in told} <= {e["hash"] for e in read_entries(folder)}


@pytest.mark.parametrize("words", [["verify"], ["export", "out.parquet"], ["reproduce", "1"]])
def test_a_folder_without_a_record_is_a_line(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "expected a folder with a record of answers" in error
    assert error.count("\n") == 1
