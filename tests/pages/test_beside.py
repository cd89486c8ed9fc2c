"""A run's pages link to one another, however often one is added."""

from __future__ import annotations

from whytrain.pages.beside import linked
from whytrain.pages.html import page, paragraph


def test_links_are_renewed_and_the_rest_stays() -> None:
    alone = page("first", paragraph("<nav> is text here"))
    assert linked(alone, "run.html", ["run.html"]) == alone
    two = linked(alone, "run.html", ["run.html", "scores.html"])
    assert two.count("<a href=") == 1
    assert '<a href="scores.html">which explanations to believe</a>' in two
    assert '<b aria-current="page">what came of it</b>' in two
    names = ["scores.html", "my_method.html", "run.html", "inspect.html"]
    more = linked(two, "run.html", names)
    assert more.count("<nav") == 1
    order = [more.index(f'href="{name}"') for name in ("inspect.html", "scores.html", "my_method.html")]
    assert order == sorted(order)
    assert linked(more, "run.html", names) == more
    assert linked(more, "run.html", ["run.html"]) == alone


def test_names_are_escaped() -> None:
    hostile = linked(page("first", ""), "run.html", ["run.html", '"><script>.html'])
    assert "<script>" not in hostile
