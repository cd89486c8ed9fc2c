"""What a diagnosis may change: keys and plain values; everything else of a config is the user's."""

from __future__ import annotations

Scalar = bool | int | float | str | None

ALLOWED_KEYS = (
    "guidance.run",
    "guidance.targets",
    "guidance.top_words",
    "guidance.mask",
    "guidance.replace",
    "guidance.synonyms",
    "guidance.upweight",
    "guidance.marks",
    "guidance.swap",
    "guidance.swap_order",
    "guidance.delete",
    "guidance.counterfactuals",
    "guidance.input_gradient",
    "guidance.reweight",
    "guidance.typos",
    "guidance.rare_words",
    "objective.label_smoothing",
    "objective.word_masking",
    "objective.attention_penalty.weight",
    "objective.attention_penalty.kind",
    "objective.adversarial.weight",
    "objective.adversarial.epsilon",
    "objective.dropout_end",
    "objective.class_weights",
    "model.dropout",
    "model.pooling",
    "model.layer_norm",
    "optimizer.learning_rate",
    "optimizer.weight_decay",
    "optimizer.schedule",
    "optimizer.warmup",
    "callbacks.calibration.class_conditional",
    "trainer.max_epochs",
    "trainer.min_steps",
    "trainer.patience",
)
