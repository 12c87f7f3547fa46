"""Hostile mail is sealed and comes back byte for byte, or is refused with one reply before 250; and nothing is smuggled.

BULLA_SOAK=1 adds a thousand mutations of the corpus; BULLA_SEED chooses them, and is printed.
"""

import email
import os
import random
import re
import socket
import tempfile
import unittest
from collections import Counter
from pathlib import Path

from tests.lib import hostile
from tests.lib.evidence import RecordingProxy, find
from tests.lib.gateway import Gateway
from tests.lib.recipient import Recipient, mails_for, read_mail, wait_for
from tests.lib.stack import Stack

BOB = "bob@partner.example"
# Why mail is refused, and nothing else: line ends that can be read in two ways, and an author whom nobody can tell.
BARE_LINE_END = "550 5.6.0 Message contains a bare CR or LF; lines end in CRLF"
TO_BE_SEALED = "550 5.7.1 Refused by policy: this message is to be sealed"
SINCE = TO_BE_SEALED + " (mail to partner.example is sealed), but it"
NO_FROM = SINCE + " has no From"
REASONS = {
    NO_FROM: "no From",
    SINCE + " has several From fields": "several From fields",
    SINCE + "s From is not in the organisation's domains: acme.example": "From of another domain",
    TO_BE_SEALED + ", but its From cannot be read as an address of the organisation": "From that is no address",
}
REFUSED = {"empty-line-first": NO_FROM, "not-a-mail": NO_FROM, "nothing": NO_FROM,
           "bare LF": BARE_LINE_END, "bare CR": BARE_LINE_END, "CR CR LF": BARE_LINE_END, "LF CR": BARE_LINE_END}
SEED = int(os.environ.get("BULLA_SEED", "20261124"))
MUTATIONS = 1000 if os.environ.get("BULLA_SOAK") else 12


class Smtp:
    """A raw session: what is written goes out as it is."""

    def __init__(self, port, recipient=BOB):
        self.socket = socket.create_connection(("127.0.0.1", port), 60)
        self.lines = self.socket.makefile("rwb")
        self.reply()
        self.recipient = recipient

    def __enter__(self):
        self.command(b"EHLO raw.test")
        return self

    def __exit__(self, *_):
        self.lines.close()
        self.socket.close()

    def reply(self):
        """One whole reply; b"" when the other side hung up."""
        whole = b""
        while line := self.lines.readline():
            whole += line
            if line[3:4] == b" ":
                break
        return whole

    def command(self, line):
        self.lines.write(line + b"\r\n")
        self.lines.flush()
        return self.reply()

    def begin(self, sender=b"ann@acme.example"):
        for command in (b"MAIL FROM:<" + sender + b"> BODY=8BITMIME", b"RCPT TO:<" + self.recipient.encode() + b">", b"DATA"):
            said = self.command(command)
            assert said[:1] in b"23", said

    def send(self, data):
        """One mail, with its dots stuffed; the reply to it."""
        self.begin()
        stuffed = re.sub(rb"(\A|\r\n)\.", rb"\1..", data)
        self.lines.write(stuffed + (b"" if stuffed.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        self.lines.flush()
        return self.reply()


def files_below(folders):
    """Paths of all files there; __pycache__ is Python's own."""
    return {str(path) for folder in folders for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts and "build" not in path.parts}


class HostileMail(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.path = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.stack = Stack(cls.path / "stack", keyserver_extra="[limits]\nfactor = 10000\n")
        cls.addClassCleanup(cls.stack.stop_all)
        cls.stack.configure()
        config = cls.stack.gateway_config
        config.write_text(config.read_text().replace('subject = "keep"', 'subject = "Secure message"'))
        for name in ("mailbox", "keyserver", "gateway"):
            cls.stack.start(name)
        cls.bob = Recipient(cls.path, BOB, cls.stack.mails, cls.stack.origin)
        cls.scripts = None
        cls.registered = False

    def try_all(self, mails):
        """Sends all, then opens all that were taken. Returns {title: reply} of the refused ones."""
        gateway = self.stack.processes["gateway"]
        taken, refused, before = [], {}, len(mails_for(self.stack.mails, BOB))
        for title, data in mails:
            with self.subTest(title), Smtp(self.stack.ports["gateway"]) as session:
                reply = session.send(data)
                self.assertIsNone(gateway.poll(), f"the gateway died: {self.stack.log('gateway')[-2000:]}")
                self.assertRegex(reply, rb"\A(250 2\.0\.0|5\d\d 5\.\d\.\d) [^\r\n]+\r\n\Z", "one reply, on one line, with its reason; no mail is to be tried again in vain")
                self.assertEqual(session.command(b"NOOP")[:3], b"250", "exactly one reply, and the session goes on")
                if reply.startswith(b"250"):
                    taken.append((title, data if data.endswith(b"\r\n") else data + b"\r\n"))
                    # One after the other, so that they arrive in this order.
                    self.wait_count(before + len(taken), title)
                else:
                    refused[title] = reply.decode("latin-1").strip()
        paths = [path for _, path in mails_for(self.stack.mails, BOB)][before:]
        self.assertTrue(taken, f"all were refused: {refused}")
        if not type(self).registered:
            self.bob.register()
            type(self).registered = True
        self.assertEqual(len(paths), len(taken))
        for (title, data), path in zip(taken, paths):
            with self.subTest(title):
                self.check(path, data, title)
        return refused

    def wait_count(self, count, title):
        # The number in the names of its files is what the mailbox counts by: cheaper than to read them all.
        wait_for(title, lambda: len(list(self.stack.mails.glob("*.json"))) >= count, 60)

    def check(self, path, data, title):
        mail = path.read_bytes()
        self.assertEqual(find(mail, [hostile.MARKER.decode()]), [], "nothing of it is in clear")
        self.assertNotIn(b"\n", mail.replace(b"\r\n", b""))
        self.assertLessEqual(max(map(len, mail.split(b"\r\n"))), 998)
        outer = read_mail(path)
        self.assertIsNone(outer["X-Injected"])
        self.assertEqual((outer["Subject"], outer.get_content_type(), outer.defects), ("Secure message", "multipart/mixed", []))
        html = next(part for part in outer.walk() if part.get_filename() == "secure-message.html").get_payload(decode=True)
        # Whatever the mail says, the page has the same elements.
        scripts = (html.count(b"<script"), html.count(b"<!--"), html.count(b"</script"))
        type(self).scripts = type(self).scripts or scripts
        self.assertEqual(scripts, type(self).scripts)
        if title.startswith("names"):
            self.check_names(path, data)
        else:
            self.assertEqual(self.bob.open(path), data)

    def check_names(self, path, data):
        """Attachments are saved in the folder that was named, and nothing anywhere else, whatever they are called."""
        with tempfile.TemporaryDirectory(dir=self.path) as above:
            folder = Path(above) / "a" / "b" / "attachments"
            folder.mkdir(parents=True)
            # The client's home is written to by the client itself; relative names would begin here.
            others = [Path(above), Path.cwd(), Path("/etc/cron.d"), Path("/windows")]
            before = files_below(others)
            self.assertEqual(self.bob.open(path, folder=folder), data)
            saved = files_below([folder])
            self.assertEqual(files_below(others) - saved, before)
            self.assertGreater(len(saved), 1)
            for one in saved:
                self.assertEqual(Path(one).parent, folder)
                self.assertRegex(Path(one).name, r"\A[^/\\\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]+\Z")
                self.assertFalse(Path(one).name.startswith(".") or Path(one).is_symlink())

    def test_corpus_and_generated(self):
        print(f"\n  BULLA_SEED={SEED}", flush=True)
        mails = [*hostile.corpus(), *hostile.generated(random.Random(SEED))]
        refused = self.try_all(mails)
        self.assertEqual(refused, REFUSED)
        print(f"  {len(mails)} hostile mails: {len(mails) - len(refused)} sealed and given back, {len(refused)} refused", flush=True)

    def test_mutations(self):
        chance = random.Random(SEED)
        refused = self.try_all(hostile.mutated(chance, MUTATIONS))
        reasons = Counter(REASONS.get(reply, reply) for reply in refused.values())
        print(f"\n  BULLA_SEED={SEED}: {MUTATIONS} mutations, {MUTATIONS - len(refused)} sealed and given back, refused: {dict(reasons)}", flush=True)
        # Line ends stay whole in mutations, so that what is wrong with a mail can only be its author.
        self.assertLessEqual(set(reasons), set(REASONS.values()))
        self.assertGreaterEqual(MUTATIONS - len(refused), MUTATIONS / 4, "a gateway that refuses everything is no gateway")


class Smuggling(unittest.TestCase):
    """What one side takes for the end of a mail and the other does not would be a second mail, by nobody."""

    ENDS = (b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r\r\n.\r\r\n", b"\r\n.\r\r\n", b"\n\r.\n\r", b"\n\n.\n\n",
            b"\r\n\0.\r\n", b"\r\n.\0\r\n", b"\r\n. \r\n", b"\r\n .\r\n", b"\r\n..\r\n", b"\x85.\x85", b"\xe2\x80\xa8.\xe2\x80\xa8", b"\x0b.\x0b", b"\x0c.\x0c")
    SECOND = b"MAIL FROM:<evil@acme.example>\r\nRCPT TO:<victim@x.example>\r\nDATA\r\nFrom: evil@acme.example\r\n\r\nsmuggled\r\n.\r\n"

    def setUp(self):
        self.gateway = Gateway()
        self.addCleanup(self.gateway.close)
        self.outward = RecordingProxy(self.gateway.sink.port)
        self.addCleanup(self.outward.close)
        self.gateway.config.write_text(self.gateway.config.read_text().replace(f"127.0.0.1:{self.gateway.sink.port}", f"127.0.0.1:{self.outward.port}"))
        self.gateway.start()

    def test_inward_and_outward(self):
        """Each false end, in mail that is sealed and in mail that passes; what goes out has true ends alone."""
        taken = 0
        for to in ("bob@x.example", BOB):
            for end in self.ENDS:
                with self.subTest(to=to, end=end), Smtp(self.gateway.port, to) as session:
                    session.begin()
                    # The smuggled commands are followed by the true end; their own end is a false one, too.
                    tail = self.SECOND.replace(b"\r\n.\r\n", end)
                    session.lines.write(b"From: ann@acme.example\r\n\r\nfirst" + end + tail + b"x\r\n.\r\n")
                    session.lines.flush()
                    reply = session.reply()
                    self.assertIn(reply[:3], (b"250", b"550"), reply)
                    self.assertEqual(session.command(b"NOOP")[:3], b"250", "one mail, one reply")
                    self.assertEqual(session.command(b"RCPT TO:<x@x.example>")[:3], b"503", "no second mail has begun")
                    taken += reply.startswith(b"250")
                    bare = re.sub(rb"\r\n", b"", end)
                    self.assertEqual(reply.startswith(b"550"), b"\r" in bare or b"\n" in bare)
        mails = self.gateway.sink.wait(taken)
        self.gateway.wait_empty()
        self.assertEqual(len(self.gateway.sink.mails), taken)
        self.assertEqual({mail.sender for mail in mails}, {"ann@acme.example"})
        self.assertEqual({name for mail in mails for name in mail.recipients}, {"bob@x.example", BOB})
        self.gateway.stop()
        sent = b"".join(bytes(one) for one in self.outward.streams[::2])
        self.assertEqual((sent.count(b"\n"), sent.count(b"\r")), (sent.count(b"\r\n"),) * 2, "no bare line end goes out")
        self.assertEqual(sent.count(b"\r\n.\r\n"), taken)

    def test_commands_do_not_hide_commands(self):
        """Line ends and controls within commands and addresses."""
        lines = (b"MAIL FROM:<ann@acme.example\nRCPT TO:<victim@x.example>", b"MAIL FROM:<ann@acme.example>\rRSET", b"MAIL FROM:<\"a\nb\"@acme.example>",
                 b"MAIL FROM:<ann@acme.example> BODY=8BITMIME\nDATA", b"MAIL FROM:<ann\0@acme.example>", b"NOOP\nQUIT", b"NOOP\rQUIT", b"\nNOOP", b"NO\0OP")
        for line in lines:
            self.one_reply_at_most([], line, b"RCPT TO:<x@x.example>")
        begun = [b"MAIL FROM:<ann@acme.example>"]
        for line in (b"RCPT TO:<x@x.example>\nRCPT TO:<victim@x.example>", b"RCPT TO:<x\r@x.example>", b"RCPT TO:<x@x.example\0>", b"RCPT TO:<\"x\r\" @x.example>"):
            self.one_reply_at_most(begun, line, b"DATA")

    def one_reply_at_most(self, before, line, after):
        """The line is refused once, and leaves nothing behind: `after` is out of place, or the line is cut."""
        with self.subTest(line), Smtp(self.gateway.port) as session:
            for command in before:
                session.command(command)
            self.assertRegex(session.command(line), rb"\A5\d\d [^\r\n]+\r\n\Z")
            try:
                said = [session.command(b"NOOP"), session.command(after)]
            except OSError:
                said = [b""]
            self.assertTrue(said[0] == b"" or (said[0][:3] == b"250" and said[1][:3] in (b"503", b"554")), said)


if __name__ == "__main__":
    unittest.main()
