"""Tests of the fuzzers' runner, with programs that behave like fuzzers: clean, broken, silent."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from run_fuzzers import figures, short

LOG = """
#2	INITED cov: 12 ft: 13 corp: 1/1b exec/s: 0 rss: 30Mb
#4194304	pulse  cov: 230 ft: 551 corp: 77/12Kb lim: 4096 exec/s: 524288 rss: 400Mb
stat::number_of_executed_units: 5000123
stat::peak_rss_mb:              401
"""


class Runner(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name)
        (self.path / "bin").mkdir()

    def program(self, name, script):
        path = self.path / "bin" / f"fuzz_{name}"
        path.write_text(f"#!/bin/sh\necho run >>{self.path}/{name}.count\n{script}\n")
        path.chmod(0o755)

    def clean(self, name):
        self.program(name, f"cat <<'END'\n{LOG}\nEND")

    def run_all(self, *arguments):
        tool = Path(__file__).with_name("run_fuzzers.py")
        command = [sys.executable, tool, "--programs", "bin", "--seeds", "seeds", "--state", "state", "--logs", "logs"]
        return subprocess.run([*command, *arguments], cwd=self.path, capture_output=True, text=True, check=False)

    def times(self, name):
        return len((self.path / f"{name}.count").read_text().splitlines())

    def test_figures(self):
        self.assertEqual(figures(LOG), {"runs": 5000123, "coverage": 230, "corpus": 77, "memory": 401})
        self.assertEqual(figures(""), {"runs": 0, "coverage": 0, "corpus": 0, "memory": 0})
        self.assertEqual([short(number) for number in (7, 1500, 2_340_000)], ["7", "1.5 k", "2.3 M"])

    def test_all_clean(self):
        self.clean("a")
        self.clean("b")
        done = self.run_all("--jobs", "2")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("fuzz a                60 s    5.0 M runs,   230 edges,    77 inputs kept,  401 MB: clean", done.stdout)
        self.assertTrue(done.stdout.endswith("2 fuzzers clean, 0 not\n"))

    def test_a_crash_and_silence_are_failures(self):
        self.clean("a")
        self.program("b", "echo stat::number_of_executed_units: 9; exit 77")
        self.program("c", "exit 0")
        done = self.run_all()
        self.assertEqual(done.returncode, 1)
        self.assertTrue(done.stdout.endswith("1 fuzzers clean, 2 not\n"), done.stdout)
        self.assertIn("logs/fuzz-b.log", done.stdout)

    def test_goes_on_where_it_was(self):
        self.clean("a")
        self.program("b", "exit 1")
        self.run_all()
        done = self.run_all("--resume")
        self.assertEqual((self.times("a"), self.times("b")), (1, 2))
        self.assertIn("done before", done.stdout)
        self.run_all("--resume", "--seconds", "61")
        self.assertEqual(self.times("a"), 2, "a shorter run is none")
        self.program("a", f"cat <<'END'\n{LOG}{LOG}\nEND")
        self.run_all("--resume")
        self.assertEqual(self.times("a"), 3, "another program has not run")
        (self.path / "state" / "done" / "a.json").write_text('{"program": "')
        self.run_all("--resume")
        self.assertEqual(self.times("a"), 4, "a note that was cut off is none")

    def test_stopping_is_no_failure(self):
        self.program("a", "trap 'exit 72' INT; touch begun; sleep 60 & wait")
        tool = Path(__file__).with_name("run_fuzzers.py")
        command = [sys.executable, tool, "--programs", "bin", "--seeds", "seeds", "--state", "state", "--logs", "logs"]
        run = subprocess.Popen(command, cwd=self.path, stdout=subprocess.PIPE, text=True, start_new_session=True)
        while not (self.path / "begun").exists():
            time.sleep(0.01)
        os.killpg(run.pid, signal.SIGINT)
        out, _ = run.communicate(timeout=20)
        self.assertEqual(run.returncode, 130)
        self.assertIn(": stopped", out)
        self.assertNotIn("FAILED", out)

    def test_names(self):
        self.clean("a")
        self.clean("b")
        self.assertEqual(self.run_all("b").returncode, 0)
        self.assertFalse((self.path / "a.count").exists())
        wrong = self.run_all("nothing")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("there are: a, b", wrong.stderr)


if __name__ == "__main__":
    unittest.main()
