"""The closed loop's own steps; the runs of a whole one are trained in tests/cli."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import NoReturn

import pytest

from whytrain.errors import Interrupted
from whytrain.loop.closed_loop import ClosedLoop
from whytrain.tracking.reader import find_run
from whytrain.tracking.settings import TrackingSettings


@pytest.mark.parametrize("stop", [Interrupted(2, "go on with: train resume=one"), KeyboardInterrupt()])
def test_a_stopped_loop_says_how_to_go_on_with_all_of_it(stop: BaseException, tmp_path: Path) -> None:
    def stopped(words: list[str], parent: str) -> NoReturn:
        raise stop

    def never(*_: object) -> NoReturn:
        raise AssertionError("nothing follows a stopped run")

    words = ["experiment=closed_loop", "data=csv", "data.path='my file.csv'"]
    settings = {
        "callbacks": {"explanations": {}, "diagnosis": {}},
        "trainer": {"devices": 1},
        "guidance": {"marks": None},
        "sweep_name": None,
    }
    tracking = TrackingSettings(
        uri=None, experiment="loop", log_text=True, directory=str(tmp_path), register=None
    )
    with pytest.raises(Interrupted) as raised:
        ClosedLoop(seeds=[0], control=True, ablation=False).run(
            stopped, never, never, words, tracking, settings
        )
    assert raised.value.signal_number == 2
    said = str(raised.value)
    assert said.startswith("stopped by Ctrl-C; go on with: ")
    typed = shlex.split(said.partition("go on with: ")[2])
    assert typed[-4:] == [*words, "sweep_name=closed-loop-001"]
    assert find_run(tracking.address, "closed-loop-001").status == "KILLED"
