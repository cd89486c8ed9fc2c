"""What commands write into a pipe: no padding and no bars, and all of it in a terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.table import Table

from whytrain.presentation.terminal import terminal, watched


def test_lines_in_a_pipe_end_with_their_last_letter(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(show_header=False, box=None)
    table.add_column(overflow="fold")
    table.add_row("a film " * 20)  # wider than the console: rich fills every line up
    table.add_row("short")
    Console(width=40).print(table)
    assert "short " in capsys.readouterr().out
    console = terminal(40)
    console.print(table)
    console.print("  kept at the beginning\n")
    lines = capsys.readouterr().out.splitlines()
    assert lines[-3:] == [" short", "  kept at the beginning", ""]
    assert [line for line in lines if line != line.rstrip()] == []


def test_a_closed_output_is_no_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", None)
    terminal().print("nobody reads this")


@pytest.mark.parametrize("is_watched", [True, False])
def test_bars_are_for_who_watches(is_watched: bool, capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(file=io.StringIO(), force_terminal=True) if is_watched else None
    assert list(watched([1, 2, 3], "reading runs", console=console)) == [1, 2, 3]
    written = "" if console is None else console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO
    assert ("reading runs" in written) == is_watched
    assert capsys.readouterr().out == ""
