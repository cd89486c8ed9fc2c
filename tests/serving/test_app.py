"""Texts over HTTP: the model's answers, their reasons, the record, and a line for what cannot be answered."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from served_models import ARGUMENTS, settings_of, small_model
from small import BILSTM

from whytrain.attribution.served import ServedClassifier
from whytrain.audit import read_entries, verify
from whytrain.audit.__main__ import main as audit
from whytrain.audit.answers import fingerprint, salted_hash
from whytrain.models.saved import load_model, save_model
from whytrain.serving.app import create_app
from whytrain.serving.worker import Worker
from whytrain.tracking.settings import TrackingSettings
from whytrain.tracking.traces import Traces, trace_experiment

TEXTS = ["good film", "bad", "film", "a bad bad film"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    save_model(folder, small_model(), class_path=BILSTM, arguments=ARGUMENTS)
    return folder


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "served"


@pytest.fixture
def client(folder: Path, record: Path) -> Iterator[TestClient]:
    with TestClient(create_app(settings_of(folder, record))) as client:
        yield client


def traces_of(uri: str, experiment: str) -> list[Any]:
    """Return traces, the newest first."""
    import mlflow

    mlflow.set_tracking_uri(uri)
    found = mlflow.search_traces(locations=[experiment], return_type="list")
    return sorted(found, key=lambda trace: -trace.info.timestamp_ms)


def told(client: TestClient, path: str, **body: Any) -> list[dict[str, Any]]:
    response = client.post(path, json=body)
    assert response.status_code == 200, response.text
    answers: list[dict[str, Any]] = response.json()["answers"]
    return answers


def test_answers_are_those_of_the_model_and_of_the_pyfunc(client: TestClient, folder: Path) -> None:
    answers = told(client, "/predict", texts=TEXTS)
    frame = ServedClassifier(load_model(folder)).predict({"text": TEXTS})
    for answer, row in zip(answers, frame.to_dict("records"), strict=True):
        assert answer["label"] == row["label"]
        assert answer["probability"] == pytest.approx(row["probability"], abs=1e-6)
        assert answer["probabilities"]["pos"] == pytest.approx(row["probability_pos"], abs=1e-6)
        assert answer["calibrated_probability"] == pytest.approx(row["calibrated_probability"], abs=1e-6)
        assert answer["set"] == [name for name in ("neg", "pos") if row[f"in_set_{name}"]]
    assert len({answer["probability"] for answer in answers}) == len(TEXTS)


def test_reasons_are_those_of_the_pyfunc(client: TestClient, folder: Path) -> None:
    answer = told(client, "/explain", texts=["a bad bad film"])[0]
    frame = ServedClassifier(load_model(folder)).predict(["a bad bad film"], {"explain": "shapley"})
    why = answer["explanation"]
    assert (why["method"], why["class"]) == ("shapley", frame["explained"][0])
    assert why["words"] == frame["words"][0]
    assert why["scores"] == pytest.approx(frame["scores"][0], abs=1e-6)
    assert sum(why["scores"]) == pytest.approx(why["total"][1] - why["total"][0], abs=1e-5)


def test_a_method_and_its_budget_can_be_asked_for(client: TestClient) -> None:
    drawn = told(client, "/explain", texts=["good"], method="random")[0]["explanation"]
    assert drawn["method"] == "random"
    long = "good bad film good bad film good film"  # of more words than exact_words
    few, many = (
        told(client, "/explain", texts=[long], budget=budget)[0]["explanation"] for budget in (100, 400)
    )
    assert np.mean(many["standard_errors"]) < np.mean(few["standard_errors"])


@pytest.mark.parametrize(
    ("path", "body", "status", "line"),
    [
        ("/predict", {"texts": []}, 422, "texts: "),
        ("/predict", {"text": ["a"]}, 422, "texts: "),
        ("/predict", {"texts": ["a", 5]}, 422, "texts.1: "),
        ("/predict", {"texts": ["a"], "explain": "shapley"}, 422, "explain: "),
        ("/predict", {"texts": ["a"] * 5}, 413, "5 texts: at most 4"),
        ("/predict", {"texts": ["a", "b" * 1001]}, 413, "texts.1 has 1,001 characters: at most 1,000"),
        (
            "/predict",
            {"texts": ["good", " \u00a0"]},
            400,
            "texts.1: the text is empty: give at least one word",
        ),
        ("/explain", {"texts": [""]}, 400, "texts.0: the text is empty: give at least one word"),
        ("/explain", {"texts": ["good", "bad", " "]}, 400, "texts.2: the text is empty"),
        ("/explain", {"texts": ["a"], "method": "shaply"}, 400, "did you mean shapley"),
        ("/explain", {"texts": ["a"], "method": "amortized"}, 400, "this model has not what it needs"),
        ("/explain", {"texts": ["a"], "method": "../train"}, 400, "no such method"),
        ("/explain", {"texts": ["a"], "method": "random", "budget": 5}, 400, "random has no budget"),
        ("/explain", {"texts": ["a"], "budget": 0}, 422, "budget: "),
        (
            "/explain",
            {"texts": ["good", "a " * 101]},
            413,
            "texts.1 has 101 words: at most 100 are explained",
        ),
    ],
)
def test_what_cannot_be_answered_is_a_line(
    client: TestClient, record: Path, path: str, body: dict[str, Any], status: int, line: str
) -> None:
    response = client.post(path, json=body)
    assert response.status_code == status
    assert line in response.json()["error"]
    assert not list(record.glob("*.jsonl"))


def test_methods_that_the_model_has_not_are_no_choice(client: TestClient) -> None:
    has = set(client.get("/health").json()["methods"])
    for method in ("shaply", "amortized"):
        refused = client.post("/explain", json={"texts": ["a"], "method": method}).json()["error"]
        assert set(refused.partition("choices: ")[2].split(", ")) == has
    assert "amortized" not in has


def test_bodies_that_are_no_json_or_no_text_or_too_large_are_refused(client: TestClient) -> None:
    post = client.post
    broken = post("/predict", content=b'{"texts": [a]}', headers={"content-type": "application/json"})
    assert broken.status_code == 422
    assert broken.json()["error"].startswith(
        "the body is no JSON: Expecting value, character 12; see http://"
    )
    # Without this type a page of another site could send it.
    plain = {"content-type": "text/plain"}
    assert post("/predict", content=b'{"texts": ["a"]}', headers=plain).status_code == 422
    lone = b'{"texts": ["\\ud800"]}'
    refused = post("/predict", content=lone, headers={"content-type": "application/json"})
    assert refused.status_code == 422
    assert refused.json()["error"].startswith(
        "texts.0: expected Unicode text, character 1 is half of a surrogate"
    )
    lone = b'{"texts": ["a"], "method": "\\ud800"}'
    assert post("/explain", content=lone, headers={"content-type": "application/json"}).status_code == 422
    large = post("/predict", content=b" " * 1_000_000, headers={"content-type": "application/json"})
    assert (large.status_code, "bytes" in large.json()["error"]) == (413, True)


@pytest.mark.parametrize("body", [b"[" * 20_000, b'{"texts": ["\xe9"]}', b'{"budget": ' + b"9" * 5000 + b"}"])
def test_every_refusal_is_a_line(client: TestClient, body: bytes) -> None:
    odd = client.post("/predict", content=body, headers={"content-type": "application/json"})
    assert (odd.status_code, "parsing the body" in odd.json()["error"]) == (400, True)
    for method, path, status in (("GET", "/nowhere", 404), ("GET", "/predict", 405)):
        answer = client.request(method, path)
        assert (answer.status_code, list(answer.json())) == (status, ["error"])
    assert answer.headers["allow"] == "POST"


def test_another_host_name_is_refused(client: TestClient) -> None:
    assert client.get("/health", headers={"host": "evil.example"}).status_code == 400


def test_each_answer_is_in_the_record_and_can_be_reproduced(
    client: TestClient, record: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = {"texts": ["good film", "bad"]}
    response = client.post("/predict", json=sent, headers={"X-Asked-By": "Ada"})
    answers = [*response.json()["answers"], *told(client, "/explain", texts=["good bad film"])]
    entries = list(read_entries(record))
    assert [entry["hash"] for entry in entries] == [answer["record"] for answer in answers]
    assert [entry["text"] for entry in entries] == ["good film", "bad", "good bad film"]
    assert [entry["asked_by"] for entry in entries] == ["Ada", "Ada", None]
    assert entries[0]["request"] == entries[1]["request"] != entries[2]["request"]
    assert entries[0]["model"]["fingerprint"] == fingerprint(folder)
    assert verify(record).problem is None
    for number in (1, 3):
        assert audit(["reproduce", str(number), str(record), "--model", str(folder)]) == 0
    assert "gives the same answer" in capsys.readouterr().out


def test_a_changed_model_or_answer_is_not_reproduced(
    client: TestClient, record: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told(client, "/explain", texts=["good bad film"])
    other = tmp_path / "other"
    save_model(other, small_model(seed=1), class_path=BILSTM, arguments=ARGUMENTS)
    assert audit(["reproduce", "1", str(record), "--model", str(other)]) == 1
    assert "its fingerprint is another one" in capsys.readouterr().err
    path = record / "answers-000001.jsonl"
    entry = json.loads(path.read_text("utf-8"))
    entry["model"]["fingerprint"] = fingerprint(other)
    path.write_text(json.dumps(entry) + "\n", "utf-8")
    assert audit(["reproduce", "1", str(record), "--model", str(other)]) == 1
    assert "answer.probability was" in capsys.readouterr().err


def test_private_texts_are_neither_recorded_nor_told_apart(
    folder: Path, record: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with TestClient(create_app(settings_of(folder, record, with_text=False))) as client:
        told(client, "/explain", texts=["good bad film", "good bad film"])
    content = (record / "answers-000001.jsonl").read_text("utf-8")
    assert "good" not in content
    first, second = read_entries(record)
    assert first["text_sha256"] != second["text_sha256"]
    assert first["text_sha256"] == salted_hash("good bad film", first["salt"])
    words = ["reproduce", "1", str(record), "--model", str(folder)]
    assert audit(words) == 2
    assert audit([*words, "--text", "good film"]) == 2
    assert audit([*words, "--text", "good bad film"]) == 0
    assert "its hash is another one" in capsys.readouterr().err


def test_answers_become_traces_as_the_record_keeps_them(
    folder: Path, record: Path, tmp_path: Path, migrated_store: Path
) -> None:
    shutil.copy(migrated_store, tmp_path / "mlflow.db")
    tracking = TrackingSettings(
        uri=None, experiment="x", log_text=True, directory=str(tmp_path), register=None
    )
    experiment = trace_experiment(tracking, "answers")
    for with_text in (True, False):
        settings = settings_of(folder, record, with_text=with_text)
        settings = replace(settings, traces=experiment, tracking_uri=tracking.address)
        with TestClient(create_app(settings)) as client:  # when it ends, what waits is sent
            told(client, "/explain", texts=["good film"])
    private, plain = (trace.data.spans[0] for trace in traces_of(tracking.address, experiment))
    entries = list(read_entries(record))
    assert plain.inputs == {"text": "good film"}
    assert plain.outputs == entries[0]["answer"]
    assert plain.attributes["model.fingerprint"] == entries[0]["model"]["fingerprint"]
    assert private.inputs == {name: entries[1][name] for name in ("text_sha256", "salt")}
    assert "words" not in private.outputs["explanation"]


def test_who_asks_does_not_wait_for_traces(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, migrated_store: Path
) -> None:
    shutil.copy(migrated_store, tmp_path / "mlflow.db")
    held = threading.Event()
    monkeypatch.setattr("mlflow.start_span_no_context", lambda **_: held.wait())
    monkeypatch.setattr("whytrain.tracking.traces._MOST_WAITING", 2)
    traces = Traces(f"sqlite:///{tmp_path / 'mlflow.db'}", "0")
    traces.add([{"model": {}, "request": "q", "asked_by": None, "answer": {}}] * 9, [None] * 9)
    assert traces.n_lost >= 6  # two wait, one is held
    held.set()
    traces.close()


def test_the_record_becomes_a_table(client: TestClient, record: Path, tmp_path: Path) -> None:
    import pandas as pd

    told(client, "/explain", texts=["good bad film", "bad"])
    told(client, "/predict", texts=["film"])
    target = tmp_path / "answers.parquet"
    assert audit(["export", str(target), str(record)]) == 0
    table = pd.read_parquet(target)
    assert table["text"].tolist() == ["good bad film", "bad", "film"]
    assert table["label"].isin(["neg", "pos"]).all()
    assert json.loads(table["explanation"][1])["words"] == ["bad"]
    assert pd.isna(table["explanation"][2])
    assert audit(["export", str(target), str(record)]) == 2


def test_counts_are_what_was_asked(client: TestClient) -> None:
    told(client, "/predict", texts=["good", "bad"])
    client.post("/predict", json={})
    client.get("/wp-login.php")
    lines = client.get("/metrics").text.splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert values['whytrain_requests_total{path="/predict",status="200"}'] == "1.0"
    assert values['whytrain_requests_total{path="/predict",status="422"}'] == "1.0"
    assert values['whytrain_requests_total{path="other",status="404"}'] == "1.0"
    assert values['whytrain_request_seconds_count{path="/predict"}'] == "2.0"
    assert sum(float(v) for name, v in values.items() if name.startswith("whytrain_answers_total")) == 2


def test_the_page_says_how_to_ask_and_fetches_nothing_from_elsewhere(client: TestClient) -> None:
    response = client.get("/")
    assert "curl http://testserver/predict" in response.text
    assert "neg, pos" in response.text
    assert response.headers["content-security-policy"] == "default-src 'self'"
    assert "//" not in response.text.replace("http://testserver", "")
    assert client.get("/style.css").headers["content-type"].startswith("text/css")
    assert client.get("/openapi.json").json()["paths"].keys() == {"/predict", "/explain", "/health"}
    assert client.get("/docs").status_code == 404


def test_explaining_does_not_disturb_predicting(folder: Path) -> None:
    worker = Worker(settings_of(folder, None), loaded=lambda identity: None)
    served = worker.served
    assert served.model.model is not served.explained.model
    pairs = zip(served.model.model.parameters(), served.explained.model.parameters(), strict=True)
    for own, shared in pairs:
        assert own.data_ptr() == shared.data_ptr()
    served.explained.model.train()
    assert not served.model.model.training


def test_no_answer_in_time_is_said(folder: Path) -> None:
    with TestClient(create_app(settings_of(folder, None, timeout=1e-6))) as client:
        response = client.post("/predict", json={"texts": ["a"]})
    assert (response.status_code, "no answer within" in response.json()["error"]) == (504, True)
