"""What people call the values that a diagnosis looks at and that promises are held to."""

from __future__ import annotations

# By the name of the tracked metric; short, for tables and axes.
MEASURES = {
    "best/accuracy": "accuracy",
    "best/balanced_accuracy": "balanced accuracy",
    "best/nll": "loss on new sentences",
    "best/ece": "calibration error",
    "diagnosis/few_token_dependence": "weight of two words",
    "diagnosis/few_token_dependence_removed": "weight of two words, taken out",
    "diagnosis/accuracy_on_two_words": "accuracy two words carry",
    "diagnosis/shortcut_pairs": "effect of a word pair",
    "diagnosis/neglected_ends": "weight of sentences' ends",
    "diagnosis/attention_concentration": "attention on few words",
    "diagnosis/students_disagree": "copies that disagree",
    "diagnosis/dominant_dimension": "weight of one hidden unit",
    "diagnosis/overconfident_rules": "rules surer than right",
    "diagnosis/overconfidence": "confidence above accuracy",
    "diagnosis/no_safe_threshold": "errors above the rate asked for",
    "diagnosis/undertraining": "loss that still falls",
    "diagnosis/overfitting": "loss that rises again",
    "diagnosis/above_the_floor": "accuracy above a word list's",
    "diagnosis/missed_class": "share found of a class",
    "diagnosis/uncovered_class": "a class kept in the sets",
    "diagnosis/imbalance": "rare classes swallowed",
    "diagnosis/unknown_tokens": "unknown tokens",
    "diagnosis/cut_texts": "texts that are cut",
    "diagnosis/lost_to_typos": "accuracy lost to typing errors",
    "diagnosis/contradictory_labels": "labels that contradict",
    "diagnosis/shortcut": "decisions by a shortcut",
    "diagnosis/unfair_to_terms": "effect of who somebody is",
    "diagnosis/worse_for_a_group": "errors about one group",
    "diagnosis/mislabeled": "labels that are probably wrong",
    "diagnosis/leaking_split": "sentences known from training",
    "robustness/top_two_share": "share of the two top words",
    "robustness/lost_without_top_two": "accuracy lost: two words out",
    "robustness/lost_without_top_words": "accuracy lost: top words out",
    "robustness/lost_to_unseen_synonyms": "accuracy lost to synonyms",
    "robustness/lost_to_unseen_typos": "accuracy lost to chosen typing errors",
}


def measure_name(metric: str) -> str:
    """Return what people call a tracked metric, with the rows from elsewhere where it is one of theirs.

    >>> measure_name("best/nll"), measure_name("diagnosis/of_my_own"), measure_name("evaluation/new_shop/f1")
    ('loss on new sentences', 'of my own', 'f1, new shop')
    """
    where, _, name = metric.replace("_", " ").rpartition("/")
    is_elsewhere = where == "check" or where.startswith("evaluation/")
    return MEASURES.get(metric) or (f"{name}, {where.removeprefix('evaluation/')}" if is_elsewhere else name)
