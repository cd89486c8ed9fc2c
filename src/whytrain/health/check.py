"""The result of one check of `whytrain doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "missing", "problem"]


@dataclass(frozen=True, kw_only=True)
class Check:
    """What was checked, and what was found.

    Attributes:
        subject: what was looked at.
        status: `missing` is what can be done without, `problem` what is broken.
        found: what is there, in words.
        advice: what to type; empty where nothing is to be done.
    """

    subject: str
    status: Status
    found: str
    advice: str = ""
