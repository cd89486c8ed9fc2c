"""A wrong reason is marked in the browser and trained away: how much is regained, in how many clicks.

    python benchmarks/explore.py --data DIR --out explored [--kind article] [--control]
    python benchmarks/explore.py --data DIR --out explored --latency

DIR holds GLUE's SST-2 (see benchmarks/planted.py). Trains a run on data with a planted shortcut and one on
the same rows without it (the ceiling), opens the first with `explore.py` in headless Chromium, marks the
suspects, retrains, and compares with the ceiling on the dev set as people wrote it and on rows whose plant
points the wrong way. Screenshots of each step lie in `--out`. Needs Chromium and its driver. Ends with 1
where less than 90% is regained, more than 5 clicks were needed, or another place than this machine was
asked.

With `--latency` only the first run is trained, and words of sentences of 20 words are clicked: the time until
what other words would do there is painted, and from a click on "without it" to the new answer. Ends with 1
where more than 5% of the clicks take longer than 100 ms, as on a busy machine.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import numpy as np
import planted
from shortcuts import FINDING, PLANTED_SIZES, SMALL

import whytrain as wt

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

ROOT = Path(__file__).parents[1]
SETS = ("clean", "adversarial")
PATIENCE_S = 3600
MOST_CLICKS, LEAST_REGAINED = 5, 0.9
N_WORDS, N_TIMED, MOST_MS = 20, 30, 100  # of a sentence; clicks of a kind; their 95th percentile
# Clicks, and says after how many ms the page has drawn what it should show.
_TIMED = """
const [selector, shown, done] = arguments, start = performance.now();
const seen = new MutationObserver(() => {
  if (!document.querySelector(shown)) return;
  seen.disconnect();
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));  // behind the frame
});
seen.observe(document.getElementById("main"), { childList: true, subtree: true });
document.querySelector(selector).click();
"""


def main() -> int:
    """Train, click, and print what was regained."""
    options = _options()
    data = options.out.resolve() / "data"
    if not data.is_dir():
        planted.make(data=options.data, out=data, kind=options.kind, rate=1.0, seed=options.seed)
    _train(options, data, "first", "train")
    if options.latency:
        return _latency(options, data)
    _train(options, data, "ceiling", "ceiling_train")
    with _opened(options) as (browser, address):
        clicks = _Walk(browser, options).go(address)
        home = address.partition("/?")[0]
        foreign = [url for url in _asked(browser) if not url.startswith((f"{home}/", "data:", "about:"))]
    uri = f"sqlite:///{options.out.resolve() / 'mlruns' / 'mlflow.db'}"
    before, after, ceiling = (
        wt.open_run(name, uri).record.metrics for name in ("first", "first-2", "ceiling")
    )
    regained = []
    for name in SETS:
        key = f"evaluation/{name}/accuracy"
        regained.append((after[key] - before[key]) / (ceiling[key] - before[key]))
        values = f"{before[key]:.3f} → {after[key]:.3f}, without the plant {ceiling[key]:.3f}"
        print(f"{name:<12} {values}: {regained[-1]:.0%} regained")
    print(f"{clicks} clicks after the words were opened; asked of other places: {foreign or 'nothing'}")
    is_right = min(regained) >= LEAST_REGAINED and clicks <= MOST_CLICKS and not foreign
    return 0 if is_right else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with sst2/train.tsv and sst2/dev.tsv"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for data, runs and screenshots")
    parser.add_argument("--kind", choices=planted.WORDS, default="article")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--control", action="store_true", help="also train the control that the page offers")
    parser.add_argument("--latency", action="store_true", help="time clicks on words; mark and train nothing")
    return parser.parse_args()


def _train(options: argparse.Namespace, data: Path, name: str, rows: str) -> None:
    if (options.out / f"{name}.trained").exists():
        return
    evaluations = ", ".join(f"{name}: {data / name}.csv" for name in SETS)
    words: dict[str, object] = {
        "data": "csv",
        "data.path": data / f"{rows}.csv",
        "data.validation_path": data / f"{rows.replace('train', 'validation')}.csv",
        "data.check_path": data / "check.csv",
        "data.evaluation_paths": f"{{{evaluations}}}",
        **SMALL,
        **PLANTED_SIZES,
        "seed": options.seed,
        "tracking.directory": options.out.resolve() / "mlruns",
        "callbacks": "predictions",
        **FINDING,
        "run_name": name,
    }
    command = [sys.executable, str(ROOT / "train.py"), *(f"{key}={value}" for key, value in words.items())]
    subprocess.run(command, check=True)
    (options.out / f"{name}.trained").touch()


def _latency(options: argparse.Namespace, data: Path) -> int:
    """Click, print how long it took, and return 1 where that is too long."""
    with (data / "clean.csv").open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file) if len(row["text"].split()) == N_WORDS]
    panels, answers = [], []
    with _opened(options) as (browser, address):
        browser.set_script_timeout(PATIENCE_S)
        browser.get(address)
        for number, text in enumerate(texts[: N_TIMED + 1]):  # while the first is asked the data are read
            browser.get(f"{address.partition('/?')[0]}/sentence?{urlencode({'text': text})}")
            _quiet(browser)
            word = f"a.word:nth-of-type({1 + number % N_WORDS})"
            panels.append(browser.execute_async_script(_TIMED, word, "#word"))
            _quiet(browser)
            answers.append(browser.execute_async_script(_TIMED, "#word tbody a", ".changed"))
    slow = []
    panels, answers = panels[1:], answers[1:]
    for what, ms in (("alternatives of a word", panels), ("answer without it", answers)):
        median, p95, longest = np.quantile(ms, [0.5, 0.95, 1.0])
        told = f"median {median:.0f} ms  p95 {p95:.0f} ms  longest {longest:.0f} ms"
        print(f"{what:<22} {told}  ({len(ms)} clicks)")
        slow.append(p95 > MOST_MS)
    return int(any(slow))


def _quiet(browser: Chrome) -> None:
    """Wait until what comes behind the page is there."""
    while browser.find_elements("css selector", "[data-load] a.plain"):
        time.sleep(0.1)


@contextmanager
def _opened(options: argparse.Namespace) -> Iterator[tuple[Chrome, str]]:
    """A browser, and the address of the app that it may open."""
    command = [sys.executable, str(ROOT / "explore.py"), "run=first", "port=0"]
    command.append(f"tracking.directory={options.out.resolve() / 'mlruns'}")
    log = options.out / "explore.log"
    with log.open("w") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
    browser = _browser()
    try:
        until = time.monotonic() + PATIENCE_S
        while "token=" not in log.read_text() and server.poll() is None and time.monotonic() < until:
            time.sleep(0.1)
        yield browser, next(line for line in log.read_text().splitlines() if "token=" in line)
    finally:
        browser.quit()
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(60)


class _Walk:
    """From the words to what the next run is worth, with a picture of each step."""

    def __init__(self, browser: Chrome, options: argparse.Namespace) -> None:
        self.browser, self.options, self.clicks = browser, options, 0

    def go(self, address: str) -> int:
        self.browser.get(address)
        self.browser.get(f"{address.partition('/?')[0]}/words")
        self._wait(lambda: "Nothing is marked yet" in self._text())
        self._picture("words")
        for number in (1, 2):
            self._click(f"#suspect-{number}-no")
            self._wait(lambda: "marked as no reason" in self._text())
        self._picture("marked")
        self._click("#go")
        self._wait(lambda: self._find("#start"))
        if not self.options.control:
            self._click("#control")
        self._picture("plan")
        self._click("#start")
        self._wait(lambda: "trains." in self._text())
        self._picture("training")
        self._wait(lambda: "Did first-2 help?" in self._text())
        if self.options.control:
            self._wait(lambda: "beyond it" in self._text())
        self._picture("effect")
        return self.clicks

    def _click(self, selector: str) -> None:
        self.clicks += 1
        self._wait(lambda: self._find(selector))[0].click()

    def _find(self, selector: str) -> Any:
        return self.browser.find_elements("css selector", selector)

    def _text(self) -> str:
        return str(self.browser.find_element("css selector", "main").text)

    def _wait(self, condition: Callable[[], Any]) -> Any:
        from selenium.common.exceptions import StaleElementReferenceException
        from selenium.webdriver.support.ui import WebDriverWait

        waiting = WebDriverWait(self.browser, PATIENCE_S, ignored_exceptions=[StaleElementReferenceException])
        return waiting.until(lambda _: condition(), f"never seen on {self.browser.current_url}")

    def _picture(self, step: str) -> None:
        self.browser.save_screenshot(str(self.options.out / f"{step}.png"))


def _browser() -> Chrome:
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(argument)
    options.add_argument("--window-size=1200,1600")
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))


def _asked(browser: Chrome) -> list[str]:
    messages = (json.loads(entry["message"])["message"] for entry in browser.get_log("performance"))
    return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]


if __name__ == "__main__":
    sys.exit(main())
