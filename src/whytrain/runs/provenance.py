"""Where a run comes from, as tags: its data and tokenizer, the run before it, the commit of its code."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from whytrain.errors import ConfigError
from whytrain.tracking.reader import RunRecord, finished_runs

if TYPE_CHECKING:
    from whytrain.data.corpus import Corpus
    from whytrain.tracking.recorder import Recorder

_DATA, _TOKENIZER, _COMMIT, _DIRTY = "data_fingerprint", "tokenizer_fingerprint", "git_commit", "git_dirty"
STARTED_FROM = "started_from"  # id of the finished run from whose weights it went on, `resume=RUN`
_GIVEN = "given_data_fingerprint"  # of the data before labels were corrected, where some were


def log_provenance(store: Recorder, corpus: Corpus, tokenizer_fingerprint: str) -> None:
    """Tag a run with its data, its tokenizer and its code."""
    tags = {_DATA: corpus.fingerprint, _TOKENIZER: tokenizer_fingerprint}
    if corpus.uncorrected is not None:
        tags[_GIVEN] = corpus.uncorrected
    store.set_tags(tags | git_tags())


def data_fingerprint(run: RunRecord) -> str | None:
    """Return the fingerprint of the run's data; None where it is not known."""
    return run.tags.get(_DATA)


def origin_id(run: RunRecord) -> str | None:
    """Return the id of the run from whose weights it went on, on its data or on new; None without one."""
    return run.tags.get(STARTED_FROM) or run.setting("continue_from")


def runs_of_same_data(run: RunRecord) -> list[RunRecord]:
    """Return the other finished runs of its store that had the same data, newest first."""
    if _DATA not in run.tags:
        return []
    return [other for other in finished_runs(run, _DATA) if other.run_id != run.run_id]


def commit(run: RunRecord) -> str | None:
    """Return the commit of the run's code, and whether files differed from it; None where it is not known."""
    found = run.tags.get(_COMMIT)
    if found is None:
        return None
    return found[:8] + (" with changes" if run.tags.get(_DIRTY) == "true" else "")


def check_same(run: RunRecord, key: str, corpus: Corpus, tokenizer_fingerprint: str) -> None:
    """See that a run had the data and the tokenizer of this one; labels may have been corrected since.

    Args:
        run: an earlier run.
        key: of the config that names it.
        corpus: that is trained on now.
        tokenizer_fingerprint: of its tokenizer.

    Raises:
        ConfigError: it had others.
    """
    given = run.tags.get(_GIVEN, run.tags.get(_DATA, "unknown"))
    for theirs, ours, what in (
        (given, corpus.given_fingerprint, "data"),
        (run.tags.get(_TOKENIZER, "unknown"), tokenizer_fingerprint, "tokenizer"),
    ):
        if theirs != ours:
            raise ConfigError(
                f"{key}={run.name} had other {what} (fingerprint {theirs[:8]}, here {ours[:8]}): give a run "
                f"with the same {what}= and data.split_seed"
            )


def git_tags() -> dict[str, str]:
    """The commit of this code and whether files differ from it; of installed code, the working directory's.

    Empty where neither is in a repository.
    """
    for folder in (Path(__file__).parent, Path.cwd()):
        try:
            head = _git(folder, "rev-parse", "HEAD")
            dirty = bool(_git(folder, "status", "--porcelain", "--untracked-files=no"))
        except (OSError, subprocess.SubprocessError):
            continue
        return {_COMMIT: head, _DIRTY: str(dirty).lower()}
    return {}


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
