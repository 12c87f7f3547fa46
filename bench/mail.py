#!/usr/bin/env python3
"""What reading a mail costs: GMime, base64, and the base64 of a delivery, each on one core, in processor time.

usage: ./dev bench mail        (or: bench/mail.py [--build DIR] [--reps N])

The measured things take turns. Prints medians with their spread (half the range, in percent of the median).
The peer for base64 is OpenSSL's encoder (`openssl enc -base64`, whole process).
"""
import argparse
import os
import statistics
import subprocess
import tempfile

WHAT = {
    "index-large": "a mail of 10 MB taken apart, its base64 decoded and compared",
    "gmime-large": "the same, GMime's part alone",
    "index-small": "a multipart of 3 KB taken apart",
    "store": "its stored form: base64 decoded",
    "encode": "base64 in lines of 76 for a delivery (bytes that go in)",
}
SIZE = 64 << 20


def one(program, what):
    seconds, rate = subprocess.run([program, what, "0.5"], check=True, capture_output=True, text=True).stdout.split()
    return float(seconds), float(rate)


def openssl_encode(path):
    before = os.times()
    subprocess.run(["openssl", "enc", "-base64", "-in", path, "-out", "/dev/null"], check=True)
    after = os.times()
    seconds = after.children_user + after.children_system - before.children_user - before.children_system
    return seconds, SIZE / seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--reps", type=int, default=7)
    options = parser.parse_args()
    program = os.path.join(options.build, "bin", "bench_mail")
    rows = {what: [] for what in [*WHAT, "openssl"]}
    with tempfile.NamedTemporaryFile() as file:
        file.write(os.urandom(SIZE))
        file.flush()
        for _ in range(options.reps):
            for what in WHAT:
                rows[what].append(one(program, what))
            rows["openssl"].append(openssl_encode(file.name))
    print("| | ms | GB/s | spread |\n|---|---|---|---|")
    for what, found in rows.items():
        rates = [rate for _, rate in found]
        median = statistics.median(rates)
        spread = 50 * (max(rates) - min(rates)) / median
        milliseconds = 1000 * statistics.median([seconds for seconds, _ in found])
        title = WHAT.get(what, "`openssl enc -base64`, 64 MiB, whole process")
        print(f"| {title} | {milliseconds:.3f} | {median / 1e9:.2f} | ±{spread:.0f} % |")


if __name__ == "__main__":
    main()
