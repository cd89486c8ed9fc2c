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

    Paired by sentence: see `whytrain.loop.arm_differences.difference`. What only the models can say is left
    out where one of the runs logged none.

    Args:
        strategies: that the parent's diagnosis recommended.
        parent: the run that was diagnosed.
        run: the run that followed.

    Raises:
        TrackingError: one of the runs lacks its tables.
    """
    promised = {expectation.metric for strategy in strategies for expectation in strategy.expected}
    runs = (parent, run)
    asked = not promised.isdisjoint(UNTARGETED) and all(r.model_ids for r in runs)
    lexicon = lexicon_of_synonyms(parent) if asked else None
    before, after = (measured_run(r, parent, lexicon, untargeted=asked) for r in runs)
    arm = Arm(name=EXPLAINED, strategies=tuple(strategies), words=())
    return [effect for effect in all_effects([before], {arm: [after]}) if effect.promise is not None]
