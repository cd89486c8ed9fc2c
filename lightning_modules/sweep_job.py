"""What a run is called, and which earlier run of its sweep it goes on with."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from whytrain.checkpoints import usable_checkpoint
from whytrain.lightning_modules.resume import finished_score
from whytrain.sweeps.run_key import run_key
from whytrain.sweeps.run_name import MADE_NAME, described, free_name
from whytrain.tracking.settings import TrackingSettings
from whytrain.tracking.store import Store
from whytrain.tracking.sweep_folder import SweepFolder


class SweepJob:
    """A run as a job of a sweep, where it is one: a retry finds the run that an earlier attempt began.

    Attributes:
        tags: the key of the resolved config.
        parent_run_id: the sweep's run; None outside sweeps.
        run_id: the run of an earlier attempt; None where there was none.
    """

    def __init__(
        self, root: Path, config: Mapping[str, Any], overrides: Sequence[str], parent_run_id: str | None
    ) -> None:
        """Look the job up.

        Args:
            root: the tracking folder.
            config: the resolved config.
            overrides: the command line of this job.
            parent_run_id: the run of the sweep or loop; None outside.
        """
        self._key, self._overrides = run_key(config), overrides
        self._sweep = None if parent_run_id is None else SweepFolder(root, parent_run_id)
        known = self._sweep.job(self._key) if self._sweep else None
        self.tags = {"run_key": self._key}
        self.parent_run_id = parent_run_id
        self.run_id = known.run_id if known else None
        self.folder = root / "runs" / (self.run_id or "new")

    def finished_score(self) -> float | None:
        """Return the best value of the monitor where an earlier attempt has finished the job."""
        return finished_score(self.folder)

    def checkpoint(self) -> Path | None:
        """Return the newest checkpoint of the earlier attempt; None if it has none."""
        return usable_checkpoint(self.folder) if self.run_id else None

    def start(
        self, tracking: TrackingSettings, given: str | None, recipe: str, run_id: str | None
    ) -> Store | None:
        """Start the record of a run, or go on with one, so that retries find it; None on ranks above 0.

        Args:
            tracking: where.
            given: the name that the user gave; None: one is made.
            recipe: what is trained on what, such as `bilstm-snippets`.
            run_id: of the run to go on with, which keeps its name; None for a new one.
        """
        if int(os.environ.get("LOCAL_RANK", "0")) > 0:
            return None
        name, tags = given or recipe, dict(self.tags)
        if run_id is None and (self._sweep is not None or given is None):
            name = free_name(tracking.root, self._described(given, recipe))
            tags[MADE_NAME] = name
        store = Store.start(
            tracking, run_name=name, tags=tags, run_id=run_id, parent_run_id=self.parent_run_id
        )
        if self._sweep is not None:
            self._sweep.started(self._key, store.run_id, self._overrides)
        return store

    def _described(self, given: str | None, recipe: str) -> str:
        if self._sweep is None:
            return recipe
        said = ("run_name",) if given else ("model", "data")
        return described(given or recipe, self._overrides, self._sweep.varied(), said=said)
