"""A run's pages link to one another, however often one is added."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from whytrain.pages.beside import linked, links_to
from whytrain.pages.html import page, paragraph
from whytrain.tracking.reader import RunRecord

RUN = RunRecord(
    uri="u",
    run_id="r",
    name="n",
    status="FINISHED",
    params={},
    tags={},
    metrics={},
    model_ids=(),
    seconds=1.0,
)


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


def test_a_run_on_this_machine_is_linked_by_its_files(tmp_path: Path) -> None:
    (tmp_path / "a run" / "reports").mkdir(parents=True)
    page_of_scores = tmp_path / "a run" / "reports" / "scores.html"
    page_of_scores.touch()
    here = replace(RUN, place=(tmp_path / "a run").as_uri())
    assert links_to(here) == f'<a href="{page_of_scores.as_uri()}">which explanations to believe</a>'
    assert links_to(replace(RUN, place="mlflow-artifacts:/1/x/artifacts")) == ""


def test_names_are_escaped() -> None:
    hostile = linked(page("first", ""), "run.html", ["run.html", '"><script>.html'])
    assert "<script>" not in hostile
