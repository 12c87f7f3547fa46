#!/usr/bin/env python3
"""Runs the fuzz programs of a folder, several at a time, and prints a line for each: runs, coverage, what it found.

What a fuzzer finds is added to its corpus below STATE/corpus, and inputs that break something to STATE/crashes. With
--resume, a program that has run for as long before, in the same build, is not run again. Exits 1 unless all are clean.
"""

import argparse
import concurrent.futures
import hashlib
import json
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

# What one input may take, at most.
LIMITS = ["-timeout=20", "-rss_limit_mb=2048"]
# libFuzzer's exit code after Ctrl-C, which reaches it before it reaches us.
INTERRUPTED = 72


def figures(log: str) -> dict:
    """What libFuzzer says of a run: executed inputs, edges covered, inputs in the corpus, peak memory in MB."""
    progress = re.findall(r"cov: (\d+) ft: \d+ corp: (\d+)/", log)
    runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", log)
    memory = re.search(r"stat::peak_rss_mb:\s*(\d+)", log)
    coverage, corpus = progress[-1] if progress else (0, 0)
    return {
        "runs": int(runs[1]) if runs else 0,
        "coverage": int(coverage),
        "corpus": int(corpus),
        "memory": int(memory[1]) if memory else 0,
    }


def short(number: int) -> str:
    """1234567 as 1.2 M."""
    for unit, size in (("M", 1_000_000), ("k", 1000)):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return str(number)


class Run:
    """One run of several fuzzers: where things are, for how long, and what is going on."""

    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.running: dict[str, float] = {}
        self.processes: dict[str, subprocess.Popen] = {}
        self.stopped = False
        self.lock = threading.Lock()

    def stamp(self, name: str) -> Path:
        return self.options.state / "done" / f"{name}.json"

    def digest(self, name: str) -> str:
        return hashlib.sha256(self.program(name).read_bytes()).hexdigest()

    def program(self, name: str) -> Path:
        return self.options.programs / f"fuzz_{name}"

    def done_before(self, name: str) -> dict | None:
        """The outcome of an earlier run of this very program that was as long and clean."""
        if not self.options.resume or not self.stamp(name).exists():
            return None
        try:
            kept = json.loads(self.stamp(name).read_text())
        except ValueError:  # the run was ended while it wrote this
            return None
        good = kept["program"] == self.digest(name) and kept["seconds"] >= self.options.seconds
        return kept if good else None

    def fuzz(self, name: str) -> bool:
        with self.lock:
            self.running[name] = time.monotonic()
        corpus, crashes = self.options.state / "corpus" / name, self.options.state / "crashes"
        for folder in (corpus, crashes, self.stamp(name).parent, self.options.logs):
            folder.mkdir(parents=True, exist_ok=True)
        digest = self.digest(name)
        log = self.options.logs / f"fuzz-{name}.log"
        command = [self.program(name), f"-max_total_time={self.options.seconds}", "-print_final_stats=1", *LIMITS]
        command += [f"-artifact_prefix={crashes}/{name}-", corpus, self.options.seeds / name]
        with log.open("wb") as out:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        with self.lock:
            self.processes[name] = process
            if self.stopped:  # while this one was being started
                process.send_signal(signal.SIGINT)
        code = process.wait()
        found = figures(log.read_text("utf-8", "replace"))
        clean = code == 0 and found["runs"] > 0
        if clean:
            kept = {"program": digest, "seconds": self.options.seconds, **found}
            self.stamp(name).write_text(json.dumps(kept) + "\n")
        failure = "stopped" if self.stopped or code == INTERRUPTED else f"FAILED ({log}; inputs: {crashes}/{name}-*)"
        self.say(name, "clean" if clean else failure, found)
        with self.lock:
            del self.running[name]
        return clean

    def say(self, name: str, outcome: str, found: dict) -> None:
        seconds = found.get("seconds", self.options.seconds)
        print(
            f"fuzz {name:14} {seconds:4} s {short(found['runs']):>8} runs, {found['coverage']:5} edges, "
            f"{found['corpus']:5} inputs kept, {found['memory']:4} MB: {outcome}",
            flush=True,
        )

    def fuzz_all(self, names: list[str]) -> int:
        """Runs those that have not been done before; how many of all are clean. Ends early with KeyboardInterrupt."""
        before = {name: kept for name in names if (kept := self.done_before(name))}
        for name, kept in before.items():
            self.say(name, "done before", kept)
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            futures = [pool.submit(self.fuzz, name) for name in names if name not in before]
            try:
                self.progress(names, futures)
            except KeyboardInterrupt:
                self.stop()
                pool.shutdown(cancel_futures=True)
                raise
        return len(before) + sum(future.result() for future in futures)

    def stop(self) -> None:
        with self.lock:
            self.stopped = True
            for process in self.processes.values():
                process.send_signal(signal.SIGINT)

    def progress(self, names: list[str], futures: list) -> None:
        """One line of what is going on, and how long it will take, each half minute."""
        while True:
            _, left = concurrent.futures.wait(futures, timeout=30)
            if not left:
                return
            with self.lock:
                running = ", ".join(self.running)
                spent = max((time.monotonic() - start for start in self.running.values()), default=0)
            rounds = -(-len(left) // self.options.jobs)
            minutes = max(1, round((rounds * self.options.seconds - spent) / 60))
            print(f"{len(names) - len(left)} of {len(names)} fuzzers done, {running} running, {minutes} min left", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="without fuzz_; all of the folder when there is none")
    parser.add_argument("--programs", type=Path, required=True, help="folder with the programs fuzz_NAME")
    parser.add_argument("--seeds", type=Path, required=True, help="folder with a corpus for each, which is only read")
    parser.add_argument("--state", type=Path, required=True, help="folder for what is found")
    parser.add_argument("--logs", type=Path, required=True, help="folder for the logs")
    parser.add_argument("--seconds", type=int, default=60, help="for each fuzzer (60)")
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time (1)")
    parser.add_argument("--resume", action="store_true", help="not again what has been done")
    options = parser.parse_args()

    there = sorted(path.name.removeprefix("fuzz_") for path in options.programs.glob("fuzz_*"))
    unknown = set(options.names) - set(there)
    if unknown or not there:
        parser.error(f"no such fuzzer: {', '.join(sorted(unknown)) or 'none was built'}; there are: {', '.join(there)}")
    names = options.names or there
    # A shell has it ignored in what it starts in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        clean = Run(options).fuzz_all(names)
    except KeyboardInterrupt:
        return 130
    print(f"{clean} fuzzers clean, {len(names) - clean} not")
    return 0 if clean == len(names) else 1


if __name__ == "__main__":
    sys.exit(main())
