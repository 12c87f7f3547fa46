"""The demo: what it says, what its mailbox shows, and that a second run goes on from the first."""

import json
import re
import signal
import subprocess
import sys
import tempfile
import unittest
import urllib.request
from pathlib import Path

from tests.lib.client import Client, envelopes_to, wait_until
from tests.lib.stack import ROOT, Stack


class Demo(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.state = self.folder / "state"

    def start(self):
        """Starts the demo; what it says once it runs."""
        said = self.folder / "said"
        with open(said, "wb") as out:
            process = subprocess.Popen([sys.executable, ROOT / "demo" / "run.py", "--state", self.state], stdout=out, stderr=out,
                                       stdin=subprocess.DEVNULL)
        self.addCleanup(self.stop, process)
        wait_until(lambda: b"Ctrl-C stops it" in said.read_bytes() or process.poll() is not None, "the demo's start")
        self.assertIsNone(process.poll(), said.read_text())
        return process, said.read_text()

    def stop(self, process):
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(60)

    def get(self, url):
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.headers, answer.read().decode()

    def test_two_runs(self):
        process, said = self.start()
        self.assertIn("--attach-name README.md --attach @README.md", said)
        self.assertIn("Register     in the window that opens, as bob@example.org", said)
        self.assertNotIn("Sign in", said)
        stack = Stack(self.state, json.loads((self.state / "ports.json").read_text()))  # to find what the demo keeps
        wait_until(lambda: envelopes_to(stack, "bob@example.org"), "the letter")
        mailbox = re.search(r"http://127[0-9.:]+/", said)[0]

        headers, page = self.get(f"{mailbox}mail/1")
        self.assertRegex(page, r'<a class=button href="[^"]+\?save"[^>]*>Save</a><a class="button quiet"[^>]*>Open here</a>')
        self.assertIn("open the file from your disk", page)
        frame = re.search(r'<iframe title="Message" sandbox="allow-same-origin" src="([^"]+)"', page)
        headers, _ = self.get(mailbox + frame[1][1:])
        self.assertTrue(headers["Content-Security-Policy"].startswith("sandbox allow-same-origin; default-src 'none'; "),
                        "a mail's text runs nothing and loads nothing")
        for name in ("favicon.ico", "favicon.svg"):
            headers, icon = self.get(mailbox + name)
            self.assertEqual((headers["Content-Type"], icon[:4]), ("image/svg+xml", "<svg"))

        registered = Client(self.folder / "bob").register(stack, "bob@example.org")
        self.assertEqual(registered.returncode, 0, registered.stderr)
        self.stop(process)
        _, said = self.start()
        self.assertIn("Sign in      in the window that opens, as bob@example.org", said)
        self.assertNotIn("Register", said)

    def test_help_names_the_ports_and_the_folder(self):
        shown = subprocess.run([sys.executable, ROOT / "demo" / "run.py", "--help"], capture_output=True, text=True, check=True).stdout
        for text in ("8025", "8026", "8443", "2525", "--state", "ports.json"):
            self.assertIn(text, shown)


if __name__ == "__main__":
    unittest.main()
