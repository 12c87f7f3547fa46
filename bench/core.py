#!/usr/bin/env python3
"""How fast the core encrypts, beside OpenSSL and the stock `age` program, in the same run.

usage: ./dev bench core        (or: bench/core.py [--build DIR] [--reps N] [--size BYTES])

1. AEAD alone: ChaCha20-Poly1305 in chunks of 64 KiB on one core, against `openssl speed`.
2. A large file, from page cache to a file: what the gateway does to a message (tree hash, encryption, signature) with
   two threads and with one, against `age -r`, which only encrypts. Times are those of whole processes.

The measured things take turns, so that a slow minute of the machine meets all of them. Prints medians with their spread
(half the range, in percent of the median), and then a line `ratio NAME VALUE GOAL` for each figure that has a goal.
"""
import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

SECONDS = 1  # of each measurement of a rate


def output(command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def openssl_speed(algorithm):
    """Bytes per second in blocks of 64 KiB, as `openssl speed` reports them (in thousands, with a k)."""
    text = output(["openssl", "speed", "-seconds", str(SECONDS), "-bytes", "65536", "-evp", algorithm])
    found = re.findall(r"([0-9.]+)k\s*$", text, re.MULTILINE)
    if not found:
        sys.exit("openssl speed printed no figure:\n" + text)
    return float(found[-1]) * 1000


def timed(command, result):
    """Seconds that a command takes to make the file `result`, which does not exist before."""
    if os.path.exists(result):
        os.remove(result)
    start = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - start


def check_sealed(key, sealed, plain):
    """What we sealed is an age file that begins with the message: `age` says so."""
    size = os.path.getsize(plain)
    opened = subprocess.Popen(["age", "-d", "-i", key, sealed], stdout=subprocess.PIPE)
    with open(plain, "rb") as original:
        while piece := original.read(1 << 20):
            if opened.stdout.read(len(piece)) != piece:
                sys.exit("what was sealed does not open to what went in")
    rest = len(opened.stdout.read())
    if opened.wait() != 0 or rest > size * 0.12 + 4096:
        sys.exit("what was sealed does not open in full")


def make_input(path, size):
    block = os.urandom(1 << 20)
    with open(path, "wb") as file:
        while size > 0:
            size -= file.write(block[:min(size, len(block))])


def in_turns(measurements, reps):
    """Runs all measurements once to warm up, then `reps` times in turns: name -> list of figures."""
    figures = {name: [] for name in measurements}
    for rep in range(reps + 1):
        for name, measure in measurements.items():
            figure = measure()
            if rep > 0:
                figures[name].append(figure)
    return figures


def table(title, figures, unit):
    print(title)
    width = max(map(len, figures))
    for name, values in figures.items():
        median = statistics.median(values)
        spread = (max(values) - min(values)) / 2 / median * 100
        print(f"  {name:<{width}}  {median:8.2f} {unit}  ±{spread:.0f} %   ({', '.join(f'{v:.2f}' for v in values)})")
    print()


def main():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--build", default=os.path.join(root, "build/release"))
    options.add_argument("--reps", type=int, default=5)
    options.add_argument("--size", type=int, default=256 << 20)
    args = options.parse_args()
    bench = os.path.join(args.build, "bin/bench_core")
    for program in (bench, "age", "age-keygen", "openssl"):
        if not shutil.which(program):
            sys.exit(f"{program} is missing: run ./dev bench core")

    def ours(what):
        return lambda: float(output([bench, what, str(SECONDS)])) / 1e9

    rates = in_turns({
        "bulla AEAD seal": ours("aead-seal"),
        "openssl speed chacha20-poly1305": lambda: openssl_speed("chacha20-poly1305") / 1e9,
        "bulla AEAD open": ours("aead-open"),
        "bulla SHA-256": ours("sha256"),
        "openssl speed sha256": lambda: openssl_speed("sha256") / 1e9,
    }, args.reps)
    table("One core, chunks of 64 KiB", rates, "GB/s")

    with tempfile.TemporaryDirectory(prefix="bench-", dir=args.build) as folder:
        key, plain, sealed = (os.path.join(folder, name) for name in ("key", "plain", "sealed"))
        subprocess.run(["age-keygen", "-o", key], check=True, stderr=subprocess.DEVNULL)
        recipient = output(["age-keygen", "-y", key]).strip()
        make_input(plain, args.size)
        timed([bench, "seal", recipient, plain, sealed, "2"], sealed)
        check_sealed(key, sealed, plain)

        def rate_of(command):
            return lambda: args.size / timed(command, sealed) / 1e9

        files = in_turns({
            "bulla, two threads": rate_of([bench, "seal", recipient, plain, sealed, "2"]),
            "age -r": rate_of(["age", "-r", recipient, "-o", sealed, plain]),
            "bulla, one thread": rate_of([bench, "seal", recipient, plain, sealed, "1"]),
        }, args.reps)
    table(f"A file of {args.size / (1 << 20):.0f} MiB, whole process, written to a file "
          "(bulla hashes and signs, age does not)", files, "GB/s")

    def ratio(name, figures, ours_name, theirs, goal):
        value = statistics.median(figures[ours_name]) / statistics.median(figures[theirs])
        print(f"ratio {name} {value:.2f} {goal}")

    ratio("core.aead", rates, "bulla AEAD seal", "openssl speed chacha20-poly1305", "0.80")
    ratio("core.seal-file", files, "bulla, two threads", "age -r", "1.00")


if __name__ == "__main__":
    main()
