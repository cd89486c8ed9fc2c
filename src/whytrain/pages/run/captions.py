"""What each figure of a run is for: its question, how to read it, when to worry."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Section = Literal["curves", "answers", "confidence", "words", "copies", "model"]


@dataclass(frozen=True, kw_only=True)
class Caption:
    """What people should know of a kind of figure.

    Attributes:
        section: of the page, where it belongs.
        title: what it shows, in a few words; also what stands for it where it cannot be seen.
        question: that it answers.
        reading: how to read it.
        worry: when to worry; empty where there is nothing to worry about.
    """

    section: Section
    title: str
    question: str
    reading: str
    worry: str = ""


# By `<topic>/<name>`, or by the name alone for what every method draws; in the order of the page.
CAPTIONS = {
    "history/training": Caption(
        section="curves",
        title="Loss, accuracy and F1 by epoch",
        question="Did the training go well, and did it go on for long enough?",
        reading="One line for training and one for validation sentences; the dashed line is the bag of "
        "words, the mark is the epoch whose weights were kept.",
        worry="Validation loss that rises while training loss falls: the model learns sentences by heart. "
        "Lines that still rise at the end: more epochs may help.",
    ),
    "history/batches": Caption(
        section="curves",
        title="Loss, accuracy and time of every batch",
        question="Was the training steady?",
        reading="One point per batch, from the first to the last; the line is a running mean.",
        worry="Jumps of the loss: the learning rate may be too high. Times that grow: something else uses "
        "the machine.",
    ),
    "confusion_matrix/confusion_matrix": Caption(
        section="answers",
        title="Confusion matrix",
        question="Which classes are taken for which?",
        reading="One row per true class, one column per answer; what lies on the diagonal is right.",
        worry="A column that takes most of other rows, or a row with little on the diagonal: that class is "
        "hardly learned.",
    ),
    "label_scores/label_scores": Caption(
        section="answers",
        title="Scores of every label",
        question="Which labels are predicted well?",
        reading="One row per label; further to the right is better.",
        worry="A label near 0: it is rare, or its sentences have nothing in common that the model sees.",
    ),
    "confidence/confidence": Caption(
        section="answers",
        title="Answers to twenty validation sentences",
        question="What does the model say of single sentences, and how surely?",
        reading="One bar per sentence: the probability of the class that was chosen; the colour says whether "
        "it is right.",
        worry="Long bars that are wrong: the model is sure of its mistakes.",
    ),
    "calibration/reliability": Caption(
        section="confidence",
        title="Confidence against accuracy",
        question="Is the model right as often as it says?",
        reading="Sentences of like confidence are put together: where a point lies on the diagonal, 80% sure "
        "means right in 80 of 100.",
        worry="Points below the diagonal: surer than right. Points above it: righter than sure.",
    ),
    "calibration/labels": Caption(
        section="confidence",
        title="Calibration error of every label",
        question="Can the probabilities of each label be taken at their word?",
        reading="One row per label, before and after its correction; further to the left is better.",
        worry="A label whose error is far above the others'.",
    ),
    "calibration/confidence": Caption(
        section="confidence",
        title="How confidence is spread",
        question="How sure is the model of most sentences?",
        reading="How many sentences have which confidence, before and after the correction.",
        worry="Nearly all at the right end, although accuracy is not near 100%.",
    ),
    "calibration/confidence_by_outcome": Caption(
        section="confidence",
        title="Confidence of right and of wrong answers",
        question="Is the model less sure where it is wrong?",
        reading="The spread of confidence, for right and for wrong answers by themselves.",
        worry="Two like spreads: confidence says nothing about mistakes.",
    ),
    "calibration/risk_coverage": Caption(
        section="confidence",
        title="Errors where only sure answers are given",
        question="How many mistakes are left if the model may be silent where it is unsure?",
        reading="To the right more sentences are answered; the height is the share of wrong answers among "
        "them.",
        worry="A flat line: to be silent does not help.",
    ),
    "calibration/conformal_sets": Caption(
        section="confidence",
        title="Sets of classes that hold the true one",
        question="How many classes must be named to hold the true one as often as promised?",
        reading="How often a set holds the true class, and how many classes it has; the band is what chance "
        "allows.",
        worry="Coverage below the band, or sets that name every class.",
    ),
    "calibration/human_entropy": Caption(
        section="confidence",
        title="Doubt of the model against doubt of people",
        question="Is the model unsure where people are?",
        reading="One point per sentence: to the right people differ more, upwards the model is less sure.",
        worry="No slope: the model doubts other sentences than people do.",
    ),
    "corpus_importance": Caption(
        section="words",
        title="Words that weigh most in many sentences",
        question="Which words decide?",
        reading="Bars to the right speak for the class, to the left against it; the whisker is how uncertain "
        "a mean is, the number how often the word was seen.",
        worry="Names, numbers, function words or markup on top: the model may have learned a shortcut.",
    ),
    "corpus_pairs": Caption(
        section="words",
        title="Pairs of words that act together",
        question="Which words change each other's weight?",
        reading="Bars to the right: together the two do more for the class than each alone, to the left: "
        "less. The whisker is how uncertain a mean is, the number how many sentences hold both.",
        worry="Two words that have nothing to do with each other on top: their meeting may be a shortcut.",
    ),
    "corpus_positions": Caption(
        section="words",
        title="Weight by place in the sentence",
        question="Does it matter where a word stands?",
        reading="How much of the weight lies at the beginning, in the middle and at the end.",
        worry="Nearly all at one end: the rest of the sentence is hardly read.",
    ),
    "corpus_path": Caption(
        section="words",
        title="How far the first words go",
        question="On how many words does an answer rest?",
        reading="From left to right words are added, those that weigh most first; the height is what the "
        "model says then.",
        worry="All of the rise with the first word: answers hang on a single word.",
    ),
    "word_trends": Caption(
        section="words",
        title="Weight of words over the epochs",
        question="Did the words that decide come early, or late?",
        reading="One line per word, from the first epoch to the last.",
        worry="Lines that cross again and again: the explanations are not settled yet.",
    ),
    "parts": Caption(
        section="words",
        title="Beginning, middle and end of some sentences",
        question="Which part of a sentence decides?",
        reading="Bars: what beginning, middle and end add on average, and what each says alone. Colours: one "
        "row per sentence, one field per word.",
    ),
    "each_epoch": Caption(
        section="words",
        title="One sentence, epoch by epoch",
        question="What does a sentence rest on?",
        reading="One bar per word: upwards for the class, downwards against it.",
    ),
    "sentence_importance": Caption(
        section="words",
        title="Weight of the words of one sentence",
        question="Why this answer?",
        reading="Bars to the right speak for the class, to the left against it.",
    ),
    "sentence_path": Caption(
        section="words",
        title="One sentence, word by word",
        question="How many of its words does the answer need?",
        reading="From top to bottom words are added, the weightiest first; a bar is what its word changes "
        "then.",
    ),
    "sentence_network": Caption(
        section="words",
        title="Words of one sentence that act together",
        question="Which words change each other?",
        reading="A line joins two words that together do more, or less, than each alone.",
    ),
    "sentence_tree": Caption(
        section="words",
        title="How one sentence is put together",
        question="Which words does the model read as phrases?",
        reading="From the words on the left to the whole on the right: what is joined first belongs together "
        "most. The number is what a phrase is worth beyond its words.",
    ),
    "surrogate/fidelity": Caption(
        section="copies",
        title="How often the simple copies agree with the network",
        question="Can a few weights, or a few rules, stand for the network?",
        reading="One line per copy over the epochs: the share of sentences that it answers as the network "
        "does.",
        worry="Agreement hardly above that of always the same answer: what the copies say does not hold for "
        "the network.",
    ),
    "surrogate/coefficients_readable": Caption(
        section="copies",
        title="Weights of the copy by words",
        question="Which words would a simple model weigh as the network does?",
        reading="Bars to the right speak for the class, to the left against it.",
    ),
    "surrogate/rules": Caption(
        section="copies",
        title="Rules of the copy by rules",
        question="Which rules come closest to the network?",
        reading="One rule per row, how many sentences it covers, and how often the network says the same.",
    ),
    "surrogate/tree": Caption(
        section="copies",
        title="The copy by rules as a tree",
        question="In which order are the rules asked?",
        reading="From left to right: above a branch its condition, below it how sure its answer is and how "
        "many sentences take it.",
    ),
    "surrogate/soft_tree": Caption(
        section="copies",
        title="The copy by soft rules",
        question="Which words pull together?",
        reading="From the left: at every fork each word of a sentence pulls a little one way; those "
        "that pull most are named. At the right stands what the copy answers there.",
    ),
    "model/model": Caption(
        section="model",
        title="The model's layers",
        question="What was trained?",
        reading="From the tokens to the classes, with the size of what every layer hands on.",
    ),
}


def caption_of(figure: str) -> Caption | None:
    """Return what is known of a figure; None of one that somebody's own callback drew.

    Args:
        figure: `<topic>/<name or topic>`, without its epoch.

    >>> caption_of("shapley/corpus_pairs").title, caption_of("shapley/sentence_2_path").section
    ('Pairs of words that act together', 'words')
    >>> caption_of("shapley/shapley").title
    'One sentence, epoch by epoch'
    """
    topic, _, name = figure.rpartition("/")
    kind = "each_epoch" if name == topic else re.sub(r"^sentence_\d+_", "sentence_", name)
    return CAPTIONS.get(figure) or CAPTIONS.get(kind)
