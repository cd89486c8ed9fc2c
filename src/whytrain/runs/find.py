"""Finding tracked runs, each looked up once."""

from __future__ import annotations

from whytrain.tracking.reader import RunRecord, find_run


class RunFinder:
    """Finds runs of one tracking address by id or unique name.

    What was found is remembered: a command that names a run several times sees it as it was at first.
    """

    def __init__(self, uri: str) -> None:
        """Remember where to look.

        Args:
            uri: absolute tracking address.
        """
        self.uri = uri
        self._found: dict[str, RunRecord] = {}

    def __call__(self, id_or_name: str) -> RunRecord:
        """Return the run.

        Raises:
            TrackingError: there is no such run or several, naming what comes close.
        """
        if id_or_name not in self._found:
            run = find_run(self.uri, id_or_name)
            self._found |= {id_or_name: run, run.run_id: run}
        return self._found[id_or_name]
