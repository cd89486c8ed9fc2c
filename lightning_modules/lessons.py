"""What a training learns from earlier runs, read and fitted to its data."""

from __future__ import annotations

from lightning_modules.data import TextData
from whytrain.data.lexicon import usual_lexicon
from whytrain.objectives.guidance import Guidance, guide
from whytrain.objectives.guidance_settings import GuidanceSettings
from whytrain.tracking.guiding_run import read_explained


def guidance_of(settings: GuidanceSettings, data: TextData, uri: str) -> Guidance | None:
    """Return what guides the training; None where nothing does.

    Args:
        settings: the config's section.
        data: after `setup`.
        uri: absolute tracking address.
    """
    if not settings.is_on:
        return None
    tokenizer, corpus = data.tokenizer, data.corpus
    explained = read_explained(uri, settings, corpus.fingerprint, tokenizer.fingerprint)
    lexicon = usual_lexicon(is_needed=settings.synonyms > 0, is_wanted=settings.replace > 0)
    return guide(settings, explained, corpus.train, data.training, tokenizer, lexicon, data.seed)
