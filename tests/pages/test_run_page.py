"""The page and the note of a run: the verdict that its numbers allow, every part or no gap, no private text."""

from __future__ import annotations

import io
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from whytrain.attribution.attribution import Quantity
from whytrain.attribution.evidence import AttributionEvidence, ExplanationEvidence
from whytrain.data.corpus import Corpus, Split
from whytrain.diagnosis.conclusion import Conclusion
from whytrain.diagnosis.finding import Diagnosis, Finding, Measurement, Support
from whytrain.diagnosis.overrides import Plan, Strategy
from whytrain.pages.run.captions import CAPTIONS, Caption, caption_of
from whytrain.pages.run.certainty import certainty_sentences
from whytrain.pages.run.page import run_page
from whytrain.pages.run.reported import ReportedRun
from whytrain.pages.run.verdict import verdict
from whytrain.pages.run_note import run_note
from whytrain.statistics.intervals import Interval
from whytrain.surrogates.evidence import FidelityEvidence, RuleEvidence, SurrogateEvidence
from whytrain.tasks import TASKS
from whytrain.tracking.tables import text_hash
from whytrain.types import Predictions

N = 400
LABELS = np.arange(N) % 2
EVIL = "<script>alert(1)</script>"


def right_on(n_right: int, *, first: int = 0) -> np.ndarray:
    """Answers to the N sentences, right on as many from `first` on."""
    right = np.isin(np.arange(N), np.arange(first, first + n_right) % N)
    return np.where(right, LABELS, 1 - LABELS)


def predictions(answers: np.ndarray, sure: float = 2.0) -> Predictions:
    """Of a model that gives these answers, with a log-odds of `sure`."""
    logits = np.where(np.arange(2) == answers[:, None], sure / 2, -sure / 2)
    return Predictions(logits=logits, labels=LABELS)


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (30, 20)).save(file, "png")
    return file.getvalue()


@pytest.fixture
def bare() -> ReportedRun:
    """A run that nothing observed (callbacks=none), without a test set."""
    split = Split(
        ids=[f"s{row}" for row in range(N)],
        texts=["a secret film"] * N,
        labels=LABELS,
        columns={},
        human=None,
    )
    corpus = Corpus(
        name="reviews", class_names=("bad", "good"), train=split, validation=split, calibration=None,
        test=None, notices=(), fingerprint="0" * 32,
    )  # fmt: skip
    return ReportedRun(
        run_id="1234",
        run_name=f"first {EVIL}",
        uri="http://127.0.0.1:5000",
        experiment_id="7",
        model="BiLSTM",
        n_parameters=1000,
        n_epochs=3,
        best_epoch=2,
        corpus=corpus,
        results={"best epoch (2)": predictions(right_on(320))},
        floor=right_on(300),
    )


@pytest.fixture
def full(bare: ReportedRun) -> ReportedRun:
    """The same, observed by everybody, with a test set."""
    finding = Finding(
        name="few",
        value=0.6,
        low=0.5,
        high=0.7,
        threshold=0.4,
        unit="share",
        severity="warning",
        title="Few words decide",
        message="60% lies in two words.",
        evidence=Support(tokens=("plot", "late + scratched")),
    )
    mask = Strategy(
        name="mask", text="Hide them.", because=("few",), overrides={"guidance.mask": 0.3}, expected=()
    )
    measured = Measurement(value=Interval(estimate=0.6, low=0.5, high=0.7), unit="share")
    diagnosis = Diagnosis(
        findings=(finding,), measurements={"few": measured}, not_examined={"blind": "no slice"}
    )
    words = pd.DataFrame(
        {
            "variant": ["padding"] * 2,
            "class": ["good"] * 2,
            "word": ["film", "secret"],
            "score": [0.5, -2.0],
            "standard_error": [0.1, 0.1],
            "count": [9, 5],
        }
    )
    phi = Quantity(symbol="φ", name="Shapley value", unit="log-odds")
    said = AttributionEvidence(quantity=phi, sentences=(), vocabulary=words, pairs=None)
    share = Interval(estimate=0.9, low=0.85, high=0.95)
    rule = RuleEvidence(
        text="“x” is absent → good", class_name="good", confidence=0.9, impurity=0.1, n_train=9, support=0.1,
        right_train=8, teacher_train=9, n_validation=7, right_validation=5, teacher_validation=6,
    )  # fmt: skip
    copy = FidelityEvidence(
        kind="logistic", features="readable", agreement=share, over_gold=share, kl_below_gold=share,
        majority=0.5, kl=share, r_squared=0.8, agreement_on_errors=None, accuracy=share,
    )  # fmt: skip
    return replace(
        bare,
        corpus=replace(bare.corpus, test=bare.corpus.validation),
        results={**bare.results, "test": predictions(right_on(310))},
        corrected=predictions(right_on(320), sure=1.4).probabilities,
        concluded=Conclusion(diagnosis=diagnosis, plan=Plan(strategies=(mask,), advice=(), skipped={})),
        explanations=ExplanationEvidence(methods={"shapley": said}, attention=None),
        surrogate=SurrogateEvidence(
            n_rows=90,
            surrogates=(copy,),
            coefficients=(),
            rules=(rule,),
            disagreeing_rows=(),
            disagreeing_ids=(),
        ),
        reports=["reports/shapley.html"],
        drawings=dict.fromkeys(
            [*(kind for kind in CAPTIONS if "/" in kind), "shapley/parts", "shapley/shapley", "mine/odd_one"]
            + [f"shapley/sentence_{n}_path" for n in (1, 2)],
            png(),
        ),
    )


class Page(HTMLParser):
    """Tags, headings, attributes and text of a page; what is opened must be closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.headings: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "img":
            self.images.append(dict(attrs))
        if tag == "a":
            self.links.append(str(dict(attrs)["href"]))
        if tag in {"section", "article"}:
            self.links += [f"id={dict(attrs)['id']}"] if "id" in dict(attrs) else []
        if tag not in {"meta", "br", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


def test_the_verdict_says_better_worse_or_neither() -> None:
    # 320 of 400 right: 0.800, whose Wilson interval is [0.758, 0.836] (by hand and in tables).
    best = predictions(right_on(320))
    # All that the bag of words has right the network has, too: 20 against 0, p = 2 / 2^20.
    better = verdict(best, right_on(300))
    assert better.outcome == "better"
    assert better.sentence == "Accuracy 0.800 [0.758, 0.836] is better than the bag of words' 0.750."
    assert "+5.0 points, 95% interval +3.0 to +7.2" in better.reason
    assert "The network alone is right on 20, the bag of words alone on 0." in better.reason
    worse = verdict(best, right_on(340))
    assert worse.outcome == "worse"
    assert worse.sentence == "Accuracy 0.800 [0.758, 0.836] is worse than the bag of words' 0.850."
    # 80 against 60: a difference of 5 points again, but of 140 that differ, p = 0.11.
    neither = verdict(best, right_on(300, first=80))
    assert neither.outcome == "same"
    assert neither.sentence == "Accuracy 0.800 [0.758, 0.836] cannot be told from the bag of words' 0.750."
    assert "p = 0.11" in neither.reason
    assert verdict(best, None).sentence == "Accuracy 0.800 [0.758, 0.836] on 400 validation sentences."


def test_a_model_that_learned_nothing_is_named() -> None:
    labels = np.repeat([0, 1], [40, 60])
    alike = Predictions(logits=np.tile([0.1, 0.2], (100, 1)), labels=labels)
    said = verdict(alike, labels).sentence
    assert said.endswith("is worse than the bag of words' 1.000; it gives every text the same answer.")
    assert verdict(alike, None).sentence.endswith(
        "validation sentences; it gives every text the same answer."
    )
    of_one_class = Predictions(logits=alike.logits, labels=np.ones(100, dtype=np.int64))
    assert "same answer" not in verdict(of_one_class, None).sentence


def test_label_sets_count_as_right_as_a_whole() -> None:
    labels = np.tile([[1, 0], [1, 1]], (30, 1))
    said = verdict(Predictions(logits=np.where(labels > 0, 1.0, -1.0), labels=labels), np.ones_like(labels))
    assert said.sentence == (
        "The share of texts whose labels are all right, 1.000 [0.940, 1.000], is better than the bag of words' "
        "0.500."
    )
    none = Predictions(logits=np.where(labels > 0, -1.0, 1.0), labels=labels)
    assert verdict(none, labels, "check rows").sentence == (
        "The share of texts whose labels are all right, 0.000 [0.000, 0.060] on 60 check rows, is worse than "
        "the bag of words' 1.000."
    )
    assert verdict(none, None).sentence == (
        "The share of texts whose labels are all right is 0.000 [0.000, 0.060] on 60 validation sentences."
    )


def test_confidence_against_accuracy() -> None:
    # Always 88.1% sure (log-odds 2), right in 80%: chance leaves a calibrated model of 400 within 3.2 points.
    sure = certainty_sentences(predictions(right_on(320)), None)
    assert len(sure) == 1
    assert sure[0].startswith(
        "It says 88.1% on average and is right in 80.0%. Its calibration error is 0.081, "
    )
    assert "it is surer than it is right" in sure[0]
    # Log-odds of 1.4: 80.2%.
    fair = predictions(right_on(320), sure=1.4)
    assert "no more than chance" in certainty_sentences(fair, None)[0]
    assert "it is right more often than it says" in certainty_sentences(predictions(right_on(396)), None)[0]
    helped = certainty_sentences(predictions(right_on(320)), fair.probabilities)[1]
    assert "that helps: the calibration error is 0.002 instead of 0.081" in helped
    harmed = certainty_sentences(fair, predictions(right_on(320)).probabilities)[1]
    assert "that does not help" in harmed
    assert certainty_sentences(fair, fair.probabilities)[1].endswith("people see it as trained.")


def test_a_run_that_nobody_observed_has_a_short_page(bare: ReportedRun) -> None:
    page = Page(run_page(bare))
    assert page.headings == ["Can its confidence be trusted?", "All numbers", "What to type next"]
    assert page.images == []
    assert "is better than the bag of words' 0.750" in page.text
    assert "test sentences" not in page.text
    assert "from_diagnosis" not in page.text
    assert "script" not in page.tags
    assert EVIL in page.text


def test_a_full_page_answers_in_the_order_of_the_questions(full: ReportedRun) -> None:
    html = run_page(full)
    page = Page(html)
    assert html.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert "http:" not in html.replace("http://127.0.0.1:5000", "")  # nothing is fetched from elsewhere
    assert page.headings == [
        "Can its confidence be trusted?",
        "What is wrong with it",
        "What it leans on",
        "What simple copies of it say",
        "How the training went",
        "Which answers are wrong",
        "All numbers",
        "The model",
        "More figures",
        "What to type next",
    ]
    # The contents lead to all sections and nowhere else.
    assert sorted(link[1:] for link in page.links if link[0] == "#") == sorted(
        link[3:] for link in page.links if link.startswith("id=")
    )
    for told in (
        "On 400 test sentences, which nothing was chosen by: 0.775 [0.732, 0.813].",
        "1 finding in 1 thing looked at; 1 could not be examined",
        "Few words decide",
        "Hide them.",
        "guidance.mask=0.3",
        "0.900 [0.850, 0.950]",
        "“x” is absent → good",
        "whytrain train from_diagnosis=1234",
        "http://127.0.0.1:5000/#/experiments/7/runs?viewStateShareKey=whytrain",
    ):
        assert told in page.text, told
    # The surest word first, against its class.
    assert page.text.index("secret") < page.text.index("film")
    assert "−2.00" in page.text


def test_every_figure_has_its_caption_and_one_sentence_is_enough(full: ReportedRun) -> None:
    page = Page(run_page(full))
    alts = [str(image["alt"]) for image in page.images]
    # The second sentence is left to the method's own page, and what shows the last epoch to MLflow.
    assert len(alts) == len(full.drawings) - 2
    assert len(set(alts)) == len(alts)
    assert all((image["width"], image["height"]) == ("30", "20") for image in page.images)
    assert "mine: odd one" in alts
    assert page.text.count("How to read") == len(alts) - 1
    shown = [caption for figure in full.drawings if (caption := caption_of(figure))]
    shown.remove(CAPTIONS["each_epoch"])
    assert all(caption.question in page.text for caption in shown)
    assert caption_of("mine/odd_one") is None


@pytest.mark.parametrize("caption", CAPTIONS.values(), ids=CAPTIONS)
def test_captions_are_sentences(caption: Caption) -> None:
    assert caption.title[0].isupper()
    assert not caption.title.endswith(".")
    assert caption.question.endswith("?")
    assert caption.reading.endswith(".")
    assert not caption.worry or caption.worry.endswith(".")


def test_findings_name_their_words_and_rules_come_by_what_they_cover(full: ReportedRun) -> None:
    assert full.surrogate is not None
    (rule,) = full.surrogate.rules
    wide = replace(rule, text="“y” is there → bad", n_train=1, n_validation=40)
    html = run_page(replace(full, surrogate=replace(full.surrogate, rules=(rule, wide))))
    assert "<p>It shows most in “<bdi>plot</bdi>” and “<bdi>late + scratched</bdi>”.</p>" in html
    assert html.index(wide.text) < html.index(rule.text)


def test_private_words_stay_away(full: ReportedRun) -> None:
    html = run_page(replace(full, name=text_hash))
    assert "secret" not in html
    assert text_hash("secret") in html
    assert "secret" in run_page(full)


def test_a_network_is_compared_where_it_can_be(bare: ReportedRun) -> None:
    """What was repaired is not held to a bag of words that may use what the network must not."""
    strong, weak = right_on(390), right_on(200)
    check = predictions(right_on(320))
    validation = "Accuracy 0.800 [0.758, 0.836]"

    def lead(**known: object) -> str:
        return replace(bare, floor=strong, **known).verdict.sentence

    assert lead() == f"{validation} is worse than the bag of words' 0.975."
    # Check rows like the validation rows, which are more: nothing changes.
    assert lead(outside={"check": check}, check_floor=weak) == lead()
    # Words were marked, and no rows tell.
    marked = replace(bare, floor=strong, is_marked=True).verdict
    assert (marked.outcome, marked.sentence) == ("alone", f"{validation} on 400 validation sentences.")
    assert "0.975 there, which says little: the network must not decide by the marked words" in marked.reason
    # Words were marked, and check rows tell.
    told = lead(is_marked=True, outside={"check": check}, check_floor=weak)
    assert told == f"{validation} on 400 check rows is better than the bag of words' 0.500."
    # Nobody marked any, but the check rows are surely another thing.
    other = lead(outside={"check": predictions(right_on(200))}, check_floor=weak)
    assert other.endswith("on 400 check rows cannot be told from the bag of words' 0.500.")


def test_label_sets_have_a_page(bare: ReportedRun) -> None:
    labels = np.tile([[1, 0], [1, 1]], (N // 2, 1))
    split = replace(bare.corpus.validation, labels=labels)
    corpus = replace(bare.corpus, train=split, validation=split, task=TASKS["multilabel"])
    results = {"best epoch (2)": Predictions(logits=np.where(labels > 0, 2.0, -2.0), labels=labels)}
    page = Page(run_page(replace(bare, corpus=corpus, results=results, floor=np.ones_like(labels))))
    assert "1.000 [0.990, 1.000], is better than the bag of words' 0.500" in page.text
    assert "miss the shares that they promise by 11.9% on average" in page.text  # 1 − expit(2)


def test_the_note_says_the_verdict_the_findings_and_where_the_page_is(
    full: ReportedRun, bare: ReportedRun
) -> None:
    note = run_note(full, {"predictions": {}, "diagnosis": {"rules": None}})
    assert note.startswith("**Accuracy 0.800 [0.758, 0.836] is better than the bag of words' 0.750.**")
    assert "[The run's page](RUN_ADDRESS/artifacts/reports/run.html)" in note
    assert "(TABLE_ADDRESS)" in note
    assert "- Few words decide (warning): 60% lies in two words." in note
    assert "None" not in note
    assert "nothing (callbacks=none)" in run_note(bare, {})


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.01, 0.05, "They come closer to the network’s probabilities than the rules"),
        (-0.05, -0.01, "The rules come closer"),
        (-0.01, 0.05, "It is not sure whether they come closer"),
    ],
)
def test_soft_rules_are_held_against_the_rules(full: ReportedRun, low: float, high: float, said: str) -> None:
    assert full.surrogate is not None
    assert "Soft rules" not in run_page(full)
    closer = Interval(estimate=(low + high) / 2, low=low, high=high)
    soft = replace(full.surrogate.surrogates[0], kind="soft_tree", kl_below_tree=closer)
    html = run_page(replace(full, surrogate=replace(full.surrogate, surrogates=(soft,))))
    assert said.replace("’", "&#x27;") in html
