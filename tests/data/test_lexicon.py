"""Parts of speech and synonyms: of a small WordNet, written here in the library's format, and of the real one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import nltk
import pytest

from whytrain.data import lexicon
from whytrain.data.lexicon import (
    FUNCTION,
    SYMBOL,
    NoLexicon,
    WordNet,
    guiding_synonyms,
    is_english,
    unseen_synonyms,
    usual_lexicon,
)
from whytrain.errors import ConfigError

REAL = lexicon._DEBIAN
# Part of speech and lemmas of each synset; of a word's senses the first is the most frequent.
SYNSETS = [
    ("noun", ["film", "movie", "motion_picture", "pic", "flick"]),
    ("noun", ["film", "cinema"]),
    ("noun", ["film", "photographic_film"]),
    ("verb", ["film", "shoot"]),
    ("adj", ["bright"]),
    ("adj", ["dull", "Boring", "slow", "tedious", "tiresome"]),
    ("verb", ["dull", "blunt"]),
    ("adj", ["dull", "muffled"]),
    ("noun", ["novel"]),
    ("noun", ["novel", "book"]),
    ("adj", ["fresh", "novel", "unheard-of", "unexampled"]),
    ("adj", ["fresh", "clean"]),
]
# How often people found a lemma in a sense of a part of speech, in texts, by the lemma's synset.
OCCURRENCES = {
    ("noun", "novel", 0): 3,
    ("adj", "novel", 0): 40,
    ("adj", "fresh", 0): 1,
    ("adj", "fresh", 1): 90,
}
OPPOSITES = {("adj", "dull", "Boring"): "bright"}  # of the first lemma of a synset that begins so
FILES = {"noun": ("n", 5), "verb": ("v", 36), "adj": ("a", 0), "adv": ("r", 2)}


def write_wordnet(folder: Path) -> None:
    """Write index, data, exceptions and names as `nltk` reads them."""
    folder.mkdir(parents=True)
    (folder / "lexnames").write_text("".join(f"{i:02d}\tnoun.all\t1\n" for i in range(45)))
    counts: list[str] = []
    for name, (pos, lexname) in FILES.items():
        (folder / f"{name}.exc").write_text("films film\n" if name == "noun" else "")
        lines, senses, offset = [], {}, 0
        for lemmas in (lemmas for kind, lemmas in SYNSETS if kind == name):
            words = " ".join(f"{lemma} {len(senses.get(lemma.lower(), []))}" for lemma in lemmas)
            frames = " 01 + 08 00" if name == "verb" else ""
            opposite = OPPOSITES.get((name, *lemmas[:2]))
            pointers = f"001 ! {senses[opposite][0]} {pos} 0101" if opposite else "000"
            line = (
                f"{offset:08d} {lexname:02d} {pos} {len(lemmas):02x} {words} {pointers}{frames} | a gloss  \n"
            )
            for lemma in lemmas:
                senses.setdefault(lemma.lower(), []).append(f"{offset:08d}")
            lines.append(line)
            offset += len(line)
        index = [
            f"{lemma} {pos} {len(found)} 0 {len(found)} 0 {' '.join(found)}  \n"
            for lemma, found in senses.items()
        ]
        kind = list(FILES).index(name) + 1
        for (_, lemma, sense), count in ((key, n) for key, n in OCCURRENCES.items() if key[0] == name):
            counts.append(f"{lemma}%{kind}:{lexname:02d}:{sense:02d}:: {sense + 1} {count}\n")
        (folder / f"data.{name}").write_text("".join(lines))
        (folder / f"index.{name}").write_text("".join(sorted(index)))
    (folder / "cntlist.rev").write_text("".join(sorted(counts)))


@pytest.fixture(autouse=True)
def nothing_is_remembered() -> Iterator[None]:
    """Read the files anew."""
    lexicon._english.cache_clear()
    yield
    lexicon._english.cache_clear()


def read_from(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the library look for its data in a folder alone."""
    monkeypatch.setattr(nltk.data, "path", [str(folder)])
    monkeypatch.setattr(lexicon, "_DEBIAN", folder / "debian")


@pytest.fixture
def wordnet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WordNet:
    write_wordnet(tmp_path / "corpora" / "wordnet")
    read_from(tmp_path, monkeypatch)
    return WordNet()


def test_the_most_usual_part_of_speech(wordnet: WordNet) -> None:
    assert wordnet.part_of_speech("novel") == "a"  # 40 occurrences against 3, though one sense against two
    assert wordnet.part_of_speech("film") == "n"  # never counted: 3 senses against 1
    assert wordnet.part_of_speech("films") == "n"  # through the exceptions
    assert wordnet.part_of_speech("movies") == "n"  # through the rule for plurals
    assert wordnet.part_of_speech("dull") == "a"
    assert wordnet.part_of_speech("shoot") == "v"
    assert wordnet.part_of_speech("the") == FUNCTION
    assert wordnet.part_of_speech("...") == SYMBOL
    assert wordnet.part_of_speech("soderbergh") is None


def test_synonyms_keep_the_part_of_speech(wordnet: WordNet) -> None:
    # Single words of the noun, most frequent sense first; not "shoot", which is of the verb.
    assert wordnet.synonyms("film") == ("movie", "pic", "flick", "cinema")
    assert wordnet.synonyms("dull") == ("boring", "slow", "tedious", "tiresome", "muffled")
    for word in ("films", "the", ",", "soderbergh"):
        assert wordnet.synonyms(word) == ()


def test_a_word_that_mostly_means_something_else_is_no_synonym(wordnet: WordNet) -> None:
    # Of "fresh" it is a rare sense, 40.5/40.5 · 1.5/92 = 1.6%; "unexampled" means nothing else.
    assert wordnet.synonyms("novel") == ("unexampled",)
    # So neither stands for "fresh"; "clean" does, 90.5/92 · 1.
    assert wordnet.synonyms("fresh") == ("clean",)


def test_antonyms_are_of_the_word_itself(wordnet: WordNet) -> None:
    assert wordnet.antonyms("dull") == ("bright",)
    for word in ("tedious", "bright", "soderbergh"):  # "bright" has no pointer back here
        assert wordnet.antonyms(word) == ()
    assert NoLexicon().antonyms("dull") == ()


def test_guiding_and_unseen_synonyms_have_nothing_in_common(wordnet: WordNet) -> None:
    assert guiding_synonyms(wordnet, "film") == ("movie", "flick")
    assert unseen_synonyms(wordnet, "film") == ("pic", "cinema")


def test_what_is_missing_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_from(tmp_path, monkeypatch)
    with pytest.raises(
        ConfigError, match=r"^WordNet is not on this machine: run `python -m nltk.down[^\n]*$"
    ):
        WordNet()
    monkeypatch.setitem(sys.modules, "nltk.corpus.reader", None)
    with pytest.raises(
        ConfigError, match=r"^WordNet is read through NLTK: install whytrain\[wordnet\][^\n]*$"
    ):
        WordNet()


def test_the_files_of_debian_which_have_no_list_of_topics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_from(tmp_path, monkeypatch)
    write_wordnet(tmp_path / "debian")
    (tmp_path / "debian" / "lexnames").unlink()
    assert WordNet().synonyms("film") == ("movie", "pic", "flick", "cinema")


@pytest.mark.skipif(not REAL.is_dir(), reason="needs Debian's package wordnet-base")
def test_the_real_one_knows_reviews() -> None:
    wordnet = WordNet()
    usual = {"movie": "n", "funny": "a", "fails": "v", "really": "r", "the": FUNCTION, "young": "a"}
    assert {word: wordnet.part_of_speech(word) for word in usual} == usual
    assert wordnet.antonyms("good") == ("bad", "evil")
    assert wordnet.antonyms("love") == ("hate",)
    assert {"comical", "laughable"} <= set(wordnet.synonyms("funny"))
    assert wordnet.synonyms("story")[:2] == ("narrative", "tale")
    assert wordnet.synonyms("good") == ()  # "full", "proficient", "skilful", … mostly mean something else


ENGLISH = ["it is a film of the year", "this was not for me"]


def test_texts_that_are_not_english_are_never_told_of_wordnet(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lexicon, "WordNet", lambda: pytest.fail("asked for WordNet"))
    german = ["der Film ist so gut wie kein anderer in diesem Jahr", "das war nichts für mich"]
    assert isinstance(usual_lexicon(german, is_needed=False, is_wanted=True), NoLexicon)
    assert isinstance(usual_lexicon(["我觉得这部电影很好看"], is_needed=False, is_wanted=True), NoLexicon)
    assert caplog.text == ""
    assert not is_english({})


def test_where_it_is_only_wanted_training_goes_on_without(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def missing() -> WordNet:
        raise ConfigError("not here")

    monkeypatch.setattr(lexicon, "WordNet", missing)
    assert isinstance(usual_lexicon(ENGLISH, is_needed=False, is_wanted=False), NoLexicon)
    assert caplog.text == ""
    found = usual_lexicon(ENGLISH, is_needed=False, is_wanted=True)
    assert "replaced by frequency alone" in caplog.text
    assert (found.part_of_speech("!"), found.part_of_speech("film"), found.synonyms("film")) == (
        SYMBOL,
        None,
        (),
    )
    with pytest.raises(ConfigError, match="not here"):
        usual_lexicon(ENGLISH, is_needed=True, is_wanted=True)
