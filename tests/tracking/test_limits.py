"""Names as MLflow takes them: allowed, and different where they were."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from whytrain.tracking.limits import distinct_keys, key

PREFIX = "calibration/coverage_"


def test_only_names_that_would_be_the_same_get_a_hash() -> None:
    names = [f"{PREFIX}{name}" for name in ("sad", "😀", "😡", "a/b", "a//b", "é")]
    keys = distinct_keys(names)
    assert keys[names[0]] == "calibration/coverage_sad"
    assert keys[names[5]] == "calibration/coverage_é"
    assert keys[names[1]].startswith("calibration/coverage___")
    assert len(set(keys.values())) == len(names)
    assert distinct_keys(names[::-1]) == keys  # whatever the order


@given(st.lists(st.text(max_size=8) | st.text("ab", min_size=260, max_size=264), unique=True))
def test_any_class_names_stay_apart_and_are_taken(classes: list[str]) -> None:
    keys = distinct_keys([f"{PREFIX}{name}" for name in classes])
    assert len(set(keys.values())) == len(classes)
    for written in keys.values():
        assert key(written) == written  # nothing is left to be replaced
        assert len(written) <= 250
