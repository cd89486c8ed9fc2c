"""Runs that differ only in their seed are one recipe."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from compared_runs import compared_run

from whytrain.comparison.differences import config_differences, legend, origin_table
from whytrain.comparison.recipes import group_by_seed, is_setting
from whytrain.comparison.runs import ComparedRun, Origin
from whytrain.sweeps.run_name import MADE_NAME


def named(recipes):
    assert [recipe.name for recipe in recipes] == list("ABCDEFG"[: len(recipes)])
    return {recipe.called: [run.name for run in recipe.runs] for recipe in recipes}


def test_seeds_are_joined_and_sorted_and_recipes_keep_their_order():
    runs = [
        compared_run("opt-sst2-seed10", 10, pooling="attention"),
        compared_run("plain-sst2-seed2", 2, pooling="last"),
        compared_run("opt-sst2-seed2", 2, pooling="attention"),
        compared_run("plain-sst2-seed10", 10, pooling="last"),
        compared_run("lonely", 2, pooling="max"),
    ]
    recipes = group_by_seed(runs)
    assert named(recipes) == {
        "opt-sst2": ["opt-sst2-seed2", "opt-sst2-seed10"],
        "plain-sst2": ["plain-sst2-seed2", "plain-sst2-seed10"],
        "lonely": ["lonely"],
    }
    assert recipes[0].seeds == ("2", "10")
    assert recipes[0].shown is runs[2]
    expected = np.stack([run.predictions.probabilities for run in (runs[2], runs[0])])
    np.testing.assert_array_equal(recipes[0].probabilities, expected)


def test_names_that_have_nothing_in_common_or_clash():
    runs = [
        compared_run(name, seed, size=size)
        for name, seed, size in (("a1", 0, "8"), ("b2", 1, "8"), ("run-s0", 0, "9"), ("run-s1", 1, "9"))
    ]
    assert list(named(group_by_seed(runs))) == ["a1", "run"]
    same = [compared_run("run", seed, size=size) for size in "89" for seed in (0, 1)]
    assert [recipe.called for recipe in group_by_seed(same)] == ["run", "run"]


MADE = "bilstm-csv-{:03d}"


def unnamed(seed: int, **params: str) -> ComparedRun:
    """A run whose name nobody gave."""
    name = MADE.format(seed)
    run = compared_run(name, seed, **params)
    return replace(run, record=replace(run.record, tags={MADE_NAME: name}))


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        (  # a chosen model stands for what its file sets; a name that was given stays
            [
                compared_run("first", 0, **{"model": "bilstm", "model.pooling": "last"}),
                unnamed(0, **{"model": "bilstm_opt", "model.pooling": "attention"}),
            ],
            ["first (model=bilstm)", "model=bilstm_opt"],
        ),
        (  # seeds are counted, names in common kept, what is observed comes last
            [
                compared_run("a-s0", 0, **{"model.dropout": "0.1", "callbacks.x": "1", "optimizer.y": "2"}),
                compared_run("a-s1", 1, **{"model.dropout": "0.1", "callbacks.x": "1", "optimizer.y": "2"}),
                compared_run("b", 0, **{"model.dropout": "0.2", "callbacks.x": "2", "data.z": "3"}),
            ],
            [
                "a (data.z=–, model.dropout=0.1, optimizer.y=2, 1 more, 2 seeds)",
                "b (data.z=3, model.dropout=0.2, optimizer.y=–, 1 more)",
            ],
        ),
        ([unnamed(0), unnamed(1)], ["seed=0", "seed=1"]),
        ([unnamed(0)] * 2, [MADE.format(0)] * 2),
    ],
)
def test_the_legend_says_only_what_differs(runs, expected):
    assert list(legend(group_by_seed(runs)).values()) == expected


@pytest.mark.parametrize(
    "runs",
    [
        [compared_run("a", 0), compared_run("b", 1), compared_run("c", 2)],  # one recipe: seeds are compared
        [compared_run("a", 0, size="8"), compared_run("b", 0, size="8"), compared_run("c", 0, size="9")],
    ],
)
def test_runs_stay_alone_where_seeds_are_all_that_differs_or_do_not_differ(runs):
    assert named(group_by_seed(runs)) == {run.name: [run.name] for run in runs}


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("objective.word_masking", True),
        ("data.split_seed", True),
        ("callbacks.probe.seed", False),
        ("tracking.experiment", False),
        ("shapley/budget", False),  # measured, not chosen
        ("guidance.run", False),  # each seed reads its own baseline
        ("run_name", False),
        ("sweep_name", False),  # seeds of several sweeps are of one recipe
        ("resume", False),
    ],
)
def test_what_makes_a_recipe(key, expected):
    assert is_setting(key) is expected


def test_a_null_key_and_a_missing_one_are_the_same():
    runs = [compared_run("a-s0", 0, size="8"), compared_run("a-s1", 1, size="8", new="None")]
    recipes = group_by_seed([*runs, compared_run("b", 0, size="9")])
    assert list(named(recipes)) == ["a", "b"]
    assert config_differences(recipes)["key"].tolist() == ["size"]


def test_only_the_keys_that_differ_are_shown():
    recipes = group_by_seed(
        [
            compared_run("a", 0, size="8", shared="1"),
            compared_run("b", 0, size="9", shared="1", dropout="0.5"),
        ]
    )
    table = config_differences(recipes)
    assert table.to_dict("list") == {"key": ["dropout", "size"], "A": ["–", "8"], "B": ["0.5", "9"]}


def test_runs_that_differ_in_the_seed_alone_say_so():
    table = config_differences(group_by_seed([compared_run("a", 0), compared_run("b", 1)]))
    assert table.to_dict("list") == {"key": ["seed"], "A": ["0"], "B": ["1"]}
    run = compared_run("a", 0)
    assert config_differences(group_by_seed([run, run])).empty


def test_where_results_come_from():
    runs = [compared_run(f"a-s{seed}", seed, size="8", n_parameters="1234567") for seed in (0, 1)]
    table = origin_table(group_by_seed([*runs, compared_run("b", 0, size="9")])).set_index("what")
    assert table.loc["seed"].tolist() == ["0, 1", "0"]
    assert table.loc["parameters"].tolist() == ["1,234,567", "–"]
    assert table.loc["best epoch"].tolist() == ["2", "2"]
    assert table.loc["time trained"].tolist() == ["60 s from start to end, pauses included"] * 2
    assert "goes on from" not in table.index


def test_pauses_of_a_resumed_run_are_no_training():
    run = compared_run("a", 0)
    record = replace(run.record, seconds=396.0, metrics={**run.record.metrics, "time/fit_s": 142.4})
    table = origin_table(group_by_seed([replace(run, record=record), compared_run("b", 0, size="9")]))
    assert table.set_index("what").loc["time trained", "A"] == "2.4 min"


def gone_on(run: ComparedRun, before: ComparedRun) -> ComparedRun:
    return replace(run, origin=Origin(name=before.name, params=before.record.params))


def test_a_run_that_went_on_from_another_says_so():
    stars = compared_run("stars", 0, **{"trainer.max_epochs": "6"})
    further = gone_on(unnamed(0, **{"trainer.max_epochs": "3", "continue_from": "0af3"}), stars)
    recipes = group_by_seed([stars, further])
    assert config_differences(recipes).to_dict("list") == {
        "key": ["goes on from", "trainer.max_epochs"],
        "A": ["–", "6"],
        "B": ["stars", "3"],
    }
    assert list(legend(recipes).values()) == [
        "stars (trainer.max_epochs=6)",
        "goes on from stars, trainer.max_epochs=3",
    ]
    assert origin_table(recipes).set_index("what").loc["goes on from"].tolist() == ["–", "stars"]


def test_seeds_that_went_on_from_seeds_of_one_recipe_are_one_recipe():
    bases = [compared_run(f"base-s{seed}", seed, size="8") for seed in (0, 1)]
    other = compared_run("other", 1, size="9")
    further = [gone_on(compared_run(f"further-s{seed}", seed, size="8"), bases[seed]) for seed in (0, 1)]
    assert list(named(group_by_seed([*bases, *further]))) == ["base", "further"]
    elsewhere = [further[0], gone_on(further[1], other)]
    assert list(named(group_by_seed(elsewhere))) == ["further-s0", "further-s1"]
