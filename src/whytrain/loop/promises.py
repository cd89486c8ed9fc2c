"""What became of a diagnosis' promises in the one run that followed it."""

from __future__ import annotations

from collections.abc import Sequence

from whytrain.diagnosis.overrides import Strategy
from whytrain.loop.arms import EXPLAINED, Arm
from whytrain.loop.conclusion import all_effects, lexicon_of_synonyms
from whytrain.loop.deletion_robustness import UNTARGETED
from whytrain.loop.measured_run import measured_run
from whytrain.loop.verdicts import Effect
from whytrain.tracking.reader import RunRecord


def judged_promises(strategies: Sequence[Strategy], parent: RunRecord, run: RunRecord) -> list[Effect]:
    """Compare a run with its parent in every measure that the followed recommendations promise.

    Paired by sentence: see `whytrain.loop.arm_differences.difference`.

    Args:
        strategies: that the parent's diagnosis recommended.
        parent: the run that was diagnosed.
        run: the run that followed.

    Raises:
        TrackingError: one of the runs lacks its model or its tables.
    """
    promised = {expectation.metric for strategy in strategies for expectation in strategy.expected}
    is_costly = not promised.isdisjoint(UNTARGETED)
    lexicon = lexicon_of_synonyms() if is_costly else None
    before, after = (measured_run(r, parent, lexicon, untargeted=is_costly) for r in (parent, run))
    arm = Arm(name=EXPLAINED, strategies=tuple(strategies), words=())
    return [effect for effect in all_effects([before], {arm: [after]}) if effect.promise is not None]
