"""What all three programs have in common: their options, and configurations that are wrong."""

import subprocess
import tempfile
import unittest
from pathlib import Path

from tests.lib.stack import BIN, Stack

PROGRAMS = ("bulla-gateway", "bulla-keyserver", "bulla")


def run(program, *arguments):
    return subprocess.run([BIN / program, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False,
                          stdin=subprocess.DEVNULL)


class Options(unittest.TestCase):
    def test_version(self):
        for program in PROGRAMS:
            with self.subTest(program):
                result = run(program, "--version")
                self.assertEqual(result.returncode, 0)
                self.assertRegex(result.stdout, rf"^{program} \d+\.\d+\.\d+\n$")

    def test_help(self):
        for program in PROGRAMS:
            with self.subTest(program):
                result = run(program, "--help")
                self.assertEqual(result.returncode, 0)
                for option in ("--config", "--check", "--help", "--version"):
                    self.assertIn(option, result.stdout)

    def test_wrong_options(self):
        for program in PROGRAMS:
            with self.subTest(program):
                result = run(program, "--bogus")
                self.assertEqual(result.returncode, 2)
                self.assertIn("--bogus", result.stderr)

    def test_a_missing_configuration_is_named(self):
        for program in PROGRAMS:
            with self.subTest(program):
                result = run(program, "--config", "/nonexistent/bulla.toml", "--check")
                self.assertNotEqual(result.returncode, 0)
                self.assertIn("/nonexistent/bulla.toml", result.stderr)


class Configurations(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.stack = Stack(cls.folder)
        cls.stack.configure()
        cls.files = {"bulla-gateway": cls.stack.gateway_config, "bulla-keyserver": cls.stack.keyserver_config}

    def test_good_ones_pass_the_check(self):
        for program, file in self.files.items():
            with self.subTest(program):
                result = run(program, "--config", file, "--check")
                self.assertEqual(result.returncode, 0, result.stderr)

    def test_unknown_keys_are_named_with_file_and_line(self):
        for program, file in self.files.items():
            with self.subTest(program):
                wrong = file.with_name(f"wrong-{file.name}")
                text = file.read_text()
                wrong.write_text("\n\nbogus = 1\n" + text)
                result = run(program, "--config", wrong, "--check")
                self.assertEqual(result.returncode, 2)
                self.assertIn(f"{wrong}:3:1: unknown key 'bogus'", result.stderr)

    def test_wrong_values_are_named_with_file_and_line(self):
        for program, file in self.files.items():
            with self.subTest(program):
                wrong = file.with_name(f"value-{file.name}")
                lines = file.read_text().splitlines()
                line = next(number for number, text in enumerate(lines) if text.startswith("listen"))
                lines[line] = "listen = 25"
                wrong.write_text("\n".join(lines))
                result = run(program, "--config", wrong)
                self.assertEqual(result.returncode, 2, "it must not start")
                self.assertIn(f"{wrong}:{line + 1}:", result.stderr)


if __name__ == "__main__":
    unittest.main()
