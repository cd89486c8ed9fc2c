"""An explained text in the terminal, as a page and as files: any methods, each under its own name."""

from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console

from whytrain.attribution.attribution import Attribution, HeadAttention, Pairs, PhraseTree, Quantity
from whytrain.attribution.deletion import delete_words
from whytrain.attribution.explainer import Explanation
from whytrain.attribution.shapley.interaction_tree import interaction_tree
from whytrain.attribution.target import ClassTarget
from whytrain.attribution.text import ExplainedText, Verdict
from whytrain.pages.explanation.attention_maps import attention_maps
from whytrain.pages.explanation.files import write_explanation
from whytrain.pages.explanation.page import explanation_page, sentences_page
from whytrain.pages.explanation.reasons import signs_agree
from whytrain.pages.explanation.side_by_side import methods_table
from whytrain.pages.explanation.terminal import scores_table, scores_tables, terminal
from whytrain.pages.explanation.verdict import deciding_words, from_nothing, told_apart, verdict_sentences

WORDS = ("not", "<i>so</i>", "good")
GOOD = ClassTarget(name="good", index=1, payoff="log_odds")
# v of the coalitions of three words: 1 for "so", 3 for "good", which "not" turns to −5 together with it.
V = np.array([0.5, 0.5, 1.5, 1.5, 3.5, -4.5, 4.5, -3.5])


def ask(present: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Logits of two classes whose log-odds are v."""
    v = V[present @ (1 << np.arange(3))]
    return np.stack([np.zeros_like(v), v], axis=1)


def plain(html: str) -> str:
    """A page without the marks that keep words' directions of writing apart."""
    return html.replace("<bdi>", "").replace("</bdi>", "")


def explained_by(
    method: str, variant: str, scores: list[float], quantity: Quantity, **others: object
) -> Explanation:
    promised: dict[str, Any] = {"total": None, **others}
    attribution = Attribution(
        method=method,
        variant=variant,
        words=WORDS,
        target=GOOD,
        scores=np.array(scores),
        standard_errors=None,
        quantity=quantity,
        n_evaluations=8,
        **promised,
    )
    return Explanation(attribution=attribution, deletion=delete_words(attribution, "padding", ask))


@pytest.fixture(scope="module")
def explained() -> ExplainedText:
    """By Shapley values, by integrated gradients whose sum misses 0.25, and at random."""
    pairs = np.array([[0.0, 0.0, -8.0], [0.0, 0.0, 0.0], [-8.0, 0.0, 0.0]])
    synergy = Quantity(symbol="interaction", name="Shapley interaction", unit="log-odds")
    shapley = explained_by(
        "shapley",
        "padding",
        [-4.0, 1.0, -1.0],
        Quantity(symbol="φ", name="Shapley value", unit="log-odds"),
        total=(0.5, -3.5),
        make_pairs=lambda: Pairs(scores=pairs, standard_errors=None, quantity=synergy),
        make_tree=lambda: PhraseTree(tree=interaction_tree(V), words=WORDS),
    )
    gradients = explained_by(
        "integrated_gradients",
        "padding_baseline",
        [-2.0, 0.5, -2.25],
        Quantity(symbol="IG", name="integrated gradient", unit="log-odds"),
        total=(0.5, -3.5),
    )
    noise = explained_by(
        "random", "", [0.5, -1.5, 0.25], Quantity(symbol="r", name="random score", unit="standard deviations")
    )
    return ExplainedText(
        text=" ".join(WORDS),
        label="good",
        decided=("good",),
        exclusive=True,
        probabilities={"bad": 0.25, "good": 0.75},
        calibrated={"bad": 0.375, "good": 0.625},
        verdict=Verdict(labels=("good",), coverage=0.9, abstain=None, risk=0.05),
        explanations=(shapley, gradients, noise),
        notes=(),
    )


def test_the_terminal_has_a_column_for_each_method(explained: ExplainedText) -> None:
    console = Console(width=120, file=io.StringIO())
    console.print(terminal(explained, 120))
    said = console.file.getvalue()
    rows = [
        [cell.strip() for cell in line.replace("┃", "│").split("│")[1:-1]]
        for line in said.splitlines()
        if "│" in line or "┃" in line
    ]
    heads = [row[2:] for row in rows if len(row) == 5][:3]
    assert heads[0] == ["shapley", "integrated gradients", "random"]
    assert heads[1] == ["(padding)", "(padding baseline)", ""]
    assert heads[2] == ["φ, log-odds", "IG, log-odds", "r, standard deviations"]
    by_word = {row[1]: row[2:] for row in rows if len(row) == 5}
    assert by_word["not"] == ["−4.00", "−2.00", "+0.50"]
    assert by_word["<i>so</i>"] == ["+1.00", "+0.50", "−1.50"]
    # −4 + 1 − 1 is v(N) − v(∅); −2 + 0.5 − 2.25 = −3.75 misses it by 0.25; random scores promise nothing.
    assert by_word["all together"] == ["−4.00", "−3.75", ""]
    assert by_word["unexplained"] == ["0", "+0.250", ""]
    assert "Strongest interactions, shapley (padding)" in " ".join(said.split())
    assert said.count("Strongest interactions") == 1
    assert "not (1) + good (3)" in said


def test_a_narrow_terminal_has_more_tables(explained: ExplainedText) -> None:
    tables = scores_tables(explained.explanations * 3, 80)
    assert [len(table.columns) - 2 for table in tables] == [3, 3, 3]
    for table in tables:
        assert Console(width=1000).measure(table).maximum <= 80
    assert len(scores_tables(explained.explanations, 20)) == 3  # a method at least


def test_pairs_that_the_two_absences_see_differently_are_named(explained: ExplainedText) -> None:
    first = explained.explanations[0]
    pairs = first.attribution.pairs
    assert pairs is not None
    for scores, said in (
        ([[0, 3.0, 8.0], [3.0, 0, 0], [8.0, 0, 0]], "“not” and “good” have −8.00 above and +8.00 here"),
        (
            [[0, 0.0, -6.0], [0.0, 0, 0], [-6.0, 0, 0]],
            "Of the 1 strongest pair of words 1 have the same sign",
        ),
    ):
        seen = replace(pairs, scores=np.array(scores))
        other = replace(
            first,
            attribution=replace(first.attribution, variant="removed", make_pairs=lambda seen=seen: seen),
        )
        page = plain(explanation_page(replace(explained, explanations=(first, other))))
        assert said in page
        assert ("pairs depends on the way of asking" in page) == ("+8.00" in said)


def test_words_and_classes_in_brackets_are_no_markup(explained: ExplainedText) -> None:
    e = explained.explanations[0]
    a = replace(
        e.attribution, words=("[b]", "[/b]", "x"), target=replace(GOOD, name="[/red]"), make_pairs=None
    )
    console = Console(width=120, file=io.StringIO())
    console.print(scores_table([replace(e, attribution=a)]))
    assert all(text in console.file.getvalue() for text in ("[b]", "[/b]", "Scores for [/red]"))


class Reader(HTMLParser):
    """Collects the text of a page by section, and checks that elements are closed."""

    VOID = ("meta", "br", "circle", "path")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sections: dict[str, str] = {"": ""}
        self.attributes: dict[str, list[dict[str, str | None]]] = {}
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes.setdefault(tag, []).append(dict(attrs))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "h2":
            self.sections[data] = ""
        elif "style" not in self.open:
            self.sections[[*self.sections][-1]] += f"{data} "


def test_the_page_says_what_was_decided_how_surely_and_why(explained: ExplainedText) -> None:
    html = plain(explanation_page(explained))
    reader = Reader(html)
    assert [*reader.sections][1:] == [
        "How likely each is",
        "What each word did",
        "From no words to the whole text",
        "Words that work together",
        "How the words join to phrases",
        "What other methods say",
        "Why not bad",
        "How this was made",
        "Words used here",
    ]
    first = reader.sections[""]
    assert "The model says good, with 75% (corrected for over-confidence: 62%)." in first
    assert "At 90% coverage nothing else stays possible." in first
    assert "“<i>so</i>” speaks most for good; “not” and “good” speak against it." in first
    # v(∅) = 0.5 and v(N) = −3.5 in log-odds.
    assert "With all words left blank it gives good 62%; with the whole text 3%." in first
    likely = " ".join(reader.sections["How likely each is"].split())
    assert likely == "class as trained corrected good 75% 62% bad 25% 38%"
    each = reader.sections["What each word did"].split()
    assert [each[each.index(word) + 1] for word in WORDS[:2]] == ["−4.00", "+1.00"]
    assert "no words +0.50 (62%)" in " ".join(each)
    assert "the whole text −3.50 (3%)" in " ".join(each)
    path = " ".join(reader.sections["From no words to the whole text"].split())
    # By |score|: not (v 0.5), then <i>so</i> (1.5), then good (−3.5).
    assert path.endswith("no words 62% +0.50 + not 62% +0.50 + <i>so</i> 82% +1.50 + good 3% −3.50")
    assert "“not” and “good”: −8.00" in reader.sections["Words that work together"]
    assert "speaks against good speaks for bad" in reader.sections["Why not bad"]
    assert "<i>" not in html.replace("<i class", "")
    assert not re.search(r"<script|<link|https?:", html)
    assert reader.attributes["html"] == [{"lang": "en"}]
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in reader.attributes["meta"]
    assert all(svg["role"] == "img" and svg["aria-label"] for svg in reader.attributes["svg"])


def test_what_other_methods_say_is_folded(explained: ExplainedText) -> None:
    html = plain(explanation_page(explained))
    details = html.split("<details>")[1:]
    assert (
        "Integrated gradients (padding baseline): the strongest word is “good” instead of “not”" in details[0]
    )
    assert "signs agree for 3 of 3 words" in details[0]
    assert "Integrated gradients IG for good, log-odds" in details[0]
    assert "They miss the way from no words to the whole text by 0.250." in details[0]
    assert "signs agree for 0 of 3 words" in details[1]


def test_methods_stand_side_by_side(explained: ExplainedText) -> None:
    shapley, gradients, noise = explained.explanations
    sizes = explained_by(
        "attention",
        "",
        [0.5, 0.1, 0.2],
        Quantity(symbol="a", name="attention weight", unit="shares", signed=False),
    )
    exact = replace(shapley, attribution=replace(shapley.attribution, absence="padding"))
    rows = table_rows(methods_table([gradients, exact, noise, sizes], WORDS))
    assert rows[0] == ["", "integrated gradients IG", "shapley φ", "random r", "attention a"]
    assert rows[1] == ["not", "−2.00", "−4.00", "+0.50", "0.50"]
    # Against −4, 1, −1: −2, 0.5, −2.25 has one pair of neighbors exchanged (ρ = ½), 0.5, −1.5, 0.25 the reverse;
    # the sizes 4, 1, 1 share their last two places, so that 0.5, 0.1, 0.2 comes to ρ = √¾.
    assert rows[-2] == ["same order", "0.50", "–", "−1.00", "0.87"]
    assert rows[-1] == ["adds up", "off by 0.250", "yes", "–", "–"]
    assert "the exact values of shapley" in methods_table([gradients, exact], WORDS)
    assert "the numbers of integrated gradients" in methods_table([gradients, noise], WORDS)


def table_rows(html: str) -> list[list[str]]:
    """Cells of a table as text."""
    rows = re.findall(r"<tr>(.*?)</tr>", html)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]
    return [[re.sub(r"<[^>]*>", "", cell.replace("<br>", " ")) for cell in row] for row in cells]


def test_attention_is_drawn_by_layer_and_head(explained: ExplainedText) -> None:
    weights = np.zeros((2, 3, 4, 4), dtype=np.float32)
    weights[...] = np.eye(4)
    weights[1, :, 0] = [0, 0, 1, 0]  # in the last layer the first token reads the third
    heads = HeadAttention(tokens=("[CLS]", "not", "<i>", "[SEP]"), reader=0, weights=weights)
    first = explained.explanations[0]
    seen = replace(first, attribution=replace(first.attribution, heads=heads))
    html = explanation_page(replace(explained, explanations=(seen,)))
    reader = Reader(plain(html))
    assert "All 6 heads" in reader.sections["Where the layers look"]
    images = [image["href"] for image in reader.attributes["image"]]
    assert len(images) == 1 + 6
    by_layer = gray_levels(images[0])
    np.testing.assert_array_equal(by_layer, [[255, 0], [0, 0], [0, 255], [0, 0]])  # tokens by layers
    np.testing.assert_array_equal(gray_levels(images[1]), 255 * np.eye(4))
    # Each token reads from one: four lines a layer.
    assert html.count('stroke-opacity="1.00"') == 8
    assert "<i>" not in plain(html).replace("<i class", "")
    hidden = attention_maps(heads, lambda token: f"#{token[0]}")
    assert "not" not in re.sub(r"<title>.*?</title>|<p.*?</p>", "", hidden)
    assert "texts of up to 64 tokens" in attention_maps(
        replace(heads, tokens=("x",) * 65, weights=np.ones((1, 1, 65, 65), dtype=np.float32)), str
    )


def gray_levels(address: str | None) -> NDArray[np.int64]:
    """Pixels of a PNG image in a data address, read by another library."""
    assert address is not None
    content = base64.b64decode(address.removeprefix("data:image/png;base64,"))
    return np.asarray(Image.open(io.BytesIO(content))).astype(np.int64)


def test_a_method_without_pairs_tree_and_sum_lacks_those_parts(explained: ExplainedText) -> None:
    alone = replace(explained, explanations=explained.explanations[2:], verdict=None, calibrated=None)
    reader = Reader(plain(explanation_page(alone)))
    assert not {"Words that work together", "How the words join to phrases", "Asked in another way"} & {
        *reader.sections
    }
    assert "Random scores r for good" in reader.sections[""]
    assert "The model says good, with 75%." in reader.sections[""]
    assert "coverage" not in reader.sections[""]
    assert "no words" not in reader.sections["What each word did"]
    assert "Shapley" not in " ".join(reader.sections.values())


def test_of_a_long_text_the_strongest_words_are_shown_and_all_are_folded(explained: ExplainedText) -> None:
    words = tuple(f"w{i}" for i in range(200))
    scores = np.linspace(0.01, 2, 200)
    a = replace(
        explained.explanations[0].attribution,
        words=words,
        scores=scores,
        standard_errors=np.full(200, 0.25),
        total=(0.0, float(scores.sum())),
        make_pairs=None,
        make_tree=None,
    )

    def ask_long(present: NDArray[np.bool_]) -> NDArray[np.float64]:
        v = present @ scores
        return np.stack([np.zeros_like(v), v], axis=1)

    long = Explanation(attribution=a, deletion=delete_words(a, "padding", ask_long))
    reader = Reader(plain(explanation_page(replace(explained, explanations=(long,)))))
    each = " ".join(reader.sections["What each word did"].split())
    shown, folded = each.split("All 200 words")
    assert [word for word in words if f" {word} " in shown] == list(words[-15:])
    assert "the other 185 words +172.05" in shown  # 201 − (1.86 + … + 2.00) = 201 − 15 · 1.93
    assert all(f" {word} " in f"{folded} " for word in words)
    assert "w199 +2.00 ± 0.25" in shown
    path = " ".join(reader.sections["From no words to the whole text"].split())
    assert path.count("+ w") == 15
    assert "+ the other 185 words" in path


def test_a_page_of_sentences_groups_the_variants_of_each(explained: ExplainedText) -> None:
    given = explained.explanations[0]
    first, other = (
        replace(given, attribution=replace(given.attribution, variant=name, absence=name))
        for name in ("padding", "removed")
    )
    sentences = [first, other, first, other]
    html = plain(sentences_page("Sentences", sentences, ["bad", "good"], lambda word: f"#{word[0]}"))
    reader = Reader(html)
    assert [*reader.sections][1:3] == ["1. Predicted bad; good gets 3%", "2. Predicted bad; good gets 3%"]
    assert "with words taken out instead of left blank, signs agree for 3 of 3 words" in html
    # Where words are private nothing but what stands for them is there.
    assert "“#n”" in html
    said = html.split("Words used here")[0]
    assert not any(word in said for word in (">not<", "“not”", "i&gt;so"))


def test_interactions_that_are_small_beside_the_words_are_not_drawn(explained: ExplainedText) -> None:
    e = explained.explanations[0]
    assert e.attribution.pairs is not None
    weak = replace(e.attribution.pairs, scores=e.attribution.pairs.scores / 100)  # 0.08 beside 4
    attribution = replace(e.attribution, make_pairs=lambda: weak, make_tree=None)
    small = replace(explained, explanations=(replace(e, attribution=attribution),))
    html = plain(explanation_page(small))
    assert "no two do much together: at most 0.0800 log-odds" in html
    assert "<svg" not in html


@pytest.mark.parametrize(
    ("calibrated", "labels", "abstain", "said"),
    [
        (0.75, ("good",), False, "with 75%. At 90% coverage nothing else stays possible."),
        (
            0.752,
            ("good",),
            False,
            "with 75% (after correction, too). At 90% coverage nothing else stays possible.",
        ),
        (
            0.875,
            ("good", "bad"),
            None,
            "(corrected for under-confidence: 88%). At 90% coverage bad stays possible, too.",
        ),
        (
            0.5,
            (),
            None,
            "At 90% coverage no class can be named: the model is not sure enough of any.",
        ),
        (0.5, ("good",), True, "Not sure enough to answer where at most 5% of the answers may be wrong."),
    ],
)
def test_the_verdict_in_sentences(
    explained: ExplainedText, calibrated: float, labels: tuple[str, ...], abstain: bool | None, said: str
) -> None:
    told = verdict_sentences(
        replace(
            explained,
            calibrated={"bad": 1 - calibrated, "good": calibrated},
            verdict=Verdict(labels=labels, coverage=0.9, abstain=abstain, risk=0.05),
        )
    )
    assert said in " ".join(told)
    assert ("Not sure enough" in " ".join(told)) == (abstain is True)


def test_labels_are_told_one_by_one(explained: ExplainedText) -> None:
    labels = replace(
        explained,
        exclusive=False,
        label="law;tax",
        decided=("law", "tax"),
        probabilities={"law": 0.9, "tax": 0.75, "art": 0.25},
        calibrated={"law": 0.8, "tax": 0.75, "art": 0.3},
        verdict=None,
    )
    assert verdict_sentences(labels) == [
        "The model says law, with 90% (corrected for over-confidence: 80%); tax, with 75%."
    ]
    none = replace(labels, label="", decided=(), probabilities={"law": 0.1, "tax": 0.25}, calibrated=None)
    assert verdict_sentences(none) == ["The model gives none of the labels; tax comes closest, with 25%."]


def test_only_words_that_stand_out_are_named(explained: ExplainedText) -> None:
    a = replace(explained.explanations[0].attribution, scores=np.array([0.1, 1.0, -0.5]))
    assert deciding_words(a, WORDS) == "“<i>so</i>” speaks most for good; “good” speaks against it."
    unsure = replace(a, standard_errors=np.array([0.1, 0.1, 0.3]))
    assert deciding_words(unsure, WORDS) == "“<i>so</i>” speaks most for good."
    assert deciding_words(replace(a, scores=np.zeros(3)), WORDS) == "No word stands out."
    against = replace(a, scores=np.array([0.0, 0.0, -1.0]))
    assert deciding_words(against, WORDS) == "“good” speaks against good; no word stands out for it."
    size = replace(a, quantity=replace(a.quantity, signed=False), scores=np.array([0.5, 1.0, 0.0]))
    assert deciding_words(size, WORDS) == "Most weight lies on “<i>so</i>” and “not”."
    twice = deciding_words(a, told_apart(["so", "so", "good"]))
    assert "“so” (word 2) speaks" in twice
    assert told_apart(["so", "so", "good"]) == ["so (word 1)", "so (word 2)", "good"]


def test_a_word_decides_where_all_variants_agree_on_its_sign(explained: ExplainedText) -> None:
    a = replace(
        explained.explanations[0].attribution,
        variant="padding",
        absence="padding",
        scores=np.array([1.0, 0.9, -0.2]),
    )
    removed = replace(a, variant="removed", absence="removed", scores=np.array([0.8, 0.5, 0.7]))
    both = deciding_words(a, WORDS, [removed])
    assert both == (
        "“not” and “<i>so</i>” speak most for good. Whether “good” speaks for good or against it depends on "
        "the way of asking, words left blank and taken out: do not rely on it."
    )
    unsure = replace(removed, standard_errors=np.array([0.1, 0.3, 0.4]))
    assert deciding_words(a, WORDS, [unsure]) == "“not” speaks most for good."
    nothing = replace(removed, scores=np.array([0.8, -1e-12, -0.2]))
    assert "depends" not in deciding_words(a, WORDS, [nothing])
    opposite = replace(removed, scores=-a.scores)
    assert deciding_words(a, WORDS, [opposite]).startswith(
        "No word stands out. Whether “not”, “<i>so</i>” and “good” speak for good or against it depends on"
    )
    assert deciding_words(a, WORDS, [replace(removed, method="lime")]) == deciding_words(a, WORDS)
    on_page = replace(
        explained,
        explanations=tuple(replace(explained.explanations[0], attribution=each) for each in (a, removed)),
    )
    assert Reader(plain(explanation_page(on_page))).sections[""].count(both) == 1
    console = Console(width=300, record=True, file=io.StringIO())
    console.print(terminal(on_page, 300))
    assert both in console.export_text()


def test_a_centered_logit_is_no_probability(explained: ExplainedText) -> None:
    e = explained.explanations[0]
    target = replace(GOOD, payoff="logit")
    assert from_nothing(replace(e, attribution=replace(e.attribution, target=target))) == ""


def test_signs_agree_where_both_are_next_to_nothing() -> None:
    first, second = np.array([1.0, -2.0, 1e-9, 0.5]), np.array([3.0, 2.0, -1e-9, 0.0])
    assert signs_agree(first, second) == 2


def test_files_are_drawn_of_what_each_method_has(explained: ExplainedText, tmp_path: Path) -> None:
    write_explanation(explained, tmp_path, draw=True)
    everywhere = {"importance", "positions", "path", "parts"}
    others = {f"{m}_{kind}" for m in ("integrated_gradients", "random") for kind in everywhere}
    assert {path.stem for path in tmp_path.glob("*.png")} == everywhere | {"network", "tree"} | others
    content = json.loads((tmp_path / "explanation.json").read_text("utf-8"))
    assert [e["method"] for e in content["explanations"]] == ["shapley", "integrated_gradients", "random"]
    assert [e["quantity"]["symbol"] for e in content["explanations"]] == ["φ", "IG", "r"]
    assert content["explanations"][1]["interactions"] is None
    assert content["explanations"][0]["interactions"][0] == {
        "words": ["not", "good"],
        "positions": [1, 3],
        "interaction": -8.0,
        "standard_error": None,
    }


def test_figures_of_an_earlier_explanation_do_not_stay(explained: ExplainedText, tmp_path: Path) -> None:
    write_explanation(explained, tmp_path, draw=True)
    (tmp_path / "mine.png").write_bytes(b"")
    write_explanation(replace(explained, explanations=explained.explanations[2:]), tmp_path, draw=True)
    left = {path.stem for path in tmp_path.glob("*.png")}
    assert left == {"importance", "positions", "path", "parts", "mine"}
    content = json.loads((tmp_path / "explanation.json").read_text("utf-8"))
    assert content["answer"].startswith("The model says good, with 75%")
