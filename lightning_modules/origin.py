"""A run that follows a diagnosis: only on the data that were diagnosed."""

from __future__ import annotations

from whytrain.lightning_modules.data import TextData
from whytrain.runs.diagnosed_run import KEY
from whytrain.runs.guiding_run import DATA_TAG, TOKENIZER_TAG, check_same
from whytrain.tracking.reader import find_run


def check_origin(from_diagnosis: str | None, data: TextData, uri: str) -> None:
    """Refuse to follow the diagnosis of a run with other data or another tokenizer.

    Args:
        from_diagnosis: id or unique name of the run; None where none is followed.
        data: after `setup`.
        uri: absolute tracking address.

    Raises:
        ConfigError: data or tokenizer differ.
    """
    if from_diagnosis is not None:
        run = find_run(uri, from_diagnosis)
        check_same(run, KEY, DATA_TAG, data.corpus.fingerprint, "data")
        check_same(run, KEY, TOKENIZER_TAG, data.tokenizer.fingerprint, "tokenizer")
