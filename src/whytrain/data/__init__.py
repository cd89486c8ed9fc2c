"""From sentences to batches: sources, cleaning, splits, tokenization, the batch plan."""

from typing import TYPE_CHECKING

from whytrain.lazy import lazy_imports

if TYPE_CHECKING:
    from whytrain.data.corpus import Corpus, Split
    from whytrain.data.csv_file import CSVFile
    from whytrain.data.encoded import EncodedSplit, encode_split, encode_texts
    from whytrain.data.huggingface import HuggingFace
    from whytrain.data.lexicon import Lexicon, NoLexicon, WordNet
    from whytrain.data.pretrained import PretrainedTokenizer
    from whytrain.data.snippets import Snippets
    from whytrain.data.source import Source
    from whytrain.data.sst2 import SST2
    from whytrain.data.tokenization import Tokenizer, TokenizerBuilder
    from whytrain.data.treebank import LabelledTree, read_treebank
    from whytrain.data.wordpiece import WordPieceTrainer
    from whytrain.data.words import split_words, word_spans
else:
    __getattr__ = lazy_imports(__name__)

__all__ = [
    "SST2",
    "CSVFile",
    "Corpus",
    "EncodedSplit",
    "HuggingFace",
    "LabelledTree",
    "Lexicon",
    "NoLexicon",
    "PretrainedTokenizer",
    "Snippets",
    "Source",
    "Split",
    "Tokenizer",
    "TokenizerBuilder",
    "WordNet",
    "WordPieceTrainer",
    "encode_split",
    "encode_texts",
    "read_treebank",
    "split_words",
    "word_spans",
]
