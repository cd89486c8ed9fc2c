"""Parts of speech and synonyms of words, from WordNet."""

from __future__ import annotations

import io
import logging
import warnings
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from whytrain.data.words import bare_word, split_words
from whytrain.errors import ConfigError

if TYPE_CHECKING:
    from nltk.corpus.reader.wordnet import Lemma, Synset

_LOG = logging.getLogger(__name__)
SYMBOL = "symbol"  # what has no letter or digit
FUNCTION = "function"  # closed classes, of which WordNet knows only namesakes: "it" as a subject of study
_FUNCTION_WORDS = frozenset(
    """a an the this that these those each every either neither some any no all both half such what which
    whose i me my mine we us our ours you your yours he him his she her hers it its they them their theirs
    who whom myself yourself himself herself itself ourselves themselves one ones someone anyone everyone
    something anything everything nothing nobody somebody anybody everybody and or but nor so yet if because
    although though while whereas unless until since than as whether when where why how of in on at by for
    with about against between into through during before after above below to from up down out off over
    under upon within without toward towards among amid despite along across behind beyond near like be am
    is are was were been being have has had having do does did doing done will would shall should can could
    may might must ought not n't 's 're 've 'll 'd 'm there here then too also just only even very more
    most much many few less least""".split()  # noqa: SIM905  (a list takes a line for each)
)
_ENGLISH = 0.15  # least share of function words
_SAMPLE = 1000  # texts from which the language is told
DOWNLOAD_WORDNET = "python -m nltk.downloader wordnet"
_HOW_TO_GET = f"`{DOWNLOAD_WORDNET}` or, on Debian, `apt install wordnet-base`"
_DEBIAN = Path("/usr/share/wordnet")  # where its package puts the files
_TOPICS = 45  # under which WordNet files its senses; nothing here asks for them
_MOST = 6  # synonyms of a word
_CLOSE = 0.2  # least probability that a word and its synonym mean the same
_UNSEEN = 0.5  # occurrences that each sense is given beside those that were counted


class Lexicon(Protocol):
    """What guided training must know of words."""

    def part_of_speech(self, word: str) -> str | None:
        """Return the most usual part of speech of a word; None where it is not known."""
        ...

    def synonyms(self, word: str) -> tuple[str, ...]:
        """Return single words that can stand for a word, the closest first."""
        ...

    def antonyms(self, word: str) -> tuple[str, ...]:
        """Return single words that say the opposite of a word."""
        ...


class NoLexicon:
    """Knows symbols and English function words: for languages, and machines, without WordNet."""

    def part_of_speech(self, word: str) -> str | None:
        """Tell symbols and English function words from others."""
        return FUNCTION if word in _FUNCTION_WORDS else _symbol(word)

    def synonyms(self, word: str) -> tuple[str, ...]:
        """Return none."""
        return ()

    def antonyms(self, word: str) -> tuple[str, ...]:
        """Return none."""
        return ()


class WordNet:
    """Princeton's WordNet as NLTK reads it.

    References:
        Miller (1995), WordNet: a lexical database for English. Communications of the ACM 38(11).
    """

    def __init__(self) -> None:
        """Load the indices.

        Raises:
            ConfigError: NLTK or its WordNet is not on this machine.
        """
        try:
            self._wordnet = _english()
        except ImportError as error:
            raise ConfigError(
                f"WordNet is read through NLTK: install whytrain[wordnet], then run {_HOW_TO_GET}"
            ) from error
        except (LookupError, OSError) as error:
            raise ConfigError(
                f"WordNet is not on this machine: run {_HOW_TO_GET}, or point NLTK_DATA to a folder "
                "with corpora/wordnet"
            ) from error

    @cache  # noqa: B019  (one lexicon lives as long as the process)
    def part_of_speech(self, word: str) -> str | None:
        """Return `function`, or of n, v, a and r the most usual, inflected forms included.

        That is the one with most occurrences in texts whose senses people told apart (SemCor), of equals the
        one with most senses.
        """
        if word in _FUNCTION_WORDS:
            return FUNCTION
        usage = {kind: self._usage(word, kind) for kind in "nvar"}
        most = max(usage, key=lambda kind: (sum(usage[kind].values()), len(usage[kind])))
        return most if usage[most] else _symbol(word)

    @cache  # noqa: B019
    def synonyms(self, word: str) -> tuple[str, ...]:
        """Return words that mean the same in the word's usual part of speech, the closest first.

        A word's occurrences in texts whose senses people told apart, and half an occurrence more of each
        sense, say how likely it has a sense. The product of both words' probabilities, summed over the senses
        that they share, must reach 20%: "full" can stand for "good", of good returns, and seldom does. An
        inflected form has none: the base form of a synonym would not fit into its place.
        """
        kind = self.part_of_speech(word)
        if kind in (None, SYMBOL, FUNCTION):
            return ()
        senses = self._probabilities(word, kind)
        shared: dict[str, float] = defaultdict(float)
        for sense, probability in senses.items():
            names = _names(sense)
            for name in names if word in names else ():
                if name != word and name.isalpha():
                    shared[name] += probability * self._probabilities(name, None)[sense]
        closest = sorted(shared, key=lambda name: -shared[name])[:_MOST]
        return tuple(name for name in closest if shared[name] >= _CLOSE)

    @cache  # noqa: B019
    def antonyms(self, word: str) -> tuple[str, ...]:
        """Return the opposites of the word itself, not of its senses' other words, of usual senses first."""
        usage = {sense: count for kind in "nvar" for sense, count in self._usage(word, kind).items()}
        lemmas: list[Lemma] = [
            lemma
            for sense in sorted(usage, key=lambda sense: -usage[sense])
            for lemma in sense.lemmas()
            if lemma.name().lower() == word
        ]
        names = dict.fromkeys(other.name().lower() for lemma in lemmas for other in lemma.antonyms())
        return tuple(name for name in names if name.isalpha())

    @cache  # noqa: B019
    def _usage(self, word: str, kind: str) -> Mapping[Synset, int]:
        """Return how often the word, or what it may be a form of, was found in each sense."""
        forms = {word, *self._wordnet._morphy(word, kind)}  # `morphy` returns one of them
        return {
            sense: sum(lemma.count() for lemma in sense.lemmas() if lemma.name().lower() in forms)
            for sense in self._wordnet.synsets(word, kind)
        }

    def _probabilities(self, word: str, kind: str | None) -> Mapping[Synset, float]:
        """Return how likely the word has each sense, of one part of speech or of all."""
        found = (self._usage(word, each) for each in kind or "nvar")
        usage = {sense: count + _UNSEEN for senses in found for sense, count in senses.items()}
        total = sum(usage.values())
        return {sense: count / total for sense, count in usage.items()}


@cache
def _english() -> Any:
    """Load NLTK's reader without its maps to the WordNets of other languages, which take most of the time."""
    import nltk.data
    from nltk.corpus.reader import WordNetCorpusReader
    from nltk.corpus.util import LazyCorpusLoader

    class English(WordNetCorpusReader):  # type: ignore[misc]  # NLTK has no type information
        def map_wn(self, version: str = "wordnet") -> None:
            """Map nothing."""

        def open(self, file: str) -> Any:
            """Open a file: an index faster, and for the topics, which Debian leaves out, their numbers."""
            if file == "lexnames":
                return io.StringIO("".join(f"{topic} {topic} 0\n" for topic in range(_TOPICS)))
            if file.startswith("index."):
                return io.TextIOWrapper(self.abspath(file).open(), encoding="utf-8")
            return super().open(file)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that other languages are not available
        try:
            reader: Any = LazyCorpusLoader("wordnet", English, None)
            reader.ensure_loaded()
        except LookupError:
            if not _DEBIAN.is_dir():
                raise
            nltk.data.path.append(str(_DEBIAN))  # NLTK reads nowhere else
            reader = English(str(_DEBIAN), None)
    return reader


def _symbol(word: str) -> str | None:
    return None if any(map(str.isalnum, word)) else SYMBOL


def _names(sense: Synset) -> tuple[str, ...]:
    return tuple(name.lower() for name in sense.lemma_names())


def is_english(counts: Mapping[str, int]) -> bool:
    """Whether words are of English texts: then WordNet knows them.

    Function words make up some 40% of running English, and some 5% of other languages share their spelling.

    Args:
        counts: how often each word occurs, in lower case and without the punctuation around it.

    >>> is_english({"the": 2, "film": 3, "is": 1}), is_english({"der": 2, "film": 3, "ist": 1})
    (True, False)
    """
    total = sum(counts.values())
    return total > 0 and sum(counts.get(word, 0) for word in _FUNCTION_WORDS) >= _ENGLISH * total


def are_english(texts: Sequence[str]) -> bool:
    """Whether texts, of which the first are read, are English."""
    return is_english(Counter(bare_word(word) for text in texts[:_SAMPLE] for word in split_words(text)))


def lexicon_of(texts: Sequence[str]) -> Lexicon:
    """Return WordNet for English texts where this machine has it; else no lexicon."""
    try:
        return WordNet() if are_english(texts) else NoLexicon()
    except ConfigError:
        return NoLexicon()


def usual_lexicon(texts: Sequence[str], *, is_needed: bool, is_wanted: bool) -> Lexicon:
    """Return WordNet where it is needed, or wanted for English texts and on this machine; else no lexicon.

    Raises:
        ConfigError: it is needed and not on this machine.
    """
    if not (is_needed or is_wanted):
        return NoLexicon()
    if not (is_needed or are_english(texts)):
        return NoLexicon()
    try:
        return WordNet()
    except ConfigError as error:
        if is_needed:
            raise
        _LOG.warning("Words are replaced by frequency alone, nouns by verbs and verbs by nouns. %s", error)
        return NoLexicon()


def guiding_synonyms(lexicon: Lexicon, word: str) -> tuple[str, ...]:
    """Return the synonyms that guided training uses: the first, the third, …."""
    return lexicon.synonyms(word)[::2]


def unseen_synonyms(lexicon: Lexicon, word: str) -> tuple[str, ...]:
    """Return the synonyms that are left for a test of whether training with the others helped."""
    return lexicon.synonyms(word)[1::2]
