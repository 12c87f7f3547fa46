#!/usr/bin/env python3
"""Counts the tests of one stage from its log: totals.py KIND LOG EXIT_CODE prints "PASSED FAILED SKIPPED".

KIND is ctest, unittest, vitest or fuzz, whose closing lines are read, or check: one test, as good as its exit code.
A stage that failed without naming a failed test, or that ran none, counts as one failure: silence is no success.
"""

import re
import sys
from pathlib import Path

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def last(pattern: str, log: str) -> re.Match | None:
    """The last place where the pattern stands at the start of a line (white space aside)."""
    matches = list(re.finditer(r"^\s*" + pattern, log, re.MULTILINE))
    return matches[-1] if matches else None


def number(pattern: str, text: str) -> int:
    match = re.search(pattern, text)
    return int(match[1]) if match else 0


def count_ctest(log: str) -> tuple[int, int, int]:
    """ctest: '100% tests passed, 0 tests failed out of 12'; tests that it did not run count as failed there."""
    match = last(r"\d+% tests passed, (\d+) tests failed out of (\d+)", log)
    if match is None:
        return 0, 0, 0
    skipped = len(re.findall(r"^\s*\d+/\d+ Test .*\*\*\*(?:Skipped|Not Run \(Disabled\))", log, re.MULTILINE))
    failed, total = int(match[1]), int(match[2])
    return total - failed - skipped, failed, skipped


def count_unittest(log: str) -> tuple[int, int, int]:
    """Python's unittest: 'Ran 12 tests in 1.5s', then 'OK (skipped=1)' or 'FAILED (failures=1, errors=2)'."""
    match = last(r"Ran (\d+) tests? in ", log)
    if match is None:
        return 0, 0, 0
    closing = log[match.end() :]
    failed = number(r"failures=(\d+)", closing) + number(r"errors=(\d+)", closing)
    failed += number(r"unexpected successes=(\d+)", closing)
    skipped = number(r"skipped=(\d+)", closing)
    return max(0, int(match[1]) - failed - skipped), failed, skipped


def count_vitest(log: str) -> tuple[int, int, int]:
    """Vitest: 'Tests  1 failed | 2 passed | 3 skipped (6)'; several such lines (one a package) add up."""
    passed = failed = skipped = 0
    for line in re.findall(r"^\s*Tests\s+(.*)$", log, re.MULTILINE):
        passed += number(r"(\d+) passed", line)
        failed += number(r"(\d+) failed", line)
        skipped += number(r"(\d+) skipped", line) + number(r"(\d+) todo", line)
    return passed, failed, skipped


def count_fuzz(log: str) -> tuple[int, int, int]:
    """run_fuzzers.py: '12 fuzzers clean, 0 not'."""
    match = last(r"(\d+) fuzzers clean, (\d+) not", log)
    return (int(match[1]), int(match[2]), 0) if match else (0, 0, 0)


def count(kind: str, log: str, code: int) -> tuple[int, int, int]:
    """(passed, failed, skipped) of a stage that printed this log and ended with this exit code."""
    if kind == "check":
        return (0, 1, 0) if code else (1, 0, 0)
    counters = {"ctest": count_ctest, "unittest": count_unittest, "vitest": count_vitest, "fuzz": count_fuzz}
    passed, failed, skipped = counters[kind](ANSI.sub("", log))
    if failed == 0 and (code != 0 or passed == 0):
        failed = 1
    return passed, failed, skipped


if __name__ == "__main__":
    print(*count(sys.argv[1], Path(sys.argv[2]).read_text(encoding="utf-8", errors="replace"), int(sys.argv[3])))
