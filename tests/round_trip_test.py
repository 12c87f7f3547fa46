"""Mail goes in by SMTP, arrives as an envelope, and the client gives back the same bytes: with the real programs."""

import base64
import hashlib
import json
import smtplib
import subprocess
import sys
import tempfile
import unittest
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from random import Random

from tests.lib.recipient import Recipient, Refused, is_envelope, mails_for, read_mail, wait_for
from tests.lib.stack import BIN, ROOT, Stack


def journey(stack, out, *arguments):
    """Sends the journey's letter; returns what must come out."""
    command = [sys.executable, "-m", "tests.lib.journey", "--smtp", str(stack.ports["gateway"]), "--out", out, *arguments]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


class RoundTrip(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = Path(cls.folder.name)
        cls.stack = Stack(cls.path / "stack")
        cls.stack.start_all()

    @classmethod
    def tearDownClass(cls):
        cls.stack.stop_all()
        cls.folder.cleanup()

    def recipient(self, address, **options):
        return Recipient(self.path / "people", address, self.stack.mails, self.stack.origin, **options)

    def send(self, data, to, sender="ann@acme.example"):
        with smtplib.SMTP("127.0.0.1", self.stack.ports["gateway"], timeout=60) as gateway:
            gateway.sendmail(sender, to, data)

    def test_all_recipients_get_the_same_bytes(self):
        out = self.path / "journey"
        names = ("bob@example.org", "carol@example.org", "dave@example.org")
        expected = journey(self.stack, out, "--to", names[0], "--cc", names[1], "--bcc", names[2])
        original = (out / "original.eml").read_bytes()
        for name in names:
            person = self.recipient(name)
            envelope = person.wait_envelopes()[-1]
            # Only the Bcc recipient's own copy names them.
            self.assertEqual(names[2].encode() in envelope.read_bytes(), name == names[2])
            self.assertLessEqual(envelope.stat().st_size, 1.05 * len(original) + 96 * 1024)
            person.register()
            folder = self.path / f"files-{name}"
            self.assertEqual(person.open(envelope, folder=folder), original)
            found = {hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
            for attachment in expected["attachments"]:
                self.assertIn(attachment["sha256"], found, attachment["name"])
        # What the next reader does with an account that is there already.
        person = self.recipient(names[0])
        journey(self.stack, out, "--to", names[0], "--big", "100")
        envelope = person.wait_envelopes(2)[-1]
        self.assertEqual(person.open(envelope), (out / "original.eml").read_bytes())
        with self.assertRaises(Refused) as refused:
            person.open(envelope, password="not the password")
        self.assertIn("password", str(refused.exception))
        # Somebody else's copy, and a stranger's account.
        with self.assertRaises(Refused):
            self.recipient(names[1]).open(envelope)

    def test_an_envelope_mail_is_hardly_larger(self):
        """At most 1.05 times the mail and 96 KiB, notice and all: mails of one attachment, to just above a step of the padding."""
        for size in (0, 2_000, 20_000, 65_600, 130_000, 1_050_000):
            with self.subTest(size):
                address = f"size-{size}@partner.example"
                message = EmailMessage(policy=SMTP)
                message["From"], message["To"], message["Subject"] = "ann@acme.example", address, "Größe"
                message.set_content("attached\n")
                message.add_attachment(Random(size).randbytes(size), "application", "pdf", filename="a.pdf")
                data = message.as_bytes()
                self.send(data, [address])
                path = wait_for("the envelope", lambda: mails_for(self.stack.mails, address))[-1][1]
                self.assertTrue(is_envelope(path))
                self.assertLessEqual(path.stat().st_size, 1.05 * len(data) + 96 * 1024)

    def test_what_policy_does_not_seal_passes_byte_for_byte(self):
        body = b"From: ann@acme.example\r\nTo: erin@example.org\r\nSubject: lunch\r\n\r\n.dots\r\n..\r\nand \xe4\r\n"
        self.send(body, ["erin@example.org"])
        path = wait_for("the mail", lambda: mails_for(self.stack.mails, "erin@example.org"))[-1][1]
        self.assertTrue(path.read_bytes().endswith(body))
        self.assertTrue(path.read_bytes().startswith(b"Received: "))
        self.assertFalse(is_envelope(path))

    def test_a_mail_to_both_kinds_is_decided_for_each(self):
        body = b"From: ann@acme.example\r\nTo: x@partner.example, y@example.org\r\nSubject: both\r\n\r\nMARKER-BOTH\r\n"
        self.send(body, ["x@partner.example", "y@example.org"])
        clear = wait_for("the clear mail", lambda: mails_for(self.stack.mails, "y@example.org"))[-1][1]
        sealed = self.recipient("x@partner.example").wait_envelopes()[-1]
        self.assertIn(b"MARKER-BOTH", clear.read_bytes())
        self.assertNotIn(b"MARKER-BOTH", sealed.read_bytes())

    def test_stock_age_finds_an_ordinary_header(self):
        self.send(b"From: ann@acme.example\r\nTo: f@partner.example\r\nSubject: age\r\n\r\nx\r\n", ["f@partner.example"])
        envelope = self.recipient("f@partner.example").wait_envelopes()[-1]
        html = [part for part in read_mail(envelope).walk() if part.get_filename() == "secure-message.html"][0].get_content()
        blocks = {}
        for name in ("header", "payload"):
            text = html.split(f'<script type="text/plain" id="bulla-{name}">')[1].split("</script>")[0]
            blocks[name] = base64.b64decode("".join(text.split()), validate=True)
        self.assertTrue(blocks["header"].startswith(b"age-encryption.org/v1\n-> bulla-split "))
        sealed = self.path / "sealed.age"
        sealed.write_bytes(blocks["header"] + blocks["payload"])
        # Without the plugin the stock program must get as far as "no identity matched", so the header is sound.
        key = self.path / "stock.key"
        subprocess.run(["age-keygen", "-o", key], check=True, capture_output=True)
        tried = subprocess.run(["age", "-d", "-i", key, sealed], capture_output=True, text=True)
        self.assertIn("no identity matched", tried.stderr)
        shown = subprocess.run([BIN / "bulla", "inspect", envelope], capture_output=True, text=True, check=True).stdout
        self.assertIn("f@partner.example", shown)
        self.assertIn("Acme Ltd", shown)

    def test_goes_on_after_restart_and_kill(self):
        """Accepted while the key server is down, through a kill -9 of each program, and a clean restart."""
        person = self.recipient("grace@partner.example")
        body = b"From: ann@acme.example\r\nTo: grace@partner.example\r\nSubject: kept\r\n\r\nkept %d\r\n"
        self.stack.kill("keyserver")
        self.send(body % 1, ["grace@partner.example"])
        self.stack.kill("gateway")
        self.stack.start("gateway")
        self.send(body % 2, ["grace@partner.example"])
        self.stack.stop("gateway")
        self.stack.start("keyserver")
        self.stack.start("gateway")
        envelopes = person.wait_envelopes(2)
        person.register()
        self.stack.kill("keyserver")
        self.stack.start("keyserver")
        self.assertEqual(sorted(person.open(path) for path in envelopes), [body % 1, body % 2])


if __name__ == "__main__":
    unittest.main()
