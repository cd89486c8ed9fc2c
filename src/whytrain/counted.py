"""A number with its noun."""


def counted(n: int, noun: str) -> str:
    """Return "1 sentence", "2 sentences".

    >>> counted(1, "row"), counted(0, "row")
    ('1 row', '0 rows')
    """
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
