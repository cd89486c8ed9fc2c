"""Everything else that is read off the table, the human yardsticks, and other packages' objects."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from whytrain.attribution.shapley.export import k_sii, to_shap, to_shapiq
from whytrain.attribution.shapley.interaction_tree import interaction_tree
from whytrain.attribution.shapley.values import pair_interactions, shapley_values
from whytrain.data.treebank import parse_tree, read_treebank
from whytrain.errors import ConfigError, DataError
from whytrain.explanation_scores.known_games import expression_table, signed_phrases
from whytrain.explanation_scores.plausibility import (
    left_branching,
    phrase_correlation,
    phrase_values,
    random_branching,
    right_branching,
    tree_agreement,
)
from whytrain.explanation_scores.randomization import cascading_randomization, rank_correlation

TABLE = np.array([1, 2, 4, 9, 1, 3, 5, 14.0])  # v(∅) = 1, v(0) = 2, v(1) = 4, v(01) = 9, v(2) = 1, …
DATA = Path(os.environ.get("WHYTRAIN_DATA", "missing"))


def test_phrase_values_are_values_of_the_reduced_game() -> None:
    import shapiq

    table = np.random.default_rng(1).normal(size=32)
    computer = shapiq.ExactComputer(n_players=5, game=lambda p: table[(p != 0) @ (1 << np.arange(5))])
    generalized = computer("SGV", 3)
    spans = [(0, 1), (1, 3), (2, 5)]
    expected = [generalized[tuple(range(*span))] for span in spans]
    np.testing.assert_allclose(phrase_values(table, spans), expected, atol=1e-12)
    assert phrase_values(table, [(0, 5)])[0] == pytest.approx(table[-1] - table[0])


def test_phrase_correlation_of_known_numbers() -> None:
    result = phrase_correlation(np.array([1.0, 2.0, 30.0]), [0, 2, 4])
    assert result.spearman == pytest.approx(1.0)
    assert 0.8 < result.pearson < 0.95
    assert result.n_phrases == 3
    assert np.isnan(phrase_correlation(np.array([1.0, 1.0, 1.0]), [0, 2, 4]).pearson)
    assert np.isnan(phrase_correlation(np.array([1.0, 2.0]), [0, 2]).pearson)


def test_tree_agreement_by_hand() -> None:
    human = {(0, 2), (2, 4), (0, 4)}
    assert tree_agreement(human, human, 4).span_f1 == 1.0
    assert tree_agreement(human, human, 4).distance == 0.0
    # Left-branching ((a b) c) d shares (a b). Path lengths ab ac ad bc bd cd: human 2 4 4 4 4 2, left
    # 2 4 5-… : depths a 3, b 3, c 2, d 1: 2, 3, 4, 3, 4, 3 → differences 0, 1, 0, 1, 0, 1.
    left = tree_agreement(left_branching(4), human, 4)
    assert left.span_f1 == 0.5
    assert left.distance == pytest.approx(0.5)
    assert np.isnan(tree_agreement(left_branching(2), {(0, 2)}, 2).span_f1)
    assert tree_agreement(left_branching(1), set(), 1).distance == 0.0


@given(st.integers(1, 12), st.integers(0, 99))
def test_yardstick_trees_are_binary_trees(n: int, seed: int) -> None:
    for spans in (left_branching(n), right_branching(n), random_branching(n, np.random.default_rng(seed))):
        assert len(spans) == n - 1
        crossing = [(a, b) for a in spans for b in spans if a[0] < b[0] < a[1] < b[1]]
        assert not crossing


def test_random_trees_differ() -> None:
    rng = np.random.default_rng(0)
    assert len({random_branching(4, rng) for _ in range(200)}) == 5  # all trees over four words


def test_parse_a_treebank_line() -> None:
    tree = parse_tree("(4 (2 -LRB-) (3 (3 lovely) (2 film)))")
    assert tree.words == ("(", "lovely", "film")
    assert tree.labels == {(0, 1): 2, (1, 2): 3, (2, 3): 2, (1, 3): 3, (0, 3): 4}
    assert tree.spans == {(1, 3), (0, 3)}


@pytest.mark.parametrize(
    "line", ["(3 (2 a) (1 b)", "(5 a)", "(x a)", "a b", "(2 a) (3 b)", "(3)", "(2 a))", "("]
)
def test_bad_treebank_lines_are_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "trees.txt"
    file.write_text(f"(2 fine)\n\n{line}\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"trees.txt, line 3: expected") as error:
        read_treebank(file)
    assert "\n" not in str(error.value)


def test_a_missing_treebank_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read .*: No such file"):
        read_treebank(tmp_path / "none.txt")


@pytest.mark.skipif(not (DATA / "sst_trees/dev.txt").is_file(), reason="WHYTRAIN_DATA has no sst_trees")
def test_the_real_treebank() -> None:
    trees = read_treebank(DATA / "sst_trees/dev.txt")
    assert len(trees) == 1101
    assert all(len(tree.spans) == len(tree.words) - 1 for tree in trees)
    short = read_treebank(DATA / "sst_trees/dev.txt", max_words=14)
    assert 0 < len(short) < len(trees)
    assert max(len(tree.words) for tree in short) == 14


def test_trees_of_expressions_match_their_structure_better_than_blind_ones() -> None:
    human = {(0, 2), (2, 4), (0, 4)}
    spans = interaction_tree(expression_table(("or", ("and", 0, 1), ("and", 2, 3)), 4)).spans()
    ours = tree_agreement(spans, human, 4).span_f1
    assert ours > max(
        tree_agreement(blind(4), human, 4).span_f1 for blind in (left_branching, right_branching)
    )


def test_sign_probes_point_at_their_words() -> None:
    probes = signed_phrases()
    for probe in probes:
        words = probe.text.split()
        pair = {words[i] for i in probe.pair}
        assert pair & {"not", "but"}
        # A reader who takes "not"/"but" as turning the other word round agrees with the sign.
        polarity = 1 if pair & {"good", "great", "funny", "moving", "interesting", "entertaining"} else -1
        assert probe.sign == -polarity
        table = polarity * (expression_table(0, 2) - 2 * expression_table(("and", 0, 1), 2))
        assert np.sign(pair_interactions(table)[0, 1]) == probe.sign
    assert {p.sign for p in probes} == {1, -1}


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # shap's own use of matplotlib
def test_objects_of_other_packages() -> None:
    values, pairs = shapley_values(TABLE), pair_interactions(TABLE)
    explanation = to_shap(values, 1.0, ["not", "very", "good"])
    assert explanation.values.sum() + explanation.base_values == pytest.approx(14.0)
    assert list(explanation.feature_names) == ["not", "very", "good"]
    interactions = to_shapiq(values, pairs, 1.0)
    assert interactions[(1,)] == pytest.approx(values[1])
    assert interactions[(0, 2)] == interactions[(2, 0)] == pytest.approx(pairs[0, 2])
    ours = k_sii(TABLE, 2)
    assert ours.index == "k-SII"
    # Pairs of the highest order are the SII; everything together is v(N).
    assert ours[(0, 1)] == pytest.approx(pairs[0, 1])
    assert ours[(0,)] == pytest.approx(values[0] - pairs[0].sum() / 2)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "shap", None)
    with pytest.raises(ConfigError, match="pip install shap"):
        to_shap(np.zeros(1), 0.0, ["a"])


def test_rank_correlation() -> None:
    assert rank_correlation(np.array([3.0, 1.0, 2.0]), np.array([9.0, -4.0, 0.0])) == pytest.approx(1.0)
    assert rank_correlation(np.array([3.0, 1.0, 2.0]), np.array([1.0, 3.0, 2.0])) == pytest.approx(-1.0)
    assert np.isnan(rank_correlation(np.array([3.0, 1.0]), np.array([1.0, 1.0])))


def test_cascading_randomization_goes_from_output_to_input() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(5, 4, padding_idx=0), nn.Linear(4, 4), nn.Linear(4, 2))
    before = {k: v.clone() for k, v in model.state_dict().items()}
    state = torch.get_rng_state()
    changed = []
    for name, randomized in cascading_randomization(model, seed=1):
        now = randomized.state_dict()
        changed.append((name, sorted({k.split(".")[0] for k in now if not torch.equal(now[k], before[k])})))
        assert torch.equal(now["0.weight"][0], torch.zeros(4))
    assert changed == [("2", ["2"]), ("1", ["1", "2"]), ("0", ["0", "1", "2"])]
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    first = [next(m.parameters()).clone() for _, m in cascading_randomization(model, seed=1)][-1]
    assert torch.equal(first, now["0.weight"])
