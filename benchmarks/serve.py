"""Load on the server of answers: latency, memory, and what a killed worker loses.

    python benchmarks/serve.py --run RUN [--rate 50] [--seconds 300] [--workers 2] [--explained 1.0] [--kill]

Requests are sent at a fixed rate, whether or not earlier ones are answered; the processor time of an answer
does not depend on what else the machine does. With `--kill` a worker process is killed at half time: requests
that it had not answered fail, those that it had must be in the record. Ends with 1 where a request failed
otherwise, an answer is missing in the record, or the record is broken. Reads /proc, so it runs on Linux.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import numpy as np

from whytrain.audit import read_entries, verify

ROOT = Path(__file__).parents[1]
WORDS = ("a the film plot actor is was fine dull great", "awful and but not very quite story scene of music")


@dataclass
class Seen:
    """What the requests met.

    Attributes:
        seconds: of each answered request.
        records: hashes of the answers' entries.
        lost: requests whose connection broke.
        refused: statuses other than 200.
    """

    seconds: list[float] = field(default_factory=list)
    records: list[str] = field(default_factory=list)
    lost: int = 0
    refused: list[int] = field(default_factory=list)


def main() -> int:
    """Measure, and print a table."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="whytrain-serve-") as folder:
        record = Path(folder) / "record"
        command = [sys.executable, str(ROOT / "serve.py"), f"run={options.run}", f"port={options.port}"]
        command += [f"workers={options.workers}", f"record={record}"]
        if options.method:
            command.append(f"method={options.method}")
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            seen, memory, cpu_s = asyncio.run(_load(options, server.pid))
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)
        return _told(options, seen, memory, cpu_s, record)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--run", required=True, help="id or name of a tracked run in ./mlruns")
    parser.add_argument("--rate", type=float, default=50, help="requests per second (%(default)s)")
    parser.add_argument("--seconds", type=float, default=300, help="of load (%(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="processes (%(default)s)")
    parser.add_argument("--explained", type=float, default=1.0, help="share with reasons (%(default)s)")
    parser.add_argument("--method", help="of explanation (the server's own)")
    parser.add_argument("--words", type=int, default=12, help="of a text (%(default)s)")
    parser.add_argument("--port", type=int, default=8123)
    parser.add_argument("--kill", action="store_true", help="kill a worker at half time")
    return parser.parse_args()


async def _load(options: argparse.Namespace, pid: int) -> tuple[Seen, list[int], float]:
    """Send requests at the rate.

    Returns:
        What they met, all processes' memory over time, in bytes, and the seconds that these computed.
    """
    base = f"http://127.0.0.1:{options.port}"
    chosen, seen, memory = random.Random(0), Seen(), []
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(base, connector=connector) as session:
        await _ready(session)
        for _ in range(20):  # each worker's first answers are slow
            await _ask(session, Seen(), chosen, options)
        start, tasks, killed, cpu_s = time.perf_counter(), [], False, _computed(pid)
        for number in range(int(options.rate * options.seconds)):
            await asyncio.sleep(max(0.0, start + number / options.rate - time.perf_counter()))
            tasks.append(asyncio.create_task(_ask(session, seen, chosen, options)))
            if number % int(options.rate * 5) == 0:
                memory.append(_memory(pid))
            if options.kill and not killed and number > options.rate * options.seconds / 2:
                killed = True
                os.kill(_worker(pid), signal.SIGKILL)
        await asyncio.gather(*tasks)
        memory.append(_memory(pid))
        cpu_s = _computed(pid) - cpu_s
    return seen, memory, cpu_s


async def _ready(session: aiohttp.ClientSession) -> None:
    for _ in range(600):
        try:
            async with session.get("/health") as response:
                if response.status == 200:
                    return
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.2)
    raise TimeoutError("the server did not start")


async def _ask(
    session: aiohttp.ClientSession, seen: Seen, chosen: random.Random, options: argparse.Namespace
) -> None:
    path = "/explain" if chosen.random() < options.explained else "/predict"
    text = " ".join(chosen.choices(" ".join(WORDS).split(), k=options.words))
    start = time.perf_counter()
    try:
        async with session.post(path, json={"texts": [text]}) as response:
            body = await response.read()
    except aiohttp.ClientError:
        seen.lost += 1
        return
    if response.status != 200:
        seen.refused.append(response.status)
        return
    seen.seconds.append(time.perf_counter() - start)
    seen.records += [answer["record"] for answer in json.loads(body)["answers"]]


def _worker(pid: int) -> int:
    """Return the id of the largest child: a worker, not the one that tracks their resources."""
    return max(_children(pid), key=_resident)


def _memory(pid: int) -> int:
    return sum(map(_resident, [pid, *_children(pid)]))


def _children(pid: int) -> list[int]:
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def _computed(pid: int) -> float:
    """Return the seconds that a process and its children computed; what a killed one did is not counted."""
    ticks = 0
    for process in [pid, *_children(pid)]:
        ticks += sum(map(int, Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _told(options: argparse.Namespace, seen: Seen, memory: list[int], cpu_s: float, record: Path) -> int:
    quantiles = np.quantile(seen.seconds, [0.5, 0.95, 0.99, 1.0]) * 1000 if seen.seconds else [np.nan] * 4
    found = verify(record)
    missing = set(seen.records) - {entry["hash"] for entry in read_entries(record)}
    print(f"{options.rate:g} requests/s for {options.seconds:g} s, {options.explained:.0%} with reasons")
    print(f"answered {len(seen.seconds)}  lost {seen.lost}  refused {len(seen.refused)} {set(seen.refused)}")
    print("ms       median {:.1f}  p95 {:.1f}  p99 {:.1f}  longest {:.1f}".format(*quantiles))
    if seen.seconds:
        print(f"computed {1000 * cpu_s / len(seen.seconds):.1f} ms per answer, {cpu_s:.0f} s in all")
    third = memory[len(memory) // 3]
    print(f"memory   {third / 2**20:.0f} MiB after a third, {memory[-1] / 2**20:.0f} MiB at the end")
    print(f"record   {found.n_entries} entries, {found.problem or 'whole'}, {len(missing)} answers missing")
    is_right = not (missing or found.problem or seen.refused or (seen.lost and not options.kill))
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
