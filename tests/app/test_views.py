"""What the views show and keep, without a browser."""

from __future__ import annotations

import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
from planted_articles import ORIGIN, TOKEN
from starlette.testclient import TestClient

import whytrain as wt
from whytrain.app import explored
from whytrain.app.exploration import Exploration
from whytrain.app.explored import LONGEST_TEXT, Explored
from whytrain.app.server import make_app
from whytrain.data.corrections import read_corrections
from whytrain.runs.corrections import CORRECTIONS_PATH
from whytrain.runs.remarks import REMARKS_PATH, read_remarks
from whytrain.shortcuts.group import WordGroup
from whytrain.statistics.intervals import Interval
from whytrain.tracking.artifacts import write_artifact
from whytrain.tracking.reader import download, finished_runs

HOSTILE = "<script>alert(1)</script> a film"


def said(html: str) -> str:
    """What a person reads."""
    text = re.sub(r"<(script|style).*?</\1>", "", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def test_the_first_page_offers_sentences(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.url.path == "/sentence"
    picks = re.findall(r'href="/sentence\?text=([^"]+)"', answer.text)
    assert len(picks) == 8
    assert client.get(f"/sentence?text={picks[0]}").status_code == 200


def test_a_sentence_is_answered_and_its_words_can_be_changed(client: TestClient) -> None:
    page = client.get("/sentence", params={"text": "the dull film plot here", "word": 0})
    told = said(page.text)
    assert "The model says good" in told
    assert "What if not “the” ?" in told
    # Without the article the adjective is what is left.
    assert re.search(r"without it \S+ ?\S* bad", told)
    assert page.text.count('class="word ') >= 5
    new = client.get("/sentence/replace", params={"text": "the dull film", "word": 1, "by": "great"})
    assert new.url.params["text"] == "the great film"
    assert new.url.params["before"] == "the dull film"
    gone = client.get("/sentence/replace", params={"text": "the dull film", "word": 1})
    assert gone.url.params["text"] == "the film"


def test_reasons_name_the_article(client: TestClient) -> None:
    asked = {"text": "the dull film plot here"}
    page = client.get("/sentence/reasons", params=asked | {"method": ["shapley", "integrated_gradients"]})
    told = said(page.text)
    assert "“the” speaks most for good" in told
    assert told.count("integrated gradients") == 1
    least = said(client.get("/sentence/least", params=asked).text)
    assert least.startswith("Without this word the answer is no longer good. All single words were tried.")
    assert "without “the”" in least


def test_similar_training_sentences_are_found(client: TestClient, exploration: Exploration) -> None:
    sentences = exploration.vocabulary.sentences
    assert sentences is not None
    sentences.wait()
    text = exploration.run.corpus.train.texts[7]
    told = said(client.get("/sentence/alike", params={"text": text}).text)
    assert text in told.split("alike")[1][:60]
    assert "are read so far" not in told


@pytest.mark.parametrize(
    ("address", "params"),
    [
        ("/sentence", {"text": HOSTILE, "word": 1}),
        ("/sentence", {"text": "a film", "before": HOSTILE}),
        ("/sentence/reasons", {"text": HOSTILE, "method": "shapley"}),
        ("/sentence/least", {"text": HOSTILE}),
        ("/words", {"named": HOSTILE}),
        ("/words/sentences", {"kind": "words", "word": HOSTILE}),
        ("/data", {"word": HOSTILE, "group": HOSTILE}),
    ],
)
def test_markup_shows_as_text(client: TestClient, address: str, params: dict[str, str]) -> None:
    page = client.get(address, params=params)
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert not re.search(r"\son\w+=|\sstyle=|javascript:", page.text)  # the policy would block them


def test_markup_in_remarks_shows_as_text(client: TestClient) -> None:
    said_so = {"action": "no_reason", "kind": "words", "typed": "<b>film</b>", "comment": HOSTILE}
    page = client.post("/words/say", data=said_so)
    assert "<script>alert" not in page.text
    assert "<b>film" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text


def test_what_cannot_be_asked_is_told(client: TestClient) -> None:
    for params in ({"text": "a film", "word": 9}, {"text": "x" * (LONGEST_TEXT + 1)}, {"text": "a " * 1001}):
        answer = client.get("/sentence", params=params)
        assert answer.status_code == 400
        assert "That did not work." in answer.text
        assert "Traceback" not in answer.text
    assert client.get("/sentence/least", params={"text": "a", "model": 7}).status_code == 400
    assert client.get("/sentence", params={"text": "a film", "word": "x"}).status_code == 422
    assert client.get("/data", params={"show": "x"}).status_code == 422
    for address, said in (
        ("/sentence?text=a+film&word=x", "word=x: expected a whole number"),
        ("/sentence?text=a+film&method=zzz", "method=zzz: expected shapley or "),
        ("/sentence/reasons?text=a+film&method=zzz", "method=zzz: expected "),
        ("/sentence/alike", "text must be given"),
        ("/data?rows=zzz", "rows=zzz: expected validation or training"),
        ("/data?label=nope", "label=nope: expected "),
    ):
        answer = client.get(address)
        assert answer.status_code == 422
        assert said in unescape(answer.text)
    assert "<script>alert" not in client.get("/data", params={"label": HOSTILE}).text
    assert client.get("/nowhere").status_code == 404
    assert "Nothing trains" in client.get("/retrain/progress").text


@pytest.mark.parametrize(
    "path",
    [
        "/static/../server.py",
        "/static/%2e%2e/server.py",
        "/static/..%2f..%2fapp/server.py",
        "/static//etc/passwd",
    ],
)
def test_no_file_outside_is_served(client: TestClient, path: str) -> None:
    assert client.get("/static/app.js").status_code == 200
    answer = client.get(path)
    assert answer.status_code == 404
    assert "def " not in answer.text


def test_two_marks_of_kin_become_one_and_are_kept(client: TestClient, exploration: Exploration) -> None:
    page = said(client.get("/words").text)
    assert "Nothing is marked yet" in page
    assert "misleads on check rows" in page
    client.post("/words/say", data={"action": "no_reason", "kind": "words", "word": "the"})
    page = client.post(
        "/words/say", data={"action": "no_reason", "kind": "words", "word": "a", "comment": "why"}
    )
    assert page.url.path == "/words"
    assert "2 things marked as no reason the a stand for each other" in said(page.text)
    [mark] = exploration.notebook.opinion.marks
    assert mark.words == ("the", "a")
    lines = download(exploration.run.record, REMARKS_PATH).read_text("utf-8").splitlines()
    last = json.loads(lines[-1])
    assert (last["action"], last["words"], last["model"]) == ("no_reason", ["a"], exploration.run.id)
    assert last["by"]
    assert last["time"][:2] == "20"
    # Whoever opens the run again finds them.
    again = Exploration(exploration.models, root=exploration.root)
    assert again.notebook.opinion.marks == (mark,)
    page = client.post("/words/say", data={"action": "withdraw", "kind": "words", "word": ["the"]})
    assert exploration.notebook.opinion.marks[0].words == ("a",)


def test_words_that_mislead_together_are_one_row_and_one_mark(
    client: TestClient, exploration: Exploration
) -> None:
    """As many as a form has no fields for."""
    words = tuple(f"word{i}" for i in range(60))
    found, share = exploration.first.shortcuts, Interval(estimate=0.2, low=0.1, high=0.3)
    assert found is not None
    assert "words together mislead" not in said(client.get("/words").text)
    exploration.first.shortcuts = replace(found, group=WordGroup(words=words, share=share, n_rows=80))
    page = client.get("/words").text
    assert "60 words together mislead on check rows" in said(page)
    assert "20%" in said(page)
    [form] = re.findall(r'<form[^>]*>(?:(?!</form>).)*id="group-no".*?</form>', page, re.DOTALL)
    fields = dict(re.findall(r'name="(kind|words|named)" value="([^"]*)"', form))
    client.post("/words/say", data={**fields, "action": "no_reason"})
    [mark] = exploration.notebook.opinion.marks
    assert (mark.kind, mark.words) == ("words", words)
    assert "and 48 more" in said(client.get("/words").text)
    client.post("/words/say", data={**fields, "action": "withdraw"})
    assert exploration.notebook.opinion.marks == ()


def test_what_is_marked_must_be_words(client: TestClient, exploration: Exploration) -> None:
    for fields in (
        {"action": "no_reason", "kind": "pair", "typed": "one"},
        {"action": "no_reason", "kind": "pattern", "typed": "("},
        {"action": "no_reason", "kind": "words", "typed": ""},
        {"action": "trained", "kind": "words", "typed": "film"},
        {"action": "no_reason", "kind": "no", "typed": "film"},
        {"action": "no_reason", "kind": "words", "typed": "x" * 300},
        {"action": "no_reason", "kind": "words", "word": [f"w{n}" for n in range(60)]},
    ):
        assert client.post("/words/say", data=fields).status_code == 400
    assert exploration.notebook.opinion.marks == ()
    client.post("/words/say", data={"action": "no_reason", "kind": "pattern", "typed": "[0-9]+/10"})
    assert exploration.notebook.opinion.marks[0].kind == "pattern"


@pytest.mark.parametrize("end", ["\u2028", "\x85", "\x1c"])
def test_ends_of_lines_in_words_leave_what_was_said_readable(
    client: TestClient, exploration: Exploration, end: str
) -> None:
    for typed in (f"film{end}[0-9]+", "[0-9]+/10"):
        fields = {"action": "no_reason", "kind": "pattern", "typed": typed}
        assert client.post("/words/say", data=fields).status_code == 200
    kept = read_remarks(exploration.run.record)
    assert [remark.words for remark in kept] == [(f"film{end}[0-9]+",), ("[0-9]+/10",)]


def test_rows_are_filtered_and_labels_corrected(client: TestClient, exploration: Exploration) -> None:
    table = exploration.first.validation
    assert table is not None
    page = said(client.get("/data", params={"show": "all", "word": "dull"}).text)
    n = int(table["text"].str.contains("dull").sum())
    assert f"{n} rows" in page
    row = str(table["id"][0])
    other = next(name for name in exploration.first.saved.class_names if name != table["label"][0])
    page = client.post("/data/label", data={"row": row, "to": other, "back": "show=corrected"})
    assert f"corrected: {other}" in said(page.text)
    assert exploration.notebook.opinion.labels == {row: other}
    client.post("/data/label", data={"row": row, "to": ""})
    assert exploration.notebook.opinion.labels == {}
    for fields in ({"row": "no", "to": other}, {"row": row, "to": "no class"}):
        assert client.post("/data/label", data=fields).status_code == 400


def test_rows_of_training_slices_and_disagreements(client: TestClient, exploration: Exploration) -> None:
    corpus = exploration.first.corpus
    assert corpus is not None
    page = said(client.get("/data", params={"rows": "training", "show": "all"}).text)
    assert f"{len(corpus.train)} rows" in page
    assert "The model has learned from these rows" in page
    # The wrong label of a training row is corrected, too.
    row, other = corpus.train.ids[3], corpus.class_names[1 - corpus.train.labels[3]]
    client.post("/data/label", data={"row": row, "to": other, "back": "rows=training&show=corrected"})
    assert exploration.notebook.opinion.labels == {row: other}
    # All texts have five words, none a negation.
    n = len(corpus.validation)
    for group, expected in (("words:5", n), ("negation:no", n), ("negation:yes", 0), ("no such:5", 0)):
        page = said(client.get("/data", params={"show": "all", "group": group}).text)
        assert f"{expected} rows" in page
    # What several methods and runs say is counted where it is known.
    page = said(client.get("/data", params={"show": "methods"}).text)
    agree = exploration.first.agreement("validation")
    assert f"{int((~agree).sum())} row" in page
    assert "runs disagree" not in page
    exploration.models.append(Explored("other", exploration.run.model, exploration.run))
    page = said(client.get("/data", params={"show": "runs"}).text)
    assert "0 rows" in page
    assert "first and other say different things here" in page


def test_the_runs_list_of_doubted_labels_is_decided_row_by_row(
    client: TestClient, exploration: Exploration, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = exploration.first.corpus
    assert corpus is not None
    assert exploration.first.doubted is None
    ids = [corpus.train.ids[row] for row in (5, 2, 9)]
    labels = [corpus.class_names[corpus.train.labels[row]] for row in (5, 2, 9)]
    new = {"good": "bad", "bad": "good"}
    lines = [f"{i},{label},{new[label]},1.0,text" for i, label in zip(ids, labels, strict=True)]
    text = "\n".join(["id,label,suggested_label,score,text", *lines])
    # A run may train on few rows of many: what is doubted is among them.
    monkeypatch.setattr(explored, "MOST_TRAINING", 1)
    write_artifact(exploration.run.record, CORRECTIONS_PATH, text)
    del exploration.first.doubted
    try:
        assert "doubts the labels of 3 training rows" in said(client.get("/data").text)
        asked = {"rows": "training", "show": "mislabeled"}
        page = client.get("/data", params=asked).text
        assert re.findall(r'name="row" value="([^"]+)"', page) == ids  # in the order of the list
        assert "0 of 3 are decided" in said(page)
        assert f"Take the suggestion: {new[labels[0]]} Keep {labels[0]}" in said(page)
        for row, to in ((ids[0], new[labels[0]]), (ids[1], labels[1])):
            page = client.post("/data/label", data={"row": row, "to": to, "back": urlencode(asked)}).text
        assert "2 of 3 are decided" in said(page)
        assert f"corrected: {new[labels[0]]} Take back" in said(page)
        assert f"kept: {labels[1]} Take back" in said(page)
        opinion = exploration.notebook.opinion
        assert (opinion.labels, opinion.kept) == ({ids[0]: new[labels[0]]}, {ids[1]})
        plan = exploration.plan()
        plan.write(None)
        assert read_corrections(plan.corrections) == {ids[0]: new[labels[0]]}
        client.post("/data/label", data={"row": ids[1], "to": ""})
        assert exploration.notebook.opinion.kept == frozenset()
    finally:
        download(exploration.run.record, CORRECTIONS_PATH).unlink()


def test_the_view_of_rows_is_in_its_address(client: TestClient) -> None:
    asked = {"rows": "training", "show": "sure", "label": "good", "word": "film", "group": "negation:no"}
    page = client.get("/data", params=asked).text
    for name, value in asked.items():
        if name in ("rows", "show"):
            assert re.search(rf'name="{name}" value="{value}" checked', page)
    assert re.search(r"<option selected>good", page)
    assert 'value="negation:no" selected' in page
    assert 'name="word" value="film"' in page
    assert "page=1" in page.split("back")[1][:200]


def test_corrected_labels_are_trained_on_with_a_control_beside(
    client: TestClient, exploration: Exploration, tmp_path: Path
) -> None:
    corpus = exploration.first.corpus
    assert corpus is not None
    goods = np.flatnonzero(corpus.train.labels == corpus.class_names.index("good"))[:2]
    learned = [corpus.train.ids[row] for row in goods]
    measured = corpus.validation.ids[0]
    was = corpus.class_names[corpus.validation.labels[0]]
    new = {"good": "bad", "bad": "good"}
    client.post("/data/label", data={"row": measured, "to": new[was]})
    page = said(client.get("/retrain").text)
    assert "1 label is corrected, 0 in rows that are learned from. So nothing else is learned" in page
    assert "Also train a control" not in page
    for row in learned:
        client.post("/data/label", data={"row": row, "to": "bad"})
    plan = exploration.plan()
    assert plan.added == (f"data.corrections={plan.corrections}",)
    page = said(client.get("/retrain").text)
    assert "3 labels are corrected, 2 in rows that are learned from." in page
    assert "exchanges 2 random labels in place of yours" in page
    plan.write(corpus)
    assert read_corrections(plan.corrections) == {measured: new[was], **dict.fromkeys(learned, "bad")}
    control = read_corrections(plan.control_corrections)
    assert control.pop(measured) == new[was]
    others = [corpus.train.ids.index(row) for row in control]
    assert len(others) == 2
    assert not set(control) & set(learned)
    assert {corpus.class_names[corpus.train.labels[row]] for row in others} == {"good"}
    assert set(control.values()) == {"bad"}
    assert f"data.corrections={plan.control_corrections}" in plan.control_words
    assert "run_name=first-2-control" in plan.control_words


def test_the_control_of_marks_acts_on_random_words(client: TestClient, exploration: Exploration) -> None:
    client.post("/words/say", data={"action": "no_reason", "kind": "words", "typed": "the, a"})
    plan = exploration.plan()
    assert "as many random words" in plan.control
    assert set(plan.control_words) - set(plan.words) == {
        "guidance.targets=random",
        "run_name=first-2-control",
    }


def test_the_next_run_is_shown_before_it_is_trained(client: TestClient, exploration: Exploration) -> None:
    page = client.get("/retrain")
    assert "Nothing changes yet" in page.text
    assert client.post("/retrain/start").status_code == 400
    client.post("/words/say", data={"action": "no_reason", "kind": "words", "typed": "the, a"})
    plan = exploration.plan()
    assert plan.name == "first-2"
    assert plan.added == (f"guidance.marks={plan.marks}", "guidance.swap=1.0")
    assert {"run_name=first-2", "data.path=train.csv", "callbacks=predictions", *plan.added} <= set(
        plan.words
    )
    assert "run_name=first" not in plan.words
    assert not plan.marks.exists()  # looking changes nothing
    page = said(client.get("/retrain").text)
    assert "“the” and “a” take each other's place by chance" in page
    assert "guidance.swap=1.0" in page


def test_a_private_run_shows_and_keeps_nothing(
    article_folder: Path, exploration: Exploration, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = exploration.run
    monkeypatch.setitem(run.record.params, "tracking.log_text", "False")
    private = Exploration([Explored(run.name, run.model, run)], root=article_folder / "mlruns")
    with TestClient(make_app(private, token=TOKEN), base_url=ORIGIN) as browser:
        browser.headers["origin"] = ORIGIN
        page = browser.get(f"/?token={TOKEN}")
        assert "keeps its texts private" in page.text
        assert "pick one" not in said(page.text).replace("Type a sentence, or pick one below", "")
        for view in ("words", "data", "retrain", "compare"):
            page = browser.get(f"/{view}")
            assert page.status_code == 200
            assert not {"film", "plot", "great", "dull"} & set(said(page.text).split())
        assert "The model says" in browser.get("/sentence", params={"text": "a dull film"}).text
        told = browser.get("/sentence/alike", params={"text": "a dull film"}).text
        assert "great" not in told
        fields = {"action": "no_reason", "kind": "words", "typed": "film"}
        assert browser.post("/words/say", data=fields).status_code == 400


def test_a_model_from_elsewhere_is_asked(tmp_path: Path) -> None:
    model = wt.from_function(
        lambda texts: [[0.9, 0.1] if "dull" in t else [0.2, 0.8] for t in texts], ["bad", "good"]
    )
    elsewhere = Exploration([Explored("mine", model)], root=tmp_path)
    with TestClient(make_app(elsewhere, token=TOKEN), base_url=ORIGIN) as browser:
        browser.get(f"/?token={TOKEN}")
        assert (
            "The model says bad" in browser.get("/sentence", params={"text": "a dull film", "word": 1}).text
        )
        least = said(browser.get("/sentence/least", params={"text": "a dull film"}).text)
        assert "without “dull”" in least
        for view in ("words", "data", "retrain", "compare"):
            assert browser.get(f"/{view}").status_code == 200


def test_pages_of_the_run_are_linked_and_run_nothing(
    client: TestClient, exploration: Exploration, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = f'<html><body style="color:red"><p>{HOSTILE}</p></body></html>'
    write_artifact(exploration.run.record, "reports/scores.html", hostile)
    vars(exploration.first).pop("pages", None)
    page = client.get("/sentence").text
    assert '<a href="/pages/0/scores.html">which explanations to believe</a>' in page
    answer = client.get("/pages/0/scores.html")
    assert answer.text == hostile
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")
    for path in ("/pages/0/none.html", "/pages/7/scores.html", "/pages/0/..%2Fconfig%2Fconfig.yaml"):
        assert client.get(path).status_code in (400, 404)
    monkeypatch.setitem(exploration.run.record.params, "tracking.log_text", "False")
    assert client.get("/pages/0/scores.html").status_code == 200  # known before
    private = Explored("private", exploration.run.model, exploration.run)
    assert private.pages == {}


def test_two_models_stand_side_by_side(client: TestClient, exploration: Exploration) -> None:
    run = exploration.run
    assert client.post("/retrain/beside", data={"run": "first"}).status_code == 400  # is there already
    assert client.post("/retrain/beside", data={"run": "no such run"}).status_code == 400
    exploration.models.append(Explored("other", run.model, run))
    page = client.get("/sentence", params={"text": "a dull film", "word": 1})
    assert page.text.count('class="answer"') == 2
    assert (
        client.get("/sentence/reasons", params={"text": "a film", "model": 1, "method": "random"}).status_code
        == 200
    )


def test_two_clicks_put_a_run_beside_once(exploration: Exploration, monkeypatch: pytest.MonkeyPatch) -> None:
    other = wt.Run(replace(exploration.run.record, run_id="0" * 32, name="other"))
    vars(other)["model"] = exploration.run.model
    both = threading.Barrier(2)

    def open_late(*_: object, **__: object) -> wt.Run:
        with suppress(threading.BrokenBarrierError):
            both.wait(0.5)
        return other

    monkeypatch.setattr(wt, "open_run", open_late)
    with ThreadPoolExecutor() as clicks:
        told = [clicks.submit(exploration.put_beside, "other") for _ in range(2)]
    assert [model.name for model in exploration.models] == ["first", "other"]
    assert sorted(str(click.exception()) for click in told) == ["None", "other is there already."]


def test_the_runs_of_the_same_data_are_offered(
    client: TestClient, exploration: Exploration, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = exploration.run
    assert [found.run_id for found in finished_runs(run.record, "data_fingerprint")] == [run.id]
    assert "There is no other finished run" in client.get("/compare").text
    other = replace(run.record, run_id="0" * 32, name="<other>", metrics={"best/accuracy": 0.75})
    monkeypatch.setattr("whytrain.runs.provenance.finished_runs", lambda *_: [other, run.record])
    page = client.get("/compare").text
    assert re.findall(r'<option value="(\w+)">([^<]*)<', page) == [
        ("0" * 32, "&lt;other&gt;, accuracy 0.750")
    ]
    exploration.models.append(Explored("other", run.model, wt.Run(other)))
    assert "<option" not in client.get("/compare").text
