"""Time `bgh roc` against other programs that compute AUC and DeLong's test, and print the table for benches/README.md.

Every program is a process that reads the same CSV and answers; what it spends on the statistics alone, once the table is in memory, it
says itself. Programs take turns, so that a busy moment hits all of them; the fastest of all rounds counts. Their AUCs and p must agree.

    python3 benches/peers/stats.py                      # what is found: target/release/bgh, Rscript, this Python's packages
    python3 benches/peers/stats.py --python PYTHON      # scikit-learn and NumPy of another Python
"""

import argparse
import json
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

# Subjects, curves, rounds.
SIZES = [(110, 8, 5), (10_000, 2, 5), (100_000, 2, 3), (1_000_000, 2, 3)]


@dataclass
class Peer:
    """A program to time; `command` takes the path of the table as its last argument."""

    name: str
    command: list
    probe: list


@dataclass
class Time:
    """Seconds of one run: by the clock, of all cores, and on the statistics alone where the program says so. Memory in MiB."""

    wall: float
    cpu: float
    alone: float
    memory: float
    auc: float
    p: float


def main():
    arguments = parse()
    peers = [peer for peer in candidates(arguments) if present(peer)]
    with tempfile.TemporaryDirectory() as folder:
        rows = [row for size in SIZES[: arguments.sizes] for row in race(peers, Path(folder), *size)]
    print(machine())
    print()
    print("| subjects | curves, tests | program | whole process | of all cores | × bgh | statistics alone | memory |")
    print("|---|---|---|---|---|---|---|---|")
    print("\n".join(rows))


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bgh", default=ROOT / "target/release/bgh", help="release build of bgh")
    parser.add_argument("--python", default=sys.executable, help="Python with the packages to compare with")
    parser.add_argument("--sizes", type=int, default=len(SIZES), help="how many of the sizes, from the smallest")
    return parser.parse_args()


def candidates(arguments):
    python = [arguments.python]
    return [
        Peer("bgh roc", [arguments.bgh, "roc", "--json", "--quiet"], [arguments.bgh, "--version"]),
        Peer("R, pROC", ["Rscript", HERE / "proc.R"], ["Rscript", "-e", "library(pROC)"]),
        Peer("Python, NumPy", [*python, HERE / "delong.py"], [*python, "-c", "import numpy, scipy"]),
        Peer("Python, scikit-learn (AUC only)", [*python, HERE / "scikit.py"], [*python, "-c", "import sklearn, pandas"]),
    ]


def present(peer):
    found = shutil.which(peer.probe[0]) is not None and subprocess.run(peer.probe, capture_output=True, check=False).returncode == 0
    if not found:
        print(f"missing: {peer.name} ({' '.join(map(str, peer.probe))})", file=sys.stderr)
    return found


def race(peers, folder, subjects, curves, rounds):
    """The rows of the table for one size."""
    table = folder / f"{subjects}.csv"
    write(table, subjects, curves)
    times = {peer.name: [] for peer in peers}
    for _ in range(rounds):
        for peer in peers:
            times[peer.name].append(run(peer, table))
    agree(times)
    best = {name: fastest(runs) for name, runs in times.items()}
    tests = curves * (curves - 1) // 2
    return [row(subjects, f"{curves}, {tests}", name, spent, best[peers[0].name]) for name, spent in best.items()]


def write(path, subjects, curves):
    """Half cases; cases score higher by one standard deviation; four digits, so that large tables have ties."""
    draw = random.Random(2017)
    with path.open("w") as file:
        file.write("truth," + ",".join(f"s{number}" for number in range(curves)) + "\n")
        for subject in range(subjects):
            person = draw.gauss(subject % 2, 0.7)
            scores = (f"{person + draw.gauss(0, 0.7):.4f}" for _ in range(curves))
            file.write(f"{subject % 2}," + ",".join(scores) + "\n")


def run(peer, table):
    process = subprocess.Popen([*map(str, peer.command), str(table)], stdout=subprocess.PIPE)
    start = time.perf_counter()
    with process.stdout as stream:
        answer = json.load(stream)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{peer.name} failed on {table}")
    first = answer["comparisons"][0]["p"] if answer.get("comparisons") else math.nan
    return Time(
        wall,
        usage.ru_utime + usage.ru_stime,
        answer.get("seconds", math.nan),
        usage.ru_maxrss / 1024,
        answer["curves"][0]["auc"],
        first,
    )


def agree(times):
    """Stops where two programs answer differently."""
    for what in ("auc", "p"):
        values = {name: getattr(runs[0], what) for name, runs in times.items() if not math.isnan(getattr(runs[0], what))}
        first = next(iter(values.values()))
        if any(not math.isclose(value, first, rel_tol=1e-9) for value in values.values()):
            sys.exit(f"the programs do not agree: {what} is {values}")


def fastest(runs):
    return Time(*(min(getattr(run, field) for run in runs) for field in Time.__dataclass_fields__))


def row(subjects, work, name, spent, ours):
    ratio = "1" if spent is ours else f"{spent.wall / ours.wall:.0f}"
    cells = [subjects, work, name, seconds(spent.wall), seconds(spent.cpu), ratio, seconds(spent.alone), f"{spent.memory:.0f} MiB"]
    return "| " + " | ".join(map(str, cells)) + " |"


def seconds(value):
    if math.isnan(value):
        return ""
    return f"{value:.2f} s" if value >= 1 else f"{value * 1e3:.1f} ms"


def machine():
    names = [line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return f"{names[0] if names else 'unknown processor'}, {os.cpu_count()} cores; load {os.getloadavg()[0]:.1f} at the end."


if __name__ == "__main__":
    main()
