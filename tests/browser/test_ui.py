"""MLflow's own UI in a real browser: the runs are found, compared, and show what they logged."""

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
from typing import TYPE_CHECKING, Any

import pytest
from matplotlib.figure import Figure

from whytrain.tracking.reader import find_run
from whytrain.tracking.server import free_port
from whytrain.tracking.settings import TrackingSettings
from whytrain.tracking.store import Store

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
PATIENCE_S = 90  # a loaded machine takes its time with the first page
pytestmark = [
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="Chromium and its driver are not installed"),
    pytest.mark.timeout(900),  # server and browser start on a machine that may be busy
]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Store]:
    """Two runs with metrics, a figure of three epochs, an HTML report and a description."""
    directory = str(tmp_path_factory.mktemp("ui") / "mlruns")
    settings = TrackingSettings(uri=None, experiment="ui", log_text=True, directory=directory, register=None)
    stores = []
    for name, gain in (("plain-run", 0.0), ("better-run", 0.25)):
        store = Store.start(settings, run_name=name, tags={})
        store.log_params({"model.dropout": gain})
        for epoch in (1, 2, 3):
            store.log_metrics({"val/accuracy": epoch / 6 + gain, "val/loss": 1 / epoch}, epoch)
            figure = Figure(figsize=(3, 2), dpi=50)
            figure.text(0.5, 0.5, f"epoch {epoch}")
            store.log_figure(figure, "shapley", epoch=epoch)
        store.log_metrics({"best/accuracy": 0.5 + gain}, 3)
        store.log_text("<html><body><h1>Side by side</h1></body></html>", "reports/comparison.html")
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


def test_two_runs_are_found_compared_and_looked_into(
    runs: list[Store], ui: str, browser: Chrome, until: Callable[[Callable[[], Any]], Any]
) -> None:
    from selenium.webdriver.common.keys import Keys

    def find(selector: str) -> Any:
        return browser.find_elements("css selector", selector)

    # The table of the experiment's training runs.
    runs_page = f"{ui}/#/experiments/{experiment(runs)}/runs"
    browser.get(runs_page)
    until(lambda: "plain-run" in text(browser) and "better-run" in text(browser))
    assert "Training runs" in text(browser)

    # Both selected, and compared.
    find("input[aria-label='Select all runs']")[0].click()
    until(lambda: [b for b in find("button") if b.text == "Compare" and b.is_enabled()])[0].click()
    until(lambda: "Comparing 2 Runs" in text(browser) and "best/accuracy" in text(browser))
    assert {"0.5", "0.75"} <= set(text(browser).splitlines())

    # The description of a run, and its metrics by topic with the figure's slider over the epochs.
    run_page = f"{runs_page}/{runs[1].run_id}"
    browser.get(run_page)
    until(lambda: "better-run beats the floor" in text(browser))
    browser.get(f"{run_page}/model-metrics")
    until(lambda: {"best", "val", "better-run (val/loss)"} <= set(text(browser).splitlines()))
    slider = until(lambda: find("[role=slider]"))[0]
    assert (slider.get_attribute("aria-valuemin"), slider.get_attribute("aria-valuemax")) == ("1", "3")
    for epoch in ("1", "2", "3"):
        while slider.get_attribute("aria-valuenow") != epoch:
            slider.send_keys(Keys.ARROW_RIGHT)
        until(lambda epoch=epoch: [i for i in find("img") if f"step%2B{epoch}" in i.get_attribute("src")])

    # The report, rendered.
    browser.get(f"{run_page}/artifacts/reports/comparison.html")
    browser.switch_to.frame(until(lambda: find("iframe"))[0])
    until(lambda: text(browser) == "Side by side")
    browser.switch_to.default_content()
