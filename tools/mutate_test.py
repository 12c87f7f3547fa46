"""Tests of the mutation run: that the list fits the code, that logs are read rightly, and that the copy is kept clean."""

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import mutate
from mutate import Check, Mistake, Mutation

GTEST = """[==========] Running 2 tests from 1 test suite.
[ RUN      ] Codes.Expire
[       OK ] Codes.Expire (0 ms)
[ RUN      ] All/Codes.Count/3
a_test.cc:3: Failure
[  FAILED  ] All/Codes.Count/3, where GetParam() = 3 (1 ms)
[==========] 2 tests from 1 test suite ran. (1 ms total)
[  PASSED  ] 1 test.
[  FAILED  ] 1 test, listed below:
[  FAILED  ] All/Codes.Count/3, where GetParam() = 3
"""
GTEST_PASSED = """[ RUN      ] Codes.Expire
[       OK ] Codes.Expire (0 ms)
[==========] 1 test from 1 test suite ran. (1 ms total)
[  PASSED  ] 1 test.
"""
GTEST_DOWN = """[ RUN      ] Codes.Expire
[       OK ] Codes.Expire (0 ms)
[ RUN      ] Codes.Count
==7==ERROR: AddressSanitizer: heap-use-after-free
"""
UNITTEST = """test_a (tests.x_test.X.test_a) ... FAIL
======================================================================
FAIL: test_a (tests.x_test.X.test_a) (title='b')
----------------------------------------------------------------------
Ran 1 test in 2.0s

FAILED (failures=1)
"""
UNITTEST_WAITED = """test_a (tests.x_test.X.test_a) ... ERROR
======================================================================
ERROR: test_a (tests.x_test.X.test_a)
----------------------------------------------------------------------
Traceback (most recent call last):
TimeoutError: 0 of 1 mails came within 20 s
----------------------------------------------------------------------
Ran 1 test in 20.0s

FAILED (errors=1)
"""
REPORT = {"testResults": [{"assertionResults": [
    {"fullName": "a name is no path", "status": "failed"},
    {"fullName": "a name is short", "status": "passed"},
    {"fullName": "another", "status": "skipped"},
]}]}


def mutation(**changes) -> Mutation:
    values = {"name": "m", "promise": "p", "breaks": "it", "file": "a.txt", "find": "one", "replace": "two"}
    return Mutation(**{**values, "test": Check("gtest", "a_test", "A.B"), **changes})


class TheList(unittest.TestCase):
    """The list of this tree, as it is."""

    def setUp(self):
        self.promises, self.mutations = mutate.read_list()

    def test_every_mutation_applies(self):
        self.assertEqual(mutate.misfits(mutate.ROOT, self.mutations), [], "change tools/mutations.toml with the code")

    def test_every_test_is_there(self):
        gtests = "\n".join(path.read_text() for path in sorted(mutate.ROOT.glob("*/*_test.cc")) + sorted(mutate.ROOT.glob("core/*/*_test.cc")))
        for one in self.mutations:
            with self.subTest(one.name):
                if one.test.kind == "vitest":
                    self.assertTrue((mutate.ROOT / "web" / one.test.where).is_file(), one.test)
                elif one.test.kind == "unittest":
                    module, suite, test = one.test.where.rsplit(".", 2)
                    text = (mutate.ROOT / (module.replace(".", "/") + ".py")).read_text()
                    self.assertRegex(text, rf"class {suite}\b[\s\S]*def {test}\(")
                else:
                    words = re.findall(r"\w+", one.test.name)
                    self.assertEqual([word for word in words if word not in gtests], [], one.test)

    def test_every_promise_is_broken_or_says_why_not(self):
        broken = {one.promise for one in self.mutations}
        self.assertEqual([key for key, words in self.promises.items() if key not in broken and "no replies yet" not in words], [])

    def test_the_document_has_them(self):
        document = (mutate.ROOT / "doc" / "assurance.md").read_text(encoding="utf-8")
        missing = [row for row in mutate.markdown(self.promises, self.mutations) if row not in document]
        self.assertEqual(missing, [], "put the output of tools/mutate.py --table into doc/assurance.md")


class Mistakes(unittest.TestCase):
    def read(self, text: str):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "list.toml"
            path.write_text(text, encoding="utf-8")
            return mutate.read_list(path)

    def test_rows(self):
        good = '[promises]\np = "words"\n[[mutation]]\nname = "m"\npromise = "p"\nbreaks = "it"\nfile = "a.txt"\nfind = "one"\nreplace = "two"\n'
        test = 'test = { gtest = "a_test", name = "A.B" }\n'
        self.assertEqual(self.read(good + test), ({"p": "words"}, [mutation()]))
        rows = [
            ("no test", good, "missing or unknown: test"),
            ("an unknown key", good + test + "tset = 1\n", "tset"),
            ("two kinds of test", good + 'test = { gtest = "a", vitest = "b" }\n', "test must be"),
            ("a program without a test", good + 'test = { gtest = "a_test" }\n', "which test"),
            ("an unknown promise", good.replace('promise = "p"', 'promise = "q"') + test, "no promise 'q'"),
            ("no change", good.replace('"two"', '"one"') + test, "changes nothing"),
            ("an unknown page", good + test + 'pages = ["x"]\n', "pages are"),
            ("twice the same", good + test + good[good.index("[[") :] + test, "several"),
            ("nothing", '[promises]\np = "words"\n', "no mutation"),
        ]
        for title, text, reason in rows:
            with self.subTest(title), self.assertRaisesRegex(Mistake, reason):
                self.read(text)

    def test_a_mutation_must_fit_once(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "a.txt").write_text("one two one", encoding="utf-8")
            self.assertEqual(len(mutate.misfits(root, [mutation(), mutation(find="none"), mutation(file="b.txt")])), 3)
            self.assertEqual(mutate.misfits(root, [mutation(find="two")]), [])

    def test_names_choose(self):
        all_of_them = [mutation(name="age-mac"), mutation(name="age-tail"), mutation(name="log")]
        self.assertEqual(mutate.chosen(all_of_them, []), all_of_them)
        self.assertEqual(mutate.chosen(all_of_them, ["age"]), all_of_them[:2])
        with self.assertRaisesRegex(Mistake, "smtp"):
            mutate.chosen(all_of_them, ["log", "smtp"])


class Logs(unittest.TestCase):
    def test_failed_tests_are_named(self):
        rows = [
            ("gtest", "gtest", GTEST, {}, ["All/Codes.Count/3"]),
            ("gtest, all passed", "gtest", GTEST_PASSED, {}, []),
            ("a test that brings the program down", "gtest", GTEST_DOWN, {}, ["Codes.Count"]),
            ("down behind its tests", "gtest", GTEST_PASSED[: GTEST_PASSED.index("[===")], {}, []),
            ("down before any test", "gtest", "Segmentation fault\n", {}, []),
            ("unittest", "unittest", UNITTEST, {}, ["test_a"]),
            ("unittest, setting up", "unittest", "ERROR: setUpClass (tests.x_test.X)\n", {}, []),
            ("vitest", "vitest", "", REPORT, ["a name is no path"]),
            ("vitest, no report", "vitest", "SyntaxError", {}, []),
        ]
        for title, kind, log, report, names in rows:
            with self.subTest(title):
                self.assertEqual(mutate.failed_tests(kind, log, report), names)

    def test_a_wait_in_vain_is_told_from_a_failure(self):
        self.assertTrue(mutate.only_timed_out(UNITTEST_WAITED))
        self.assertFalse(mutate.only_timed_out(UNITTEST))
        self.assertFalse(mutate.only_timed_out(UNITTEST_WAITED + UNITTEST))

    def test_what_did_not_run_proves_nothing(self):
        rows = [
            ("gtest", "gtest", GTEST_PASSED, {}, True),
            ("gtest, no such test", "gtest", "[  PASSED  ] 0 tests.\n", {}, False),
            ("gtest, skipped", "gtest", "[  SKIPPED ] A.B (0 ms)\n[  PASSED  ] 1 test.\n", {}, False),
            ("unittest", "unittest", "Ran 1 test in 1s\n\nOK\n", {}, True),
            ("unittest, skipped", "unittest", "Ran 1 test in 1s\n\nOK (skipped=1)\n", {}, False),
            ("unittest, none", "unittest", "Ran 0 tests in 0s\n\nOK\n", {}, False),
            ("vitest", "vitest", "", REPORT, True),
            ("vitest, none", "vitest", "", {"testResults": []}, False),
        ]
        for title, kind, log, report, ran in rows:
            with self.subTest(title):
                self.assertEqual(mutate.really_ran(kind, log, report), ran)

    def test_only_a_named_failure_counts(self):
        rows = [
            ("a failed test", mutation(), 1, ["A.B"], "caught"),
            ("no failure", mutation(), 0, [], "SURVIVED"),
            ("a failure without a name", mutation(), 1, [], "UNCLEAR"),
            ("a hang", mutation(), None, [], "UNCLEAR"),
            ("a hang that was announced", mutation(may_hang=True), None, [], "caught"),
        ]
        for title, one, code, failed, word in rows:
            with self.subTest(title):
                self.assertEqual(mutate.verdict(one, code, failed)[0], word)


class FakeTree(mutate.Tree):
    """Builds nothing; the test passes as long as a.txt says one."""

    builds = True

    def build(self, name, programs, pages):
        return "" if self.builds else "see the log"

    def test(self, title, check):
        broken = "one" not in (self.path / "a.txt").read_text()
        return (1, "[  FAILED  ] A.B (0 ms)\n", {}) if broken else (0, GTEST_PASSED, {})


class SlowTree(FakeTree):
    """Its test waits in vain, and then runs to its end."""

    def test(self, title, check):
        self.times = getattr(self, "times", 0) + 1
        return (1, UNITTEST_WAITED, {}) if self.times == 1 else (0, "Ran 1 test in 1s\n\nOK\n", {})


class TheCopy(unittest.TestCase):
    def setUp(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.root = folder / "root"
        self.root.mkdir()
        (self.root / "a.txt").write_text("one\n")
        (self.root / ".gitignore").write_text("/build/\nignored.txt\n")
        (self.root / "ignored.txt").write_text("x\n")
        subprocess.run(["git", "init", "-q"], cwd=self.root, check=True, capture_output=True)
        self.tree = FakeTree(self.root, self.root / "build" / "mutate")

    def test_it_is_the_tree_and_becomes_so_again(self):
        self.assertEqual(self.tree.sync(), 2)
        (self.tree.path / "a.txt").write_text("broken, and the run was killed\n")
        (self.tree.path / "left.txt").write_text("x")
        (self.tree.path / "build").mkdir()
        (self.tree.path / "build" / "kept").write_text("x")
        os.utime(self.root / "a.txt", (1, 1))
        self.assertEqual(self.tree.sync(), 2)
        self.assertEqual((self.tree.path / "a.txt").read_text(), "one\n")
        self.assertGreater((self.tree.path / "a.txt").stat().st_mtime, 1, "new, so that it is built again")
        self.assertEqual({path.name for path in self.tree.path.iterdir()}, {".gitignore", "a.txt", "build"})
        self.assertTrue((self.tree.path / "build" / "kept").exists())
        self.assertEqual(self.tree.sync(), 0)

    def test_a_mutation_is_tried_and_taken_out(self):
        self.tree.sync()
        rows = [("caught", mutation()), ("SURVIVED", mutation(replace="one and two"))]
        for word, one in rows:
            self.assertEqual(mutate.attempt(self.tree, one)[0], word)
            self.assertEqual((self.tree.path / "a.txt").read_text(), "one\n")
        self.tree.builds = False
        self.assertEqual(mutate.attempt(self.tree, mutation())[0], "UNCLEAR")
        self.assertEqual((self.tree.path / "a.txt").read_text(), "one\n")
        self.assertEqual((self.root / "a.txt").read_text(), "one\n", "the tree itself is never touched")

    def test_what_waited_in_vain_runs_twice(self):
        tree = SlowTree(self.root, self.tree.path.parent)
        tree.sync()
        slow = mutation(test=Check("unittest", "tests.x_test.X.test_a"))
        self.assertEqual(mutate.attempt(tree, slow)[0], "SURVIVED", "the second run counts")
        self.assertEqual(tree.times, 2)

    def test_pages_come_back_as_new(self):
        self.tree.sync()
        page, module = (self.tree.path / "build" / name for name in ("web/page.html", "wasm/viewer.wasm"))
        for file in (page, module):
            file.parent.mkdir(parents=True)
            file.write_text("good")
            os.utime(file, (1, 1))
        self.tree.keep_pages()
        for file in (page, module):
            file.write_text("broken")
        self.tree.restore_pages()
        for file in (page, module):
            self.assertEqual(file.read_text(), "good")
            self.assertGreater(file.stat().st_mtime, 1, "new, so that the programs are built with it again")

    def test_tests_must_pass_before(self):
        self.tree.sync()
        self.enterContext(mock.patch("mutate.say"))
        mutate.prove(self.tree, [mutation()])
        (self.tree.path / "a.txt").write_text("two\n")
        with self.assertRaisesRegex(Mistake, "does not pass without any mutation"):
            mutate.prove(self.tree, [mutation()])

    def test_what_hangs_is_ended(self):
        self.tree.sync()
        log = self.tree.logs / "x.log"
        self.assertIsNone(self.tree.run([sys.executable, "-c", "import time; time.sleep(60)"], log, 0.2))
        self.assertEqual(self.tree.run([sys.executable, "-c", "print('said'); exit(3)"], log, 20), 3)
        self.assertEqual(log.read_text(), "said\n")


if __name__ == "__main__":
    unittest.main()
