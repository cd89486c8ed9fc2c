"""Both engines against each other and against sentences written out by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from whytrain.attribution.removal import Removal
from whytrain.attribution.shapley import shared_rows, sharing
from whytrain.attribution.shapley.coalitions import coalition_indices
from whytrain.attribution.shapley.table import (
    CoalitionTable,
    coalition_logits,
    coalition_table,
    coalition_tables,
    logits_of_many,
)
from whytrain.attribution.units import Units, group_players
from whytrain.errors import ConfigError
from whytrain.models.bilstm import BiLSTM
from whytrain.models.interface import recurrence_of

PADDING, MASK, UNKNOWN = 0, 1, 2
VOCABULARY = 60  # of the fixture make_model


# float32 sums of at most 20 steps in another order: a few units of 1e-7 times logits of order 1 to 10.
TOLERANCE = 1e-5
REPLACED = [
    Removal(name="padding", replacement_id=PADDING),
    Removal(name="mask", replacement_id=MASK),
    Removal(name="unknown", replacement_id=UNKNOWN),
]
READOUTS = [
    (pooling, norm, heads)
    for pooling in ("last", "mean", "max", "attention")
    for norm in (False, True)
    for heads in (0, 2)
]

Maker = Callable[..., BiLSTM]
Sentences = Callable[..., Units]


def naive_table(model: BiLSTM, players: Units, absence: Removal) -> np.ndarray:
    """One sentence at a time, written out token by token."""
    was_training = model.training
    model.eval()
    rows = []
    with torch.no_grad():
        for index in range(1 << len(players)):
            ids = []
            for token, player in zip(players.token_ids, players.player_of_token, strict=True):
                if player < 0 or index >> int(player) & 1:
                    ids.append(int(token))
                elif absence.replacement_id is not None:
                    ids.append(absence.replacement_id)
            rows.append(model(torch.tensor([ids]), None)[0].numpy())
    model.train(was_training)
    return np.stack(rows)


@pytest.mark.parametrize(
    "absence", [*REPLACED, Removal(name="removed", replacement_id=None)], ids=lambda a: a.name
)
def test_direct_engine_equals_sentences_one_by_one(
    make_model: Maker, absence: Removal, sentence: Sentences
) -> None:
    model, players = make_model("attention"), sentence([1, 2, 1, 3])
    table = coalition_table(model, players, absence, engine="direct")
    np.testing.assert_allclose(table.logits, naive_table(model, players, absence), atol=TOLERANCE)
    assert np.ptp(table.logits, axis=0).min() > 1000 * TOLERANCE  # an engine that ignores words would fail


@pytest.mark.parametrize(("pooling", "norm", "heads"), READOUTS)
def test_sharing_engine_equals_sentences_one_by_one(
    make_model: Maker, pooling: str, norm: bool, heads: int, sentence: Sentences
) -> None:
    model, players = make_model(pooling, layer_norm=norm, heads=heads), sentence([2, 1, 3, 1])
    table = coalition_table(model, players, REPLACED[0], engine="sharing")
    np.testing.assert_allclose(table.logits, naive_table(model, players, REPLACED[0]), atol=TOLERANCE)
    assert np.ptp(table.logits, axis=0).min() > 1000 * TOLERANCE


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pieces=st.lists(st.integers(1, 4), min_size=1, max_size=7),
    readout=st.sampled_from(READOUTS),
    absence=st.sampled_from(REPLACED),
    inner=st.integers(0, 8),
    data=st.data(),
)
def test_engines_agree_on_any_sentence(
    make_model: Maker, pieces, readout, absence, inner, data, sentence: Sentences
) -> None:
    # Few distinct ids: words repeat, and some are the replacement itself (unknown words).
    ids = data.draw(st.lists(st.integers(0, 8), min_size=sum(pieces), max_size=sum(pieces)))
    model = make_model(readout[0], layer_norm=readout[1], heads=readout[2])
    players = sentence(pieces, ids)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sharing, "INNER_PLAYERS", inner)
        shared = coalition_table(model, players, absence, engine="sharing")
    direct = coalition_table(model, players, absence, engine="direct")
    np.testing.assert_allclose(shared.logits, direct.logits, atol=TOLERANCE)


@pytest.mark.parametrize("n_words", range(1, 15))
def test_engines_agree_at_every_length(make_model: Maker, n_words: int, sentence: Sentences) -> None:
    model, players = make_model("mean"), sentence([1] * n_words, seed=n_words)
    shared = coalition_table(model, players, REPLACED[0])
    direct = coalition_table(model, players, REPLACED[0], engine="direct")
    assert shared.logits.shape == (1 << n_words, 3)
    np.testing.assert_allclose(shared.logits, direct.logits, atol=TOLERANCE)


def test_tables_of_many_sentences_equal_tables_of_each(make_model: Maker, sentence: Sentences) -> None:
    model = make_model("max")
    sentences = [sentence([1, 2], seed=1), sentence([3], seed=2), sentence([1, 1, 1], seed=3)]
    for absence in (REPLACED[0], Removal(name="removed", replacement_id=None)):
        together = coalition_tables(model, sentences, absence)
        for table, players in zip(together, sentences, strict=True):
            alone = coalition_table(model, players, absence)
            np.testing.assert_allclose(table.logits, alone.logits, atol=TOLERANCE)


def test_coalition_logits_are_rows_of_the_table(make_model: Maker, sentence: Sentences) -> None:
    model, players = make_model(), sentence([1, 1, 2])
    for absence in (REPLACED[1], Removal(name="removed", replacement_id=None)):
        table = coalition_table(model, players, absence)
        present = np.array(
            [[True, False, True], [False, False, False], [True, True, True], [True, False, True]]
        )
        logits = coalition_logits(model, players, present, absence)
        np.testing.assert_allclose(logits, table.logits[[5, 0, 7, 5]], atol=TOLERANCE)


def test_every_text_is_evaluated_once(sentence: Sentences) -> None:
    seen: list[tuple[int, ...]] = []

    def predict(token_ids: Tensor, mask: Tensor | None) -> Tensor:
        assert mask is None
        seen.extend(map(tuple, token_ids.tolist()))
        return token_ids[:, :1].float()

    # "good good": without one of the two, the same text remains whichever it was.
    coalition_table(predict, sentence([1, 1], [9, 9]), Removal(name="removed", replacement_id=None))
    assert len(seen) == len(set(seen)) == 3
    seen.clear()
    # The second word is unknown anyway: present or absent, the sentence is the same.
    coalition_table(predict, sentence([1, 1], [9, UNKNOWN]), Removal(name="unknown", replacement_id=UNKNOWN))
    assert len(seen) == len(set(seen)) == 2


@pytest.mark.parametrize("engine", ["sharing", "direct"])
def test_a_model_in_train_mode_is_left_as_it_was(
    make_model: Maker, engine: Literal["sharing", "direct"], sentence: Sentences
) -> None:
    model, players = make_model("mean"), sentence([1, 1, 1])
    expected = coalition_table(model.eval(), players, REPLACED[0], engine=engine).logits
    model.train()
    model.lstm.eval()  # a mixed state must come back as it was
    modes = [module.training for module in model.modules()]
    before = torch.get_rng_state()
    table: CoalitionTable = coalition_table(model, players, REPLACED[0], engine=engine)
    np.testing.assert_array_equal(table.logits, expected)
    assert [module.training for module in model.modules()] == modes
    assert torch.equal(before, torch.get_rng_state())
    assert all(p.grad is None and p.requires_grad for p in model.parameters())


def test_the_mode_comes_back_after_an_error(make_model: Maker, sentence: Sentences) -> None:
    model = make_model().train()
    with pytest.raises(IndexError):
        coalition_table(model, sentence([1], [VOCABULARY + 1]), REPLACED[0])
    assert model.training


def test_sharing_follows_the_weights(make_model: Maker, sentence: Sentences) -> None:
    model, players = make_model("mean"), sentence([1, 2])
    before = coalition_table(model, players, REPLACED[0]).logits
    with torch.no_grad():
        model.lstm.weight_hh_l0.mul_(2.0)
        model.classifier.bias.add_(1.0)
    after = coalition_table(model, players, REPLACED[0]).logits
    assert np.abs(after - before).min() > 0.1
    np.testing.assert_allclose(after, naive_table(model, players, REPLACED[0]), atol=TOLERANCE)


def test_a_stacked_model_takes_the_direct_engine(make_model: Maker, sentence: Sentences) -> None:
    model = make_model(n_layers=2)
    assert recurrence_of(model) is None
    table = coalition_table(model, sentence([1]), REPLACED[0])
    np.testing.assert_allclose(table.logits, naive_table(model, sentence([1]), REPLACED[0]), atol=TOLERANCE)
    with pytest.raises(ConfigError, match="engine=sharing needs"):
        coalition_table(model, sentence([1]), REPLACED[0], engine="sharing")


@pytest.mark.parametrize(("pooling", "norm", "heads"), READOUTS)
@pytest.mark.parametrize(
    "absence", [REPLACED[0], Removal(name="removed", replacement_id=None)], ids=lambda a: a.name
)
def test_any_coalitions_share_what_they_begin_and_end_with(
    make_model: Maker, absence: Removal, pooling: str, norm: bool, heads: int, sentence: Sentences
) -> None:
    model, rng = make_model(pooling, layer_norm=norm, heads=heads), np.random.default_rng(0)
    # Words of several tokens, repeated ones, sentences of several lengths, and too few rows to be a table.
    sentences = [sentence([1, 2, 1, 1, 3, 1]), sentence([1] * 9, [7, 7, 8, 7, 7, 8, 9, 9, 7]), sentence([2])]
    present = [rng.random((n_rows, len(s))) < 0.5 for n_rows, s in zip((40, 60, 2), sentences, strict=True)]
    found = logits_of_many(model, sentences, present, absence)
    for players, rows, logits in zip(sentences, present, found, strict=True):
        table = coalition_table(model, players, absence, engine="direct").logits
        np.testing.assert_allclose(logits, table[coalition_indices(rows)], atol=TOLERANCE)


def test_shared_rows_do_not_depend_on_how_many_are_run_together(
    make_model: Maker, sentence: Sentences, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, players = make_model("attention"), sentence([1, 2, 1, 1])
    removed = Removal(name="removed", replacement_id=None)
    whole = coalition_table(model, players, removed, engine="sharing").logits
    monkeypatch.setattr(shared_rows, "_BATCH_ROWS", 3)
    monkeypatch.setattr(shared_rows, "_READ_ROWS", 2)
    apart = coalition_table(model, players, removed, engine="sharing").logits
    np.testing.assert_allclose(apart, whole, atol=TOLERANCE)


def test_grouped_words_come_and_go_together(make_model: Maker, sentence: Sentences) -> None:
    model, players = make_model(), sentence([1, 2, 1, 1])
    groups = group_players(players, [[0, 1], [2], [3]])
    whole = coalition_table(model, players, REPLACED[0]).logits
    for engine in ("direct", "sharing"):
        table = coalition_table(model, groups, REPLACED[0], engine=engine)
        assert table.players.grouped
        np.testing.assert_allclose(table.logits, whole[[0, 3, 4, 7, 8, 11, 12, 15]], atol=TOLERANCE)


def test_too_many_players_say_what_to_do(make_model: Maker, sentence: Sentences) -> None:
    with pytest.raises(ConfigError, match=r"at most 24 players, the sentence has 25; group .* or estimate"):
        coalition_table(make_model(), sentence([1] * 25), REPLACED[0])


def test_removing_everything_needs_special_tokens(make_model: Maker) -> None:
    players = Units(words=("a",), token_ids=np.array([7]), player_of_token=np.array([0]), n_words=(1,))
    with pytest.raises(ConfigError, match="choose padding, mask or unknown"):
        coalition_table(make_model(), players, Removal(name="removed", replacement_id=None))
    assert coalition_table(make_model(), players, REPLACED[0]).logits.shape == (2, 3)


def test_float64_models_agree_more_closely(make_model: Maker, sentence: Sentences) -> None:
    model, players = make_model("mean").double(), sentence([1, 2, 1])
    shared = coalition_table(model, players, REPLACED[0], engine="sharing").logits
    direct = coalition_table(model, players, REPLACED[0], engine="direct").logits
    np.testing.assert_allclose(shared, direct, rtol=2e-7)  # only the last rounding to float32 may differ
