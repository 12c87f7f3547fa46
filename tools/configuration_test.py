"""doc/configuration.md names every key that the programs read, and none that they do not."""

import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def read_by(program: str) -> set[str]:
    source = (ROOT / program / "settings.cc").read_text()
    return set(re.findall(r"\.(?:string|strings|path|endpoint|choice|duration|size|integer|boolean|has)\(\s*\"(\w+)\"", source))


def named_in(section: str) -> set[str]:
    """The keys in the first column of a section's table, without those of tables (`[name]`)."""
    text = (ROOT / "doc" / "configuration.md").read_text().split(f"## {section}\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("|") and "`" in line.split("|")[1]]
    return {key for row in rows for key in re.findall(r"`(\w+)`", row)}


class Configuration(unittest.TestCase):
    def test_every_key_is_documented(self):
        for program in ("gateway", "keyserver"):
            with self.subTest(program):
                read = read_by(program)
                self.assertGreater(len(read), 10, "the readers of settings are called something else now")
                self.assertEqual(named_in(f"bulla-{program}"), read)


if __name__ == "__main__":
    unittest.main()
