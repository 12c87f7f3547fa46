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

    def test_mistakes_on_the_command_line_are_said_in_a_sentence(self):
        commands = ("register", "open", "inspect")
        rows = {
            "no command": ([], "bulla: no command is given\n", commands),
            "unknown command": (["frob"], "bulla: there is no command 'frob'\n", commands),
            "no file": (["open"], "bulla: 'open' needs FILE (The envelope: .html, .eml or .age)\n", ("Usage: bulla open",)),
            "two files": (["open", "a.html", "b.html"], "bulla: ", ("b.html", "Usage: bulla open")),
            "not an address": (["register", "bob"], "bulla: 'bob' is not a mail address\n", ("bob@example.org",)),
        }
        for title, (arguments, first, further) in rows.items():
            with self.subTest(title):
                result = run("bulla", *arguments)
                self.assertEqual(result.returncode, 2)
                self.assertEqual(result.stderr[:len(first)], first)
                for text in further:
                    self.assertIn(text, result.stderr)
        for program in PROGRAMS:
            with self.subTest(program):
                self.assertTrue(run(program, "--bogus").stderr.startswith(f"{program}: "))

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
                self.assertEqual(result.stdout, f"{file} is in order.\n")

    def test_a_mistyped_name_is_one_mistake(self):
        rows = {"bulla-gateway": ("hostname", "hostnam"), "bulla-keyserver": ("token_sha256", "token_sha265")}
        for program, (right, wrong) in rows.items():
            with self.subTest(program):
                file = self.files[program].with_name(f"mistyped-{program}.toml")
                text = self.files[program].read_text()
                self.assertIn(right, text)
                file.write_text(text.replace(f"{right} ", f"{wrong} ", 1))
                result = run(program, "--config", file, "--check")
                self.assertEqual(result.returncode, 2)
                self.assertRegex(result.stderr, rf"^{program}: {file}:\d+:1: unknown key '{wrong}' \(did you mean '{right}'\?\)\n$")

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
