"""A server that answers texts with their reasons, on this machine, and keeps a record of what it said."""
