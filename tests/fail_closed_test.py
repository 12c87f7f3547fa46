"""Fail closed: generated mail and policies while everything around the gateway fails.

What policy seals leaves sealed, waits, or bounces: never clear, never empty, never to somebody else, never with a part
missing. BULLA_SOAK=1 makes 20 runs instead of 2; BULLA_SEED chooses what happens, and is printed.
"""

import base64
import collections
import email
import json
import os
import random
import re
import resource
import smtplib
import subprocess
import unittest
from pathlib import Path

from tests.lib.fake_key_server import FakeKeyServer
from tests.lib.gateway import Gateway
from tests.lib.recipient import wait_for
from tests.lib.smtp_sink import SmtpSink
from tests.lib.stack import BIN, ROOT

SEED = int(os.environ.get("BULLA_SEED", "20261124"))
RUNS = 20 if os.environ.get("BULLA_SOAK") else 2
SANITIZED = any(name in BIN.parts for name in ("asan", "tsan"))
# Debian's faketime: the wall clock of a process, as a file says. A sanitizer cannot be preloaded with it.
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
GARBAGE = (b"", b"{", b"null", b"[]", b'{"results": []}', b'{"time": 1}', b"<html>", b"\xff\xfe", b'{"results": [{}]}' * 2, b"[" * 5000)
DAYS = 24 * 3600

# What became of one recipient's copy.
SEALED, CLEAR, BOUNCED = "sealed", "clear", "bounced"


class Peers:
    """A key server and a next hop that fail as often as `trouble` says (0 to 1), each time in another way."""

    def __init__(self, chance):
        self.chance, self.trouble = chance, 0.0
        self.keys = FakeKeyServer(answer=self.answer)
        self.sink = SmtpSink(reply=self.reply)

    def answer(self, path, body):
        if self.chance.random() >= self.trouble:
            return None
        status = self.chance.choice((200, 200, 400, 401, 404, 429, 500, 503))
        return self.chance.choice(("close", (status, self.chance.choice(GARBAGE))))

    def reply(self, verb, argument, sink):
        if self.chance.random() >= self.trouble / 4:
            return None
        if verb == "CONNECT":
            return None
        return self.chance.choice(("close", "451 4.3.0 later", "421 4.3.2 going", "452 4.2.2 full"))


class Letters:
    """Makes letters, the bodies of which are marked with their number."""

    def __init__(self, chance):
        self.chance = chance

    def letter(self, number):
        """(bytes, {recipient: what is to become of it}, what must be in it, in order)"""
        chance, mark = self.chance, b"MARK-%06d" % number
        flagged = chance.random() < 0.4
        to = {f"{name}@{chance.choice(('partner.example', 'x.example'))}" for name in chance.sample(("bob", "carol", "dan"), chance.randint(1, 3))}
        fate = {one: SEALED if flagged or one.endswith("partner.example") else CLEAR for one in to}
        head = b"From: Ann <ann@acme.example>\r\nTo: %s\r\nMessage-ID: <%d@acme.example>\r\n" % (", ".join(sorted(to)).encode(), number)
        head += b"Subject: %sletter %d\r\n" % (b"[secure] " if flagged else b"", number)
        body, pieces = self.body(mark)
        return head + body, fate, [head, *pieces]

    def body(self, mark):
        chance = self.chance
        text = b"%s\r\n" % mark * chance.choice((1, 5, 2000))
        mixed = b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n'
        plain = (b"\r\n", mixed, mixed + b"--x\r\n\r\n", b"Content-Type: text/html; charset=utf-7\r\nContent-Transfer-Encoding: base64\r\n\r\n")
        if chance.random() < 0.6:  # simple, without its boundary, a part that never ends, an encoding that lies
            return (whole := chance.choice(plain) + text), [whole]
        files = [chance.randbytes(chance.choice((10, 60_000, 200_000))) + mark for _ in range(chance.randint(1, 3))]
        body = mixed + b"--x\r\n\r\n" + text
        for data in files:
            body += b"--x\r\nContent-Type: application/pdf; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            body += base64.encodebytes(data).replace(b"\n", b"\r\n")
        return body + b"--x--\r\n", [text, *files]


def number_of(data):
    """The number in the first Message-ID of a letter."""
    return int(re.search(rb"<(\d+)@acme\.example>", data)[1])


def open_all(keys, bodies):
    """What is in sealed mails, opened with the release key by a program of its own."""
    parts = [next(part for part in email.message_from_bytes(data).walk() if part.get_filename() == "secure-message.html") for data in bodies]
    html = [part.get_payload(decode=True) for part in parts]
    asked = {"html": [base64.b64encode(one).decode() for one in html], "identities": [keys.release_identity], "scalars": [], "shares": [],
             "stanzas": [share["stanza"] for _, recipient in keys.registered for share in recipient["shares"]]}
    done = subprocess.run(["node", ROOT / "tests" / "lib" / "thief.mjs"], input=json.dumps(asked).encode(), capture_output=True, check=True)
    return [base64.b64decode(one) if one else None for one in json.loads(done.stdout)["plaintexts"]]


class FailClosed(unittest.TestCase):
    def test_whatever_fails(self):
        for run in range(RUNS):
            with self.subTest(seed=SEED + run):
                self.run_one(random.Random(SEED + run), SEED + run)

    def run_one(self, chance, seed):
        self.chance, self.peers = chance, Peers(random.Random(seed))
        self.gateway = Gateway(self.peers.sink, self.peers.keys, {"expires": '"30d"', "max_memory": '"64MiB"'})
        self.addCleanup(self.gateway.close)
        self.clock = self.gateway.path / "clock"
        self.set_clock(0)
        if not SANITIZED:
            self.assertIsNotNone(FAKETIME, "faketime is missing, and without it the clock does not jump")
            self.gateway.environment |= {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(self.clock), "FAKETIME_NO_CACHE": "1",
                                         "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self.gateway.start()
        letters, accepted, self.faults = Letters(chance), {}, collections.Counter()
        for number in range(60):
            self.peers.trouble = chance.choice((0, 0.3, 0.7, 1))
            self.something_happens()
            data, fate, pieces = letters.letter(number)
            try:
                self.gateway.send(data, sorted(fate))
                accepted[number] = (data, fate, pieces)
            except (OSError, smtplib.SMTPException) as error:
                self.faults[f"refused: {getattr(error, 'smtp_code', type(error).__name__)}"] += 1
        self.all_is_well_again()
        self.check(accepted, seed)

    def something_happens(self):
        if self.gateway.process.poll() is not None:
            # Want of memory may end it: that is safe, too, and what it had acknowledged goes on.
            self.faults["out of memory"] += 1
            self.gateway.start()
        event = self.chance.randrange(8)
        if event == 0:
            self.faults["kill"] += 1
            self.gateway.kill()
            self.gateway.start()
        elif event == 1:
            self.faults["stop"] += 1
            self.gateway.stop()
            self.gateway.start()
        elif event in (2, 3) and not SANITIZED:
            self.faults["clock"] += 1
            # After a jump back the queue waits a minute at most for what seems to be due later; none of these is so short.
            self.set_clock(self.chance.choice((-400 * DAYS, -DAYS, -3600, 0, 3600, DAYS, 20 * DAYS)))
        elif event == 4 and not SANITIZED:
            # As much as it has, and a little: what is asked for beyond fails, a thread or the memory for a letter.
            self.faults["memory"] += 1
            self.limit_memory(self.chance.choice((0, 100_000, 1_000_000)))
        elif event == 5:
            self.limit_memory(None)

    def set_clock(self, seconds):
        self.clock.write_text(f"{seconds:+d}")

    def limit_memory(self, more):
        pid = self.gateway.process.pid
        size = resource.RLIM_INFINITY
        if more is not None:
            size = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize() + more
        resource.prlimit(pid, resource.RLIMIT_AS, (size, resource.RLIM_INFINITY))

    def all_is_well_again(self):
        self.peers.trouble = 0
        self.set_clock(0)
        self.gateway.kill()
        self.gateway.start()
        self.gateway.wait_empty()

    def check(self, accepted, seed):
        sealed, seen = collections.defaultdict(list), set()
        for mail in self.peers.sink.mails:
            if mail.sender == "":
                self.assertEqual(mail.recipients, ["ann@acme.example"], "a bounce goes to who sent")
                self.assertNotIn(b"MARK-", mail.data)
                number = number_of(mail.data)
                for one in accepted.get(number, (b"", {}, []))[1]:
                    if one.encode() in mail.data:
                        seen.add((number, one, BOUNCED))
                continue
            number = number_of(mail.data)
            if b"secure-message.html" in mail.data:
                self.assertEqual(len(mail.recipients), 1, "an envelope is one recipient's")
                sealed[number, mail.recipients[0]].append(mail.data)
                seen.add((number, mail.recipients[0], SEALED))
                continue
            for to in mail.recipients:
                seen.add((number, to, CLEAR))
                # A letter without 250 may arrive, too, but not in a way that policy forbids.
                self.assertTrue(to.endswith("x.example") and b"[secure]" not in mail.data, f"in clear: {to}")
            if number in accepted:
                self.assertTrue(mail.data.endswith(accepted[number][0]))
        for number, (_, fate, _) in accepted.items():
            for to, what in fate.items():
                self.assertTrue({(number, to, what), (number, to, BOUNCED)} & seen, f"lost: {number} for {to}")
        strangers = {(number, to) for number, to, _ in seen if number in accepted and to not in accepted[number][1]}
        self.assertEqual(strangers, set(), "to somebody else")
        self.check_content(accepted, sealed)
        bounced = sum(what == BOUNCED for _, _, what in seen)
        print(f"\n  seed {seed}: {dict(self.faults)}; {len(accepted)} of 60 accepted, {len(sealed)} copies sealed, {bounced} bounced", flush=True)
        self.assertGreater(len(sealed), 10)

    def check_content(self, accepted, sealed):
        copies = [(number, data) for (number, _), mails in sealed.items() for data in mails]
        for (number, data), plain in zip(copies, open_all(self.peers.keys, [data for _, data in copies]), strict=True):
            self.assertNotIn(b"MARK-%06d" % number, data.split(b"\r\n\r\n", 1)[1])
            self.assertIsNotNone(plain, f"letter {number} does not open")
            if number in accepted:
                at = 0
                for piece in accepted[number][2]:
                    at = plain.find(piece, at)
                    self.assertGreaterEqual(at, 0, f"a part of letter {number} is missing")
                    at += len(piece)


if __name__ == "__main__":
    unittest.main()
