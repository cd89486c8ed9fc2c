"""The check of a built site sees what it should."""

from __future__ import annotations

from pathlib import Path

from making.check import faults


def test_dead_links_and_foreign_resources(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<a href="b.html#here">b</a><a href="b.html#there">b</a><a href="c.html">c</a><a href="https://x.org">x</a>'
        '<script src="https://cdn.org/x.js"></script><img src="i.png"><link rel="stylesheet" href="//cdn.org/x.css">',
        "utf-8",
    )
    (tmp_path / "b.html").write_text('<h1 id="here">b</h1>', "utf-8")
    (tmp_path / "s.css").write_text(
        "@import 'https://fonts.org/f.css'; a { background: url(data:,) }", "utf-8"
    )
    assert list(faults(tmp_path.resolve())) == [
        "a.html: loads https://cdn.org/x.js",
        "a.html: loads //cdn.org/x.css",
        "a.html: b.html#there: no such place on that page",
        "a.html: c.html: no such file",
        "a.html: i.png: no such file",
        "s.css: loads https://fonts.org/f.css",
    ]


def test_pages_do_not_tell_where_they_were_built(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(f"<p>environ({{'HOME': '{Path.home()}'}})</p>", "utf-8")
    (tmp_path / "b.html").write_text("<p>./runs, ~/runs</p>", "utf-8")
    assert list(faults(tmp_path.resolve())) == [f"a.html: tells where it was built: {Path.home()}"]
