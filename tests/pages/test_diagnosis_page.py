"""The page of findings: everything a reader needs, nothing that a text can smuggle in."""

from __future__ import annotations

from html.parser import HTMLParser

from whytrain.attribution.attribution import Quantity
from whytrain.diagnosis.finding import Diagnosis, Example, Finding, Measurement, Support
from whytrain.diagnosis.overrides import Plan, Strategy
from whytrain.diagnosis.rules import Expectation
from whytrain.pages.diagnosis import diagnosis_page
from whytrain.statistics.intervals import Interval

PHI = Quantity(symbol="φ", name="Shapley value", unit="log-odds")
EVIL = "<script>alert(1)</script>"


class Elements(HTMLParser):
    """Tags and text of a page; tags that are opened must be closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(page: str) -> Elements:
    elements = Elements()
    elements.feed(page)
    assert elements.open == []
    return elements


def finding(name: str, low: float, high: float) -> Finding:
    examples = (
        Example(
            sentence_id="row-1",
            words=("not", EVIL),
            note="80% in two words",
            values=(-1.0, 0.5),
            quantity=PHI,
            class_name="good",
        ),
        Example(sentence_id="row-2", words=(EVIL,), note="labeled good"),
    )
    evidence = Support(sentences=examples, tokens=(EVIL,), features=("hidden 3: β = +2.00",))
    return Finding(
        name=name,
        value=0.6,
        low=low,
        high=high,
        threshold=0.5,
        unit="share",
        severity="serious",
        title="Few words",
        message=f"60% {EVIL}",
        evidence=evidence,
    )


MASK = Strategy(
    name="mask",
    text="Hide the words.",
    because=("few",),
    overrides={"guidance.mask": 0.3},
    expected=(Expectation(metric="best/accuracy", at_least=-0.015),),
)
LOOK = Strategy(name="look", text="For you: look at them.", because=("few",), overrides={}, expected=())


def test_what_was_found_how_sure_and_what_to_do() -> None:
    rows = {f"row-{i}": 0.6 for i in range(24)}
    clear = {
        "quiet": Measurement(value=Interval(estimate=0.1, low=0.05, high=0.2), unit="share"),
        "few": Measurement(value=Interval(estimate=0.6, low=0.55, high=0.7), unit="share", rows=rows),
    }
    diagnosis = Diagnosis(
        findings=(finding("few", 0.55, 0.7),),
        measurements=clear,
        not_examined={"blind": "no students were distilled"},
    )
    plan = Plan(strategies=(MASK,), advice=(LOOK,), skipped={"swap": "no WordNet"})
    page = parsed(diagnosis_page(diagnosis, plan, f"run {EVIL}", "1234"))
    assert "script" not in page.tags
    assert page.text.count(EVIL) >= 4  # shown as text: name, message, sentences, token
    for told in (
        "1 finding (1 serious)",
        "all of the interval, 55% to 70%, lies beyond the limit of 50%. Measured on 24 sentences.",
        "Hide the words.",
        "For you: look at them.",
        "guidance.mask=0.3",
        "accuracy: at least −0.015",
        "whytrain train from_diagnosis=1234",
        "swap: no WordNet",
        "blind: no students were distilled",
        "hidden 3: β = +2.00",
    ):
        assert told in page.text, told
    assert "10% (5% to 20%)" in page.text
    assert "http" not in diagnosis_page(diagnosis, plan, "run", "1234")


def test_an_interval_that_reaches_the_limit_is_not_called_sure() -> None:
    page = parsed(
        diagnosis_page(
            Diagnosis(findings=(finding("few", 0.4, 0.7),), measurements={}, not_examined={}),
            Plan(strategies=(), advice=(), skipped={}),
            "r",
            "1",
        )
    )
    assert "Not excluded: the interval, 40% to 70%, reaches the limit of 50%" in page.text
    assert "Nothing: no finding asks for a change" in page.text


def test_no_findings() -> None:
    page = parsed(
        diagnosis_page(
            Diagnosis(findings=(), measurements={}, not_examined={}),
            Plan(strategies=(), advice=(), skipped={}),
            "r",
            "1",
        )
    )
    assert "No findings in 0 things looked at" in page.text
