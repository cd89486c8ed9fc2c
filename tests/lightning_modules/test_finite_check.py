"""Values that break end a run: at once on the CPU, one step later where reading would wait for the device."""

from __future__ import annotations

import pytest
import torch

from whytrain.errors import TrainingError
from whytrain.lightning_modules.batch_history import BatchHistory
from whytrain.lightning_modules.finite_check import FiniteCheck

NAN, GOOD = torch.tensor(float("nan")), torch.tensor(0.5)


class Elsewhere:
    """A scalar on a device that is no CPU, which notes when it is read."""

    is_cuda = False
    device = torch.device("meta")

    def __init__(self, value: float, reads: list[float]) -> None:
        self.value, self.reads = value, reads

    def detach(self) -> Elsewhere:
        return self

    def __float__(self) -> float:
        self.reads.append(self.value)
        return self.value


def test_on_the_cpu_a_value_is_looked_at_when_it_comes():
    check = FiniteCheck()
    check("loss", GOOD, epoch=1, step=1)
    with pytest.raises(TrainingError, match=r"the loss became nan in epoch 1, step 2; .*learning_rate"):
        check("loss", NAN, epoch=1, step=2)
    check.settle()


def test_elsewhere_nothing_of_the_running_step_is_read_and_the_step_is_the_one_that_broke():
    check, reads = FiniteCheck(), []
    check("loss", Elsewhere(1.0, reads), epoch=1, step=1)
    check("gradient norm", Elsewhere(2.0, reads), epoch=1, step=1)
    assert reads == []
    check("loss", Elsewhere(3.0, reads), epoch=1, step=2)
    assert reads == [1.0, 2.0]
    check("gradient norm", Elsewhere(float("inf"), reads), epoch=1, step=2)
    assert reads == [1.0, 2.0]
    with pytest.raises(TrainingError, match=r"the gradient norm became inf in epoch 1, step 2"):
        check("loss", Elsewhere(4.0, reads), epoch=2, step=3)


def test_elsewhere_the_last_step_is_looked_at_before_anything_is_saved():
    check = FiniteCheck()
    check("loss", Elsewhere(float("nan"), []), epoch=3, step=9)
    with pytest.raises(TrainingError, match=r"the loss became nan in epoch 3, step 9"):
        check.settle()
    check.settle()  # said once


def test_a_history_is_the_same_whenever_it_is_read_and_goes_through_a_checkpoint():
    rows = [(0.1, 0.5, 2.0, 4), (0.3, 1.0, 3.0, 2), (0.7, 0.25, 5.0, 8)]
    late, often = BatchHistory(), BatchHistory()
    for loss, accuracy, seconds, n in rows:
        for history in (late, often):
            history.append(torch.tensor(loss), torch.tensor(accuracy), seconds=seconds, n_sentences=n)
        assert len(often.table) == len(often)
    # Losses are float32 numbers, as the loss is.
    expected = torch.tensor([(float(torch.tensor(r[0])), *r[1:]) for r in rows], dtype=torch.float64)
    assert len(late) == 3
    assert late.seconds == often.seconds == 10.0
    assert torch.equal(late.table, expected)
    assert torch.equal(often.table, expected)
    resumed = BatchHistory()
    resumed.restore(late.table)
    resumed.append(torch.tensor(0.9), torch.tensor(1.0), seconds=1.0, n_sentences=1)
    assert resumed.seconds == 11.0
    assert torch.equal(resumed.table[:3], expected)
    resumed.clear()
    assert len(resumed) == len(resumed.table) == 0
