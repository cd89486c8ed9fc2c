"""The trained vocabulary: the same in every process, and what its settings promise."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from whytrain.data.tokenization import Tokenizer
from whytrain.data.wordpiece import WordPieceTrainer

TEXTS = [
    f"{a}{b} {b}{c}ing, un{c}{a}" for a in ("bad", "god", "dab") for b in ("ly", "so") for c in "xyzäß很"
]
PROGRAM = """
import sys
from whytrain.data.wordpiece import WordPieceTrainer
from tests_texts import TEXTS
trainer = WordPieceTrainer(vocabulary_size=90, min_frequency=2, lowercase=True)
print(trainer.build(TEXTS).fingerprint)
"""


def trained(texts: list[str] = TEXTS, vocabulary_size: int = 90, lowercase: bool = True) -> Tokenizer:
    return WordPieceTrainer(vocabulary_size=vocabulary_size, min_frequency=2, lowercase=lowercase).build(
        texts
    )


def test_other_processes_train_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (tmp_path / "tests_texts.py").write_text(f"TEXTS = {TEXTS!r}")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = {trained().fingerprint}
    for _ in range(2):  # the library's own training gave three vocabularies in three processes
        monkeypatch.setenv("WHYTRAIN_CACHE", str(tmp_path_factory.mktemp("fresh")))
        found.add(subprocess.check_output([sys.executable, "-c", PROGRAM], text=True).strip())
    assert len(found) == 1


def test_order_of_texts_does_not_matter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first = trained()
    monkeypatch.setenv("WHYTRAIN_CACHE", str(tmp_path))
    assert trained(TEXTS[::-1]).fingerprint == first.fingerprint


def test_cached_is_the_same_and_is_made_again_when_damaged(cache: Path) -> None:
    first = trained()
    [path] = cache.glob("tokenizers/*/tokenizer.json")
    written = path.stat().st_mtime_ns
    assert trained().fingerprint == first.fingerprint
    assert path.stat().st_mtime_ns == written
    path.write_text(path.read_text()[:100])
    assert trained().fingerprint == first.fingerprint
    assert trained().fingerprint == first.fingerprint
    assert path.stat().st_size > 100


def test_vocabulary_is_filled_to_its_size_and_inner_characters_are_ordinary_entries() -> None:
    tokenizer = trained()
    assert tokenizer.vocabulary_size == 90
    # Were "##x" still a special token, this literal text would be one token.
    assert len(tokenizer.encode(["##x"], 32)[0]) > 3
    assert tokenizer.unknown_id not in tokenizer.encode(TEXTS, 32)[0]


def test_case_and_accents() -> None:
    folded, kept = trained(), trained(lowercase=False)
    assert folded.encode(["BADLY"], 32)[0].tolist() == folded.encode(["badly"], 32)[0].tolist()
    assert kept.unknown_id in kept.encode(["BADLY"], 32)[0]
    assert folded.encode(["ä"], 32)[0].tolist() != folded.encode(["a"], 32)[0].tolist()
    assert (
        folded.encode(["a\u0308"], 32)[0].tolist() == folded.encode(["ä"], 32)[0].tolist()
    )  # composed first
