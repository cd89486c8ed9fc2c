"""Learning from a teacher: its soft labels and, where both attend to the same tokens, its attention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge, Gt
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import TypedDict

from whytrain.errors import ConfigError
from whytrain.guidance.guidance_settings import Probability
from whytrain.types import Batch


class AugmentationSettings(TypedDict):
    """Sentences made of training sentences, which the teacher labels: `whytrain.objectives.augmentation`."""

    copies: Annotated[int, Ge(0)]
    mask: Probability
    replace: Probability
    n_gram: Probability


@dataclass(frozen=True, kw_only=True)
class DistillationSettings:
    """Settings of knowledge distillation: the teacher, and how much its answers count.

    Attributes:
        teacher: id or unique name of a tracked run, or folder of a saved model or of a Hugging Face
            classifier; None where there is no teacher.
        alpha: weight of the soft labels; the gold labels' is 1 - alpha.
        temperature: softens the labels and the student's answer to them.
        attention: weight of the squared distance between the attention of student and teacher; 0: off.
        augmentation: further sentences.
    """

    teacher: str | None
    alpha: Probability
    temperature: Annotated[float, Gt(0)]
    attention: Annotated[float, Ge(0)]
    augmentation: AugmentationSettings


@dataclass(frozen=True, kw_only=True)
class StudentSettings(DistillationSettings):
    """Settings of a model that cannot be trained without a teacher (`model=bilstm_kd`).

    Raises:
        ConfigError: there is none.
    """

    def __post_init__(self) -> None:
        """Refuse a student that has nobody to learn from."""
        if self.teacher is None:
            raise ConfigError(
                "distillation.teacher: a student learns from a teacher, and none was given: give the id or "
                "name of a tracked run, or the folder of a Hugging Face classifier"
            )


class Distillation(nn.Module):
    r"""Per sentence (1 - α) E + α T² KL(p ‖ q) + β ‖A_student - A_teacher‖².

    E is the error against the gold label, p = softmax(teacher's logits / T), q = softmax(student's / T); T²
    keeps the size of the soft gradient, which falls with 1/T². A are attention weights over tokens.

    References:
        Hinton, Vinyals, Dean (2015), Distilling the knowledge in a neural network, section 2.
        Zagoruyko, Komodakis (2017), Paying more attention to attention, for attention as a target.
    """

    logits: Tensor
    attention: Tensor | None
    offsets: Tensor

    def __init__(
        self,
        *,
        logits: Tensor,
        attention: Tensor | None,
        offsets: Tensor,
        alpha: float,
        temperature: float,
        attention_weight: float,
    ) -> None:
        """Store the teacher's answers.

        Args:
            logits: float32 (n_rows, n_classes), the teacher's for the rows of the training split.
            attention: float32 (n_tokens_in_all,), its attention to the flat tokens of these rows, or None.
            offsets: int64 (n_rows + 1,), row i has the tokens offsets[i]:offsets[i + 1].
            alpha: weight of the soft labels.
            temperature: T.
            attention_weight: β; above 0 only with attention.
        """
        super().__init__()
        self.register_buffer("logits", logits, persistent=False)
        self.register_buffer("attention", attention, persistent=False)
        self.register_buffer("offsets", offsets, persistent=False)
        self.alpha, self.temperature, self.attention_weight = alpha, temperature, attention_weight

    def blend(self, errors: Tensor, logits: Tensor, attention: Tensor | None, batch: Batch) -> Tensor:
        """Return what each sentence costs.

        Args:
            errors: (batch,), against gold labels.
            logits: (batch, n_classes), the student's.
            attention: (batch, n_tokens), the student's; needed where the teacher's has weight.
            batch: whose rows are the training split's.

        Returns:
            (batch,).
        """
        t = self.temperature
        log_p = (self.logits[batch.rows].float() / t).log_softmax(dim=1)
        log_q = (logits.float() / t).log_softmax(dim=1)
        divergence = functional.kl_div(log_q, log_p, log_target=True, reduction="none").sum(dim=1)
        costs = (1 - self.alpha) * errors + self.alpha * t**2 * divergence
        if self.attention_weight > 0:
            assert attention is not None
            distance = (attention.float() - self.attention_of(batch)).square().sum(dim=1)
            costs = costs + self.attention_weight * distance
        return costs

    def attention_of(self, batch: Batch) -> Tensor:
        """Return the teacher's attention (batch, n_tokens), 0 on padding."""
        assert self.attention is not None
        columns = torch.arange(batch.token_ids.shape[1], device=batch.token_ids.device)
        place = self.offsets[batch.rows, None] + columns
        inside = place < self.offsets[batch.rows + 1, None]
        return self.attention[place.masked_fill(~inside, 0)].float().masked_fill(~inside, 0.0)
