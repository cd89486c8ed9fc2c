"""How the server is set up, in a form that reaches its worker processes."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import Any

from whytrain.types import DeviceName

VARIABLE = "WHYTRAIN_SERVE"
# Where worker processes keep their counts; prometheus_client reads it when it is imported.
MEASURES_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@dataclass(frozen=True, kw_only=True)
class ServeSettings:
    """What a worker must know.

    Attributes:
        folder: of the saved model.
        identity: of that model: `run` (id or None), `version` (NAME/3 or None), `fingerprint`.
        with_text: whether records hold texts; else salted hashes.
        address: of the registry, whose alias may move to another version; None: the model stays.
        tracking_uri: where the registry is.
        check_every: seconds between two looks at the alias.
        trusted: classes outside this package that a saved model may have.
        record: folder of the record; None: none is kept.
        traces: id of an MLflow experiment for traces of the answers; None: there are none.
        device: where the model computes.
        threads: of a worker, for computing.
        hosts: names by which the server may be called; empty: any.
        max_texts: of a request.
        max_characters: of a text.
        max_words: of a text whose reasons are asked for: a worker gives them one request after the other.
        timeout: seconds that a request may wait for its answer.
        method: of explanation, where a request names none; None: the run's own first one.
        seed: of methods that draw.
    """

    folder: str
    identity: dict[str, Any]
    with_text: bool
    address: str | None
    tracking_uri: str
    check_every: float
    trusted: tuple[str, ...]
    record: str | None
    traces: str | None
    device: DeviceName
    threads: int
    hosts: tuple[str, ...]
    max_texts: int
    max_characters: int
    max_words: int
    timeout: float
    method: str | None
    seed: int

    @property
    def max_bytes(self) -> int:
        """Bytes of a request's body at most: its texts with every character escaped, as JSON may do."""
        return 6 * min(self.max_texts * self.max_characters, _MOST_CHARACTERS) + 10_000

    def to_environment(self) -> None:
        """Keep the settings for the worker processes that this one will start."""
        os.environ[VARIABLE] = json.dumps(asdict(self))

    @classmethod
    def from_environment(cls) -> ServeSettings:
        """Read what `to_environment` kept."""
        plain: dict[str, Any] = json.loads(os.environ[VARIABLE])
        plain |= {name: tuple(plain[name]) for name in ("trusted", "hosts")}
        return cls(**plain)


_MOST_CHARACTERS = 1_000_000  # of all texts of a request
