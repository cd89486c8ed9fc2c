"""Long sentences become small games: neighboring words are grouped until the table fits the budget."""

from __future__ import annotations

import unicodedata

from whytrain.attribution.units import Units, group_players


def group_to_budget(players: Units, max_players: int) -> Units:
    """Group neighboring words until at most `max_players` players remain.

    Groups end at punctuation first: as long as a clause (up to and including a word that ends in
    punctuation) holds several groups, its two neighbors with the fewest words together are joined; only
    then are clauses joined, in the same way. Ties go to the left.

    Args:
        players: the sentence's words.
        max_players: at least 1; the table has 2^max_players entries.

    Returns:
        The same object where it fits; otherwise players with `grouped` true.
    """
    assert max_players >= 1
    if len(players) <= max_players:
        return players
    groups = [[i] for i in range(len(players))]
    ends = [_ends_clause(word) for word in players.words]
    while len(groups) > max_players:
        sizes = [sum(players.n_words[i] for i in group) for group in groups]
        left = min(range(len(groups) - 1), key=lambda g: (ends[groups[g][-1]], sizes[g] + sizes[g + 1], g))
        groups[left : left + 2] = [groups[left] + groups[left + 1]]
    return group_players(players, groups)


def _ends_clause(word: str) -> bool:
    return unicodedata.category(word[-1]) in {"Po", "Pe", "Pf", "Pd"}
