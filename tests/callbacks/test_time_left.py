"""The time that is left, on a clock of our own."""

from __future__ import annotations

from whytrain.callbacks.display.time_left import TimeLeft


def test_steps_and_both_kinds_of_pauses_count_what_they_took() -> None:
    """Three steps of 1 s in each of four epochs, of which the second and the last are observed for 10 s."""
    left = TimeLeft(3, [False, True, False, True])
    left.start_epoch(0, 100.0)
    assert left.left(100.0) == (0.0, True)  # nothing is known yet
    left.step(1, 105.0)  # the first step pays for starting, and does not count
    left.step(2, 106.0)
    assert left.left(106.0) == (10.0, True)  # 10 steps; no pause is known
    left.step(3, 107.0)
    left.start_epoch(1, 109.0)  # a pause of 2 s
    assert left.left(109.0) == (9 + 2, True)  # 9 steps, one pause of this kind
    left.step(3, 112.0)
    left.start_epoch(2, 122.0)  # observed: 10 s
    assert left.left(122.0) == (6 + 2 + 10, False)
    assert left.left(122.5) == (6 + 2 + 10 - 0.5, False)  # it goes on between two steps
    assert left.left(125.0) == (6 + 2 + 10 - 1, False)  # one that takes long is not made up for
    left.step(3, 125.0)
    assert left.left(126.5) == (3 + 2 + 10 - 1.5, False)
    left.start_epoch(3, 127.0)
    left.step(3, 130.0)
    assert left.left(139.0) == (1.0, False)
    assert left.left(145.0) == (0.0, False)


def test_a_run_that_goes_on_in_mid_epoch_counts_its_own_steps() -> None:
    left = TimeLeft(100, [True])
    left.start_epoch(0, 0.0)
    left.step(90, 5.0)
    left.step(92, 6.0)
    assert left.left(6.0) == (4.0, True)
