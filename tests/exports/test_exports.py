"""Exported models answer as the models that they were made from."""

from __future__ import annotations

import base64
import itertools
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
import yaml

from whytrain.data.pretrained import PretrainedTokenizer
from whytrain.data.tokenization import Tokenizer
from whytrain.errors import ConfigError, WhytrainError
from whytrain.exports.card import model_card
from whytrain.exports.huggingface import push, save_huggingface
from whytrain.models.bilstm import BiLSTM
from whytrain.models.existing import existing_classifier
from whytrain.models.saved import SavedModel
from whytrain.models.transformer import Transformer
from whytrain.tracking.reader import RunRecord

TEXTS = ["a great film", "dull, dull, dull", "lovely [MASK] plot"]
TOKEN = "hf_" + "s3cret" * 5
RUN = RunRecord(
    uri="sqlite:///x.db",
    run_id="0" * 32,
    name="first",
    status="FINISHED",
    params={},
    tags={},
    metrics={"best/accuracy": 0.75, "best/f1": 0.7, "test/accuracy": 0.5, "floor/accuracy": 0.625},
    model_ids=(),
    seconds=1.0,
)


@pytest.fixture(scope="module")
def tokenizer(bert_folder: Path) -> Tokenizer:
    return PretrainedTokenizer(name_or_path=str(bert_folder)).build([])


@pytest.fixture(scope="module")
def flipped(bert_folder: Path, tokenizer: Tokenizer) -> SavedModel:
    """A transformer whose network has the classes in another order than the data."""
    model = Transformer(
        vocabulary_size=tokenizer.vocabulary_size,
        n_classes=2,
        padding_id=tokenizer.padding_id,
        name_or_path=str(bert_folder),
    ).eval()
    model.match_classes(("good", "bad"))
    return SavedModel(model=model, tokenizer=tokenizer, class_names=("good", "bad"), max_tokens=20)


def bilstm(tokenizer: Tokenizer, **settings: Any) -> SavedModel:
    torch.manual_seed(0)
    usual: dict[str, Any] = {"n_layers": 1, "pooling": "last", "layer_norm": False, "self_attention_heads": 0}
    model = BiLSTM(
        vocabulary_size=tokenizer.vocabulary_size,
        n_classes=3,
        padding_id=tokenizer.padding_id,
        embedding={"size": 8, "pretrained": None},
        hidden_size=6,
        dropout=0.2,
        **usual | settings,
    ).eval()
    return SavedModel(model=model, tokenizer=tokenizer, class_names=("a", "b", "ž"), max_tokens=20)


def test_a_folder_that_transformers_reads(
    flipped: SavedModel, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    save_huggingface(flipped, tmp_path / "out", model_card(RUN, flipped, "huggingface"))
    assert capfd.readouterr() == ("", "")  # the library has bars of its own
    expected = flipped.predict(TEXTS)
    network = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path / "out").eval()
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path / "out")
    assert theirs.model_max_length == 20
    for text, label, probability in zip(TEXTS, expected["label"], expected["probability"], strict=True):
        with torch.no_grad():
            found = network(**theirs(text, return_tensors="pt")).logits.softmax(dim=-1)[0]
        if "[MASK]" in text:  # there a special token, here text
            continue
        assert network.config.id2label[int(found.argmax())] == label
        # float32 in another attention kernel
        assert float(found.max()) == pytest.approx(probability, abs=1e-5)
    again = existing_classifier(str(tmp_path / "out"), 20)
    assert again.class_names == ("bad", "good")
    np.testing.assert_allclose(again.logits(TEXTS)[:, ::-1], flipped.logits(TEXTS), rtol=0, atol=1e-5)
    assert again.predict(TEXTS)["label"].tolist() == expected["label"].tolist()


def test_the_card(flipped: SavedModel) -> None:
    _, head, body = model_card(RUN, flipped, "huggingface").split("---\n", 2)
    assert yaml.safe_load(head)["library_name"] == "transformers"
    assert "tells apart: good, bad. It reads the first 20 tokens" in body
    assert "| metric | validation | test |\n| --- | --- | --- |\n| accuracy | 0.750 | 0.500 |" in body
    assert "A bag of words reaches an accuracy of 0.625 on validation." in body


def test_each_form_is_for_its_models(flipped: SavedModel, tokenizer: Tokenizer, tmp_path: Path) -> None:
    from whytrain.exports.onnx_file import save_onnx

    with pytest.raises(ConfigError, match=r"^format=huggingface is for model=transformer; .* format=onnx$"):
        save_huggingface(bilstm(tokenizer), tmp_path / "out", "")
    with pytest.raises(ConfigError, match=r"^format=onnx is for BiLSTMs; .* format=huggingface"):
        save_onnx(flipped, tmp_path / "out", "")
    assert not (tmp_path / "out").exists()


class Hub(BaseHTTPRequestHandler):
    """As much of the hub's HTTP interface as an upload asks for; what was asked is in `asked`."""

    asked: list[tuple[str, str, bytes]]  # method and path, authorization, body

    def do_GET(self) -> None:
        self._answer({"type": "user", "name": "me", "auth": {}, "orgs": [], "fullname": "Me"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.endswith("/repos/create"):
            self._answer({"url": "http://127.0.0.1/me/it", "name": "me/it"}, body)
        elif "/preupload/" in self.path:
            files = json.loads(body)["files"]
            plain = [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in files]
            self._answer({"files": plain}, body)
        else:
            told = {"commitUrl": "http://127.0.0.1/me/it/commit/1", "commitOid": "1", "pullRequestUrl": None}
            self._answer(told | {"errors": [], "warnings": []}, body)

    def _answer(self, content: dict[str, Any], body: bytes = b"") -> None:
        self.asked.append((f"{self.command} {self.path}", self.headers.get("Authorization", ""), body))
        written = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(written)))
        self.end_headers()
        self.wfile.write(written)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hub]]:
    import huggingface_hub

    Hub.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    address = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Hub
    server.shutdown()
    server.server_close()


def test_a_folder_is_uploaded_by_who_is_logged_in(
    flipped: SavedModel, tmp_path: Path, hub: type[Hub], caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "out"
    save_huggingface(flipped, folder, model_card(RUN, flipped, "huggingface"))
    with caplog.at_level("DEBUG"):
        address = push(folder, "me/it", private=True)
    assert "/me/it" in address
    asked = {path.partition("?")[0]: body for path, _, body in hub.asked}
    made = json.loads(asked["POST /api/repos/create"])
    assert (made["name"], made["organization"]) == ("it", "me")
    assert "private" in (made.get("visibility"), *(key for key in made if made[key] is True)), made
    lines = [json.loads(line) for line in asked["POST /api/models/me/it/commit/main"].splitlines()]
    sent = {
        line["value"]["path"]: base64.b64decode(line["value"]["content"])
        for line in lines
        if line["key"] == "file"
    }
    assert sent == {path.name: path.read_bytes() for path in folder.iterdir()}
    # The token goes to the hub, and nowhere else. (A thread of another test may ask about another model.)
    ours = ("POST ", "GET /api/whoami", "GET /api/models/me/it")
    assert {who for path, who, _ in hub.asked if path.startswith(ours)} == {f"Bearer {TOKEN}"}
    assert TOKEN not in caplog.text + address
    assert not any(TOKEN.encode() in content for content in sent.values())


def test_a_hub_that_cannot_be_reached_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def nobody(self: object) -> None:
        raise OSError("no network\nat all")

    monkeypatch.setattr(huggingface_hub.HfApi, "whoami", nobody)
    with pytest.raises(
        WhytrainError, match=r"^push_to_hub=me/it: the folder .* \(no network at all\): log in"
    ):
        push(tmp_path, "me/it", private=True)


SHAPES = [
    {"pooling": pooling, "layer_norm": norm, "n_layers": layers, "self_attention_heads": heads}
    for (pooling, norm), (layers, heads) in zip(
        itertools.product(("last", "mean", "max", "attention"), (False, True)),
        itertools.cycle([(1, 0), (2, 0), (1, 2)]),
        strict=False,
    )
]


@pytest.mark.parametrize("settings", SHAPES, ids=lambda s: "-".join(map(str, s.values())))
def test_onnx_computes_what_the_model_computes(
    tokenizer: Tokenizer, tmp_path: Path, settings: dict[str, Any]
) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from whytrain.exports.onnx_file import save_onnx

    saved = bilstm(tokenizer, **settings)
    assert save_onnx(saved, tmp_path, "") <= 1e-5
    described = json.loads((tmp_path / "config.json").read_text("utf-8"))
    assert described["class_names"] == ["a", "b", "ž"]
    # As a user asks it: one text at a time, by the tokenizer in the folder.
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    read = Tokenizer.load(tmp_path)
    for text, expected in zip(TEXTS, saved.logits(TEXTS), strict=True):
        ids = read.encode([text], described["max_tokens"])[0].astype(np.int64)[None]
        [logits] = session.run(["logits"], {"token_ids": ids, "mask": np.ones_like(ids, dtype=bool)})
        np.testing.assert_allclose(logits[0], expected, rtol=0, atol=1e-5)
