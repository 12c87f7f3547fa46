#!/usr/bin/env python3
"""How many messages a second the gateway's queue makes durable, beside SQLite (WAL, synchronous=FULL, group commit).

usage: ./dev bench queue        (or: bench/queue.py [--build DIR] [--reps N] [--seconds S] [--folder DIR])

Both write a body of the given size and a record of 2000 bytes, and say "done" only when they are on the disk. The folder
decides which disk is measured (default: under the build folder). Prints medians with their spread.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import tempfile

SIZES = (("4 kB", 4_096), ("100 kB", 102_400), ("10 MB", 10_485_760))
THREADS = (1, 16)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--reps", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--folder", default=None)
    options = parser.parse_args()
    program = os.path.join(options.build, "bin", "bench_queue")
    print(f"{'messages a second':24}{'files (ours)':>22}{'SQLite':>22}")
    for title, size in SIZES:
        for threads in THREADS:
            figures = {"files": [], "sqlite": []}
            for _ in range(options.reps):
                for engine, list_ in figures.items():
                    folder = tempfile.mkdtemp(dir=options.folder or options.build)
                    try:
                        command = [program, engine, folder, str(size), str(threads), str(options.seconds)]
                        list_.append(float(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
                    finally:
                        shutil.rmtree(folder)
            cells = [f"{statistics.median(list_):.0f} ±{100 * (max(list_) - min(list_)) / 2 / statistics.median(list_):.0f} %"
                     for list_ in figures.values()]
            print(f"{f'{title}, {threads} at once':24}{cells[0]:>22}{cells[1]:>22}", flush=True)


if __name__ == "__main__":
    main()
