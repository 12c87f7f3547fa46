"""The documents' links lead somewhere, and every decision stands in the list of decisions."""

import re
import subprocess
import unittest
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\(([^)\s]+)\)")


def documents() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=False)
    names = listed.stdout.split() if listed.returncode == 0 else []
    return [ROOT / name for name in names] or [*ROOT.glob("*.md"), *ROOT.glob("doc/**/*.md")]


def anchors(text: str) -> set[str]:
    """The names that headings get: lower case, without punctuation, blanks as hyphens."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(document: Path) -> Iterator[str]:
    for target in LINK.findall(document.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (document.parent / path) if path else document
        if not file.exists():
            yield f"{document.relative_to(ROOT)}: {target}"
        elif anchor and anchor not in anchors(file.read_text(encoding="utf-8")):
            yield f"{document.relative_to(ROOT)}: no heading for {target}"


class Links(unittest.TestCase):
    def test_every_link_leads_somewhere(self) -> None:
        found = documents()
        self.assertIn(ROOT / "README.md", found)
        self.assertEqual([problem for document in found for problem in broken(document)], [])

    def test_the_list_of_decisions_is_complete(self) -> None:
        folder = ROOT / "doc" / "decisions"
        listed = LINK.findall((folder / "README.md").read_text(encoding="utf-8"))
        self.assertEqual(listed, sorted(page.name for page in folder.glob("0*.md")))


if __name__ == "__main__":
    unittest.main()
