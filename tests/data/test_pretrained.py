"""Where a pretrained tokenizer is looked for, and what is said when it is nowhere."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import huggingface_hub
import pytest
import transformers

from whytrain.data import pretrained
from whytrain.data.pretrained import PACKAGE, PretrainedTokenizer
from whytrain.data.wordpiece import WordPieceTrainer
from whytrain.errors import DataError


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every way to the hub fail, as without a network."""

    def unreachable(*_: object, **__: object) -> None:
        raise ConnectionError("no network")

    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", unreachable)
    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", unreachable)


@pytest.mark.usefixtures("no_hub")
def test_out_of_reach_is_one_line_with_three_ways_out() -> None:
    with pytest.raises(DataError) as raised:
        PretrainedTokenizer(name_or_path="someone/some-model").build([])
    message = str(raised.value)
    assert "\n" not in message
    for way_out in ("tokenizer.json", "whytrain[pretrained]", "tokenizer=wordpiece"):
        assert way_out in message


@pytest.mark.usefixtures("no_hub")
@pytest.mark.skipif(find_spec(PACKAGE) is None, reason="the extra `pretrained` is not installed")
def test_package_stands_in_for_bert_uncased_only_with_the_same_vocabulary(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    builder = PretrainedTokenizer(name_or_path="prajjwal1/bert-tiny")
    found = builder.build([])
    assert found.vocabulary_size == 30_522
    assert PACKAGE in found.name
    monkeypatch.setattr(pretrained, "BERT_UNCASED_VOCABULARY", "another hash")
    with pytest.raises(DataError):
        builder.build([])


def test_local_path(tmp_path: Path) -> None:
    made = WordPieceTrainer(vocabulary_size=100, min_frequency=1, lowercase=True).build(["a fine film"])
    made.save(tmp_path)
    for path in (tmp_path, tmp_path / "tokenizer.json"):
        found = PretrainedTokenizer(name_or_path=str(path)).build([])
        assert found.fingerprint == made.fingerprint
        assert found.name == str(path)


def test_hub_is_asked_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = WordPieceTrainer(vocabulary_size=100, min_frequency=1, lowercase=True).build(["a fine film"])
    made.save(tmp_path)
    calls = []

    def fetched(name: str, **_: object) -> transformers.PreTrainedTokenizerFast:
        calls.append(name)
        return transformers.PreTrainedTokenizerFast(tokenizer_file=str(tmp_path / "tokenizer.json"))

    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", fetched)
    for _ in range(2):
        found = PretrainedTokenizer(name_or_path="someone/some-model").build([])
        assert found.fingerprint == made.fingerprint
        assert found.name == "someone/some-model"
    assert calls == ["someone/some-model"]
