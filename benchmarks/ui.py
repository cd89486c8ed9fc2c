"""How fast the UI shows its run table: python benchmarks/ui.py [--runs 500] [--epochs 5] [--smoke].

Tracks runs with as many params and metrics as `python train.py` logs in SQLite, serves them as `make ui`
does, and opens the table in headless Chromium until the newest run's row is there: first in a fresh browser,
then again. Prints the seconds of both, of the search that the table itself sends for its first page, and of
all pages one after the other. Needs chromium, chromedriver and selenium.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlflow import MlflowClient

from whytrain.tracking.server.__main__ import free_port
from whytrain.tracking.settings import TrackingSettings
from whytrain.tracking.store import Store

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

EXPERIMENT = "benchmark"
N_PARAMS, N_METRICS, N_FINAL = 95, 60, 60  # of callbacks=default: params, metrics by epoch, at the end
PATIENCE_S = 240.0


@dataclass(frozen=True)
class Measured:
    """What the table of so many runs takes, in seconds.

    Attributes:
        first_s: from the address to the newest run's row, in a fresh browser.
        again_s: the same for later times, each.
        search_s: of the table's own search, as the browser saw it, each time.
        page_rows: runs that this search returns.
        all_s: all pages of the search, one after the other.
        all_rows: runs that they return.
    """

    first_s: float
    again_s: list[float]
    search_s: list[float]
    page_rows: int
    all_s: float
    all_rows: int


def name_of(number: int) -> str:
    """Return a run's name; none is part of another."""
    return f"run-{number:05d}"


def track(settings: TrackingSettings, number: int, n_epochs: int) -> None:
    """Put a run into the store."""
    store = Store.start(settings, run_name=name_of(number), tags={"git_commit": "0" * 40})
    store.log_params({f"group.param_{i}": number + i for i in range(N_PARAMS)})
    for epoch in range(1, n_epochs + 1):
        store.log_metrics({f"val/metric_{i}": number + i / epoch for i in range(N_METRICS)}, epoch)
    store.log_metrics({f"best/metric_{i}": number + i for i in range(N_FINAL)}, n_epochs)
    store.describe("A run of the benchmark.")
    store.close("FINISHED")


@contextlib.contextmanager
def served(settings: TrackingSettings) -> Iterator[str]:
    """Run the server that `make ui` starts; gives its address."""
    address = f"http://127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"]
    command += ["--port", address.rpartition(":")[2], "--backend-store-uri", settings.address]
    command += ["--serve-artifacts", "--workers", "1"]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (settings.root / "ui.log").open("w") as log:
        server = subprocess.Popen(
            command, env=os.environ | quiet, stdout=log, stderr=log, start_new_session=True
        )
    try:
        until = time.monotonic() + PATIENCE_S
        while server.poll() is None and time.monotonic() < until:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{address}/health", timeout=5).close()  # noqa: S310  (our own server)
                break
            time.sleep(0.2)
        else:
            raise RuntimeError(f"no server: {(settings.root / 'ui.log').read_text()[-2000:]}")
        yield address
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


@contextlib.contextmanager
def headless() -> Iterator[Chrome]:
    """Start Chromium without a window."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1600,1200"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    driver.set_script_timeout(PATIENCE_S)
    driver.set_page_load_timeout(PATIENCE_S)
    try:
        yield driver
    finally:
        driver.quit()


def measure(settings: TrackingSettings, address: str, browser: Chrome, newest: str, n_again: int) -> Measured:
    """Open the table, and then `n_again` times again, each time until the newest run's name is there."""
    experiment = MlflowClient(settings.address).get_experiment_by_name(EXPERIMENT)
    assert experiment is not None
    table = f"{address}/#/experiments/{experiment.experiment_id}/runs"
    times = []
    searches: list[tuple[float, dict[str, Any]]] = []
    for _ in range(1 + n_again):
        browser.get("about:blank")
        started = time.perf_counter()
        browser.get(table)
        _wait_for_row(browser, newest)
        times.append(time.perf_counter() - started)
        searches.append(_search(browser))
    body = searches[-1][1]
    first_page, _ = ask(address, body)
    started = time.perf_counter()
    n_rows, token = ask(address, body)
    while token:
        more, token = ask(address, body | {"page_token": token})
        n_rows += more
    all_s = time.perf_counter() - started
    return Measured(times[0], times[1:], [seconds for seconds, _ in searches], first_page, all_s, n_rows)


def _wait_for_row(browser: Chrome, name: str) -> None:
    until = time.monotonic() + PATIENCE_S
    script = "return document.body.textContent.includes(arguments[0])"
    while not browser.execute_script(script, name):
        if time.monotonic() > until:
            raise RuntimeError(f"{name} is never seen in the table")
        time.sleep(0.05)


def _search(browser: Chrome) -> tuple[float, dict[str, Any]]:
    """Return how long the page's last search for runs took, and what it asked for."""
    sent: dict[str, tuple[float, dict[str, Any]]] = {}
    took = {}
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        told = message["params"]
        if message["method"] == "Network.requestWillBeSent" and told["request"]["url"].endswith(
            "/runs/search"
        ):
            sent[told["requestId"]] = (told["timestamp"], json.loads(told["request"]["postData"]))
        elif message["method"] == "Network.loadingFinished" and told["requestId"] in sent:
            took[told["requestId"]] = told["timestamp"] - sent[told["requestId"]][0]
    last = list(took)[-1]
    return took[last], sent[last][1]


def ask(address: str, body: dict[str, Any]) -> tuple[int, str | None]:
    """Send a search; return how many runs came, and the next page's token."""
    request = urllib.request.Request(  # noqa: S310  (our own server)
        f"{address}/ajax-api/2.0/mlflow/runs/search",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310
        found = json.load(answer)
    return len(found.get("runs", [])), found.get("next_page_token")


def main(arguments: list[str]) -> None:
    """Track the runs, open the table and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=500, help="runs in the table (%(default)s)")
    parser.add_argument("--epochs", type=int, default=5, help="epochs of each (%(default)s)")
    parser.add_argument("--smoke", action="store_true", help="a few runs, to see that everything works")
    options = parser.parse_args(arguments)
    n_runs, n_epochs, n_again = (3, 2, 1) if options.smoke else (options.runs, options.epochs, 5)
    with tempfile.TemporaryDirectory(prefix="whytrain-ui-", ignore_cleanup_errors=True) as folder:
        settings = TrackingSettings(
            uri=None, experiment=EXPERIMENT, log_text=True, directory=folder, register=None
        )
        started = time.perf_counter()
        for number in range(n_runs):
            track(settings, number, n_epochs)
        tracking_s = time.perf_counter() - started
        with served(settings) as address, headless() as browser:
            found = measure(settings, address, browser, name_of(n_runs - 1), n_again)
    print(f"{n_runs} runs of {n_epochs} epochs, tracked in {tracking_s:.1f} s")
    print(f"table open       {found.first_s:6.2f} s first, {statistics.median(found.again_s):.2f} s again")
    print(f"its search       {statistics.median(found.search_s):6.2f} s for {found.page_rows} runs")
    print(f"all pages        {found.all_s:6.2f} s for {found.all_rows} runs")


if __name__ == "__main__":
    main(sys.argv[1:])
