"""MLflow's own UI in a real browser: the runs are found, compared, and show what they and compare.py logged."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from whytrain.tracking.reader import find_run
from whytrain.tracking.server.__main__ import free_port
from whytrain.tracking.settings import TrackingSettings
from whytrain.tracking.store import Store
from whytrain.tracking.ui import table_address

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
COMPARE = Path(__file__).parents[2] / "compare.py"
PATIENCE_S = 90  # a loaded machine takes its time with the first page
pytestmark = [
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="Chromium and its driver are not installed"),
    pytest.mark.timeout(900),  # server and browser start on a machine that may be busy
]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Store]:
    """Two runs with metrics, predictions, a figure of three epochs and a description."""
    labels = np.arange(60) % 2
    sentences = pd.DataFrame(
        {"id": [f"s{row}" for row in range(60)], "label": np.array(["bad", "good"])[labels]}
    )
    directory = str(tmp_path_factory.mktemp("ui") / "mlruns")
    settings = TrackingSettings(uri=None, experiment="ui", log_text=True, directory=directory, register=None)
    stores = []
    for name, gain in (("plain-run", 0.0), ("better-run", 0.25)):
        store = Store.start(settings, run_name=name, tags={})
        store.log_params({"model.dropout": gain, "seed": 0})
        store.log_table(sentences.assign(text="a film"), "data", "validation")
        for epoch in (1, 2, 3):
            store.log_metrics({"val/accuracy": epoch / 6 + gain, "val/loss": 1 / epoch}, epoch)
            figure = Figure(figsize=(3, 2), dpi=50)
            figure.text(0.5, 0.5, f"epoch {epoch}")
            store.log_figure(figure, "shapley", epoch=epoch)
        store.log_metrics({"best/accuracy": 0.5 + gain, "best/epoch": 3.0}, 3)
        # The first is right about every second sentence, the other about all.
        right = np.arange(60) % 4 < 2 if gain == 0 else np.full(60, fill_value=True)
        good = np.where(right, 2.0, -2.0) * np.where(labels == 1, 1, -1)
        logits = {"logit_bad": -good / 2, "logit_good": good / 2}
        shares = {"probability_bad": 1 / (1 + np.exp(good)), "probability_good": 1 / (1 + np.exp(-good))}
        store.log_table(sentences.assign(**shares, **logits), "predictions", epoch=3)
        store.describe(f"**{name}** beats the floor")
        store.close("FINISHED")
        stores.append(store)
    return stores


@pytest.fixture(scope="module")
def ui(runs: list[Store]) -> Iterator[str]:
    """The address of the server that `make ui` starts."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", runs[0].settings.address, "--serve-artifacts", "--workers", "1"]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (runs[0].settings.root / "ui.log").open("w") as log:
        server = subprocess.Popen(
            command, env=os.environ | quiet, stdout=log, stderr=log, start_new_session=True
        )
    try:
        until = time.monotonic() + 3 * PATIENCE_S
        while time.monotonic() < until and server.poll() is None:
            with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                break
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(argument)
    options.add_argument("--window-size=1600,2600")  # all of a page, so that nothing waits to be scrolled to
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
    yield driver
    driver.quit()


@pytest.fixture
def until(browser: Chrome) -> Callable[[Callable[[], Any]], Any]:
    """Wait for something to become true, and return it; elements that the page replaces are looked for anew."""
    from selenium.common.exceptions import StaleElementReferenceException
    from selenium.webdriver.support.ui import WebDriverWait

    def wait(condition: Callable[[], Any]) -> Any:
        waiting = WebDriverWait(browser, PATIENCE_S, ignored_exceptions=[StaleElementReferenceException])
        return waiting.until(lambda _: condition(), f"never seen on {browser.current_url}")

    return wait


def text(browser: Chrome) -> str:
    return str(browser.find_element("tag name", "body").text)


def experiment(runs: list[Store]) -> str:
    from mlflow import MlflowClient

    uri = runs[0].settings.address
    return str(MlflowClient(uri).get_run(find_run(uri, runs[0].run_id).run_id).info.experiment_id)


def test_the_address_that_is_printed_opens_the_table_with_its_columns(
    runs: list[Store], ui: str, browser: Chrome, until: Callable[[Callable[[], Any]], Any]
) -> None:
    table = f"{ui}/{table_address(experiment(runs))}"
    browser.get(table)
    until(lambda: {"best/accuracy", "0.5", "0.75"} <= set(text(browser).splitlines()))
    # The charts begin with the curves, where MLflow's own order is alphabetical.
    browser.get("about:blank")
    browser.get(f"{table}&compareRunsMode=CHART")
    lines = until(lambda: {"val", "best"} <= set(found := text(browser).splitlines()) and found)
    assert lines.index("val") < lines.index("best")


def test_two_runs_are_found_compared_and_looked_into(
    runs: list[Store], ui: str, browser: Chrome, until: Callable[[Callable[[], Any]], Any], tmp_path: Path
) -> None:
    from selenium.webdriver.common.keys import Keys

    def find(selector: str) -> Any:
        return browser.find_elements("css selector", selector)

    def press(selector: str, words: str = "") -> bool:
        """Click the first such element, if there is one that can be clicked."""
        found = [e for e in find(selector) if e.text == words and e.is_enabled()]
        for element in found[:1]:
            element.click()
        return bool(found)

    def sliders() -> Any:
        return find("[role=slider]")

    def slid_to(epoch: str) -> bool:
        """Move the slider by one epoch if it is not there yet."""
        is_there = sliders()[0].get_attribute("aria-valuenow") == epoch
        if not is_there:
            sliders()[0].send_keys(Keys.ARROW_RIGHT)
        return bool(is_there)

    # The table of the experiment's training runs.
    runs_page = f"{ui}/#/experiments/{experiment(runs)}/runs"
    browser.get(ui)
    browser.execute_script("localStorage.clear()")  # MLflow remembers the view that another test opened
    browser.get(runs_page)
    browser.refresh()
    until(lambda: "plain-run" in text(browser) and "better-run" in text(browser))
    assert "Training runs" in text(browser)

    # Both selected, and compared.
    until(lambda: press("input[aria-label='Select all runs']"))
    until(lambda: press("button", "Compare"))
    until(lambda: "Comparing 2 Runs" in text(browser) and "best/accuracy" in text(browser))
    assert {"0.5", "0.75"} <= set(text(browser).splitlines())

    # The description of a run, and its metrics by topic with the figure's slider over the epochs.
    run_page = f"{runs_page}/{runs[1].run_id}"
    browser.get(run_page)
    until(lambda: "better-run beats the floor" in text(browser))
    browser.get(f"{run_page}/model-metrics")
    until(lambda: {"best", "val", "better-run (val/loss)"} <= set(text(browser).splitlines()))
    ends = until(lambda: [[s.get_attribute(f"aria-value{end}") for end in ("min", "max")] for s in sliders()])
    assert ends[0] == ["1", "3"]
    for epoch in ("1", "2", "3"):
        until(lambda epoch=epoch: slid_to(epoch))
        until(lambda epoch=epoch: [i for i in find("img") if f"step%2B{epoch}" in i.get_attribute("src")])

    # What compare.py says of the two is a run of its own, whose report is rendered.
    browser.get("about:blank")
    command = [sys.executable, str(COMPARE), "runs=[plain-run,better-run]", "tracking.experiment=ui"]
    command += [f"tracking.directory={runs[0].settings.root}", f"output={tmp_path}", "resamples=100"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    browser.get(runs_page)
    until(lambda: "plain-run against better-run" in text(browser))
    comparison = find_run(runs[0].settings.address, "plain-run against better-run")
    browser.get(f"{runs_page}/{comparison.run_id}/artifacts/reports/comparison.html")
    browser.switch_to.frame(until(lambda: find("iframe"))[0])
    until(lambda: "B is more accurate than A." in text(browser))
    assert "accuracy: B is better than A: +50.0 points" in text(browser)
    assert find("img[alt='shares such as accuracy and F1 with intervals']")[0].get_property("naturalWidth")
    browser.switch_to.default_content()
