"""The record of served answers: an append-only log whose entries are chained by hashes."""

from whytrain.audit.chain import Chain
from whytrain.audit.verify import Verified, read_entries, verify

__all__ = ["Chain", "Verified", "read_entries", "verify"]
