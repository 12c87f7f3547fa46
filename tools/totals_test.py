"""Tests of the counting: real closing lines of each runner, and stages that are silent."""

import unittest

from totals import count

CTEST = """
      Start 1: a.b
1/3 Test #1: a.b ...........   Passed    0.01 sec
2/3 Test #2: a.c ...........***Skipped   0.01 sec
3/3 Test #3: a.d ...........***Failed    0.01 sec

66% tests passed, 1 tests failed out of 3
"""
UNITTEST = """
test_a (x.T) ... ok
----------------------------------------------------------------------
Ran 9 tests in 0.013s

FAILED (failures=1, errors=2, skipped=3)
"""
VITEST = """
 \x1b[2m Test Files \x1b[22m \x1b[1m\x1b[32m2 passed\x1b[39m\x1b[22m\x1b[90m (2)\x1b[39m
 \x1b[2m      Tests \x1b[22m \x1b[1m\x1b[31m1 failed\x1b[39m | 7 passed\x1b[39m | 2 skipped\x1b[90m (10)\x1b[39m
      Tests  5 passed (5)
"""


class Totals(unittest.TestCase):
    def test_rows(self):
        rows = [
            ("ctest", "ctest", CTEST, 8, (1, 1, 1)),
            ("ctest, all passed", "ctest", "100% tests passed, 0 tests failed out of 12\n", 0, (12, 0, 0)),
            ("ctest without tests", "ctest", "No tests were found!!!\n", 0, (0, 1, 0)),
            ("unittest", "unittest", UNITTEST, 1, (3, 3, 3)),
            ("unittest, all passed", "unittest", "Ran 1 test in 0.1s\n\nOK\n", 0, (1, 0, 0)),
            ("unittest without tests", "unittest", "Ran 0 tests in 0.0s\n\nOK\n", 0, (0, 1, 0)),
            ("a test that prints a closing line", "unittest", "Ran 5 tests in 1s\nRan 2 tests in 1s\n\nOK\n", 0, (2, 0, 0)),
            ("vitest, two packages", "vitest", VITEST, 1, (12, 1, 2)),
            ("vitest, all passed", "vitest", "      Tests  5 passed (5)\n", 0, (5, 0, 0)),
            ("vitest that crashed after its tests", "vitest", "      Tests  5 passed (5)\n", 1, (5, 1, 0)),
            ("fuzzers", "fuzz", "fuzz a 60 s: clean\n11 fuzzers clean, 1 not\n", 1, (11, 1, 0)),
            ("fuzzers that were stopped", "fuzz", "fuzz a 60 s: clean\n", 130, (0, 1, 0)),
            ("a crash before any test", "ctest", "Segmentation fault\n", 139, (0, 1, 0)),
            ("a check", "check", "", 0, (1, 0, 0)),
            ("a failed check", "check", "x passed\n", 2, (0, 1, 0)),
        ]
        for title, kind, log, code, expected in rows:
            with self.subTest(title):
                self.assertEqual(count(kind, log, code), expected)


if __name__ == "__main__":
    unittest.main()
