"""Fail closed: generated mail under three policies while everything around the gateway fails.

What policy seals leaves sealed, waits, or bounces: never clear, never empty, never to somebody else, never with a part
missing. BULLA_SOAK=1 makes 20 runs instead of 2; BULLA_SEED chooses what happens, and is printed.
"""

import base64
import collections
import json
import os
import random
import re
import resource
import smtplib
import unittest
from pathlib import Path

from tests.lib.fake_key_server import FakeKeyServer
from tests.lib.gateway import Gateway
from tests.lib.smtp_sink import CLOSE, TAKE_AND_CLOSE, SmtpSink
from tests.lib.stack import BIN
from tests.lib.thief import html_of, open_each

SEED = int(os.environ.get("BULLA_SEED", "20261124"))
RUNS = 20 if os.environ.get("BULLA_SOAK") else 2
SANITIZED = any(name in BIN.parts for name in ("asan", "tsan"))
# Debian's faketime: the wall clock of a process, as a file says. A sanitizer cannot be preloaded with it.
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
GARBAGE = (b"", b"{", b"null", b"[]", b'{"results": []}', b'{"time": 1}', b"<html>", b"\xff\xfe", b'{"results": [{}]}' * 2, b"[" * 5000)
DAYS = 24 * 3600
# Each has to happen in every run of this file; the clock and the memory only where no sanitizer is in the way.
FAULTS = ["kill", "stop", "key server: close", "key server: garbage", "key server: status", "next hop: answer", "next hop: close",
          "after the dot: answer", "after the dot: close"] + ([] if SANITIZED else ["clock", "memory"])

# What became of one recipient's copy.
SEALED, CLEAR, BOUNCED = "sealed", "clear", "bounced"


class Peers:
    """A key server and a next hop that fail as often as `trouble` says (0 to 1), each time in another way."""

    def __init__(self, chance):
        self.chance, self.trouble, self.faults = chance, 0.0, collections.Counter()
        self.keys = FakeKeyServer(answer=self.answer)
        self.sink = SmtpSink(reply=self.reply, after_data=self.after_data)

    def fault(self, what, answer):
        self.faults[what] += 1
        return answer

    def answer(self, path, body):
        if self.chance.random() >= self.trouble:
            return None
        status = self.chance.choice((200, 200, 400, 401, 404, 429, 500, 503))
        if self.chance.random() < 0.5:
            return self.fault("key server: close", "close")
        return self.fault("key server: garbage" if status == 200 else "key server: status", (status, self.chance.choice(GARBAGE)))

    def reply(self, verb, argument, sink):
        if self.chance.random() >= self.trouble / 4:
            return None
        if verb == "CONNECT":
            return None
        answer = self.chance.choice(("close", "451 4.3.0 later", "421 4.3.2 going", "452 4.2.2 full"))
        return self.fault("next hop: close" if answer == "close" else "next hop: answer", answer)

    def after_data(self, mail):
        if self.chance.random() >= self.trouble / 4:
            return None
        answer = self.chance.choice((CLOSE, TAKE_AND_CLOSE, "451 4.3.0 later", "452 4.3.1 full"))
        return self.fault("after the dot: close" if answer in (CLOSE, TAKE_AND_CLOSE) else "after the dot: answer", answer)


class Letters:
    """Makes letters, the bodies of which are marked with their number."""

    def __init__(self, chance, policy):
        self.chance, self.policy = chance, policy

    def fate(self, to, flagged):
        sealed = self.policy == "all" or flagged or (self.policy == "matching" and to.endswith("partner.example"))
        return SEALED if sealed else CLEAR

    def letter(self, number):
        """(bytes, {recipient: what is to become of it}, what must be in it, in order)"""
        chance, mark = self.chance, b"MARK-%06d" % number
        flagged = chance.random() < 0.4
        to = {f"{name}@{chance.choice(('partner.example', 'x.example'))}" for name in chance.sample(("bob", "carol", "dan"), chance.randint(1, 3))}
        fate = {one: self.fate(one, flagged) for one in to}
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


class FailClosed(unittest.TestCase):
    def test_whatever_fails(self):
        total = collections.Counter()
        for run in range(RUNS):
            with self.subTest(seed=SEED + run):
                self.run_one(random.Random(SEED + run), SEED + run, ("matching", "all", "flag")[run % 3])
                total += self.faults + self.peers.faults
        self.assertEqual([fault for fault in FAULTS if not total[fault]], [], "what did not happen proves nothing")

    def run_one(self, chance, seed, policy):
        self.chance, self.peers, self.limited = chance, Peers(random.Random(seed)), False
        changes = {"expires": '"30d"', "max_memory": '"64MiB"'}
        if policy != "matching":
            changes |= {"seal": f'"{"all" if policy == "all" else "matching"}"', "recipient_domains": "[]"}
        self.gateway = Gateway(self.peers.sink, self.peers.keys, changes)
        self.addCleanup(self.gateway.close)
        self.clock = self.gateway.path / "clock"
        self.set_clock(0)
        if not SANITIZED:
            self.assertIsNotNone(FAKETIME, "faketime is missing, and without it the clock does not jump")
            self.gateway.environment |= {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(self.clock), "FAKETIME_NO_CACHE": "1",
                                         "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self.gateway.start()
        letters, accepted, offered, self.faults = Letters(chance, policy), {}, {}, collections.Counter()
        for number in range(60):
            self.peers.trouble = chance.choice((0, 0.3, 0.7, 1))
            self.something_happens()
            offered[number] = data, fate, pieces = letters.letter(number)
            try:
                self.gateway.send(data, sorted(fate))
                accepted[number] = offered[number]
            except (OSError, smtplib.SMTPException) as error:
                self.faults[f"refused: {getattr(error, 'smtp_code', type(error).__name__)}"] += 1
        self.all_is_well_again(restart=seed % 2 == 0)
        self.check(accepted, offered, f"seed {seed}, {policy}")

    def something_happens(self):
        self.restart_if_dead()
        event = self.chance.randrange(8)
        if event == 0:
            self.faults["kill"] += 1
            self.end(self.gateway.kill)
        elif event == 1:
            self.faults["stop"] += 1
            self.end(self.gateway.stop)
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

    def restart_if_dead(self):
        """Want of memory may end it: that is safe, too, and what it had acknowledged goes on. Nothing else may."""
        code = self.gateway.process.poll()
        if code is None:
            return
        self.assertTrue(self.limited, f"it ended by itself, with {code}: {self.gateway.log()[-4000:]}")
        self.faults["out of memory"] += 1
        self.gateway.process = None
        self.restart()

    def end(self, how):
        try:
            how()
        except RuntimeError:
            # It had no memory to end well, or had ended before.
            if not self.limited:
                raise
            self.faults["out of memory"] += 1
        self.restart()

    def restart(self):
        self.limited = False
        self.gateway.start()

    def set_clock(self, seconds):
        self.clock.write_text(f"{seconds:+d}")

    def limit_memory(self, more):
        pid = self.gateway.process.pid
        size = resource.RLIM_INFINITY
        if more is not None:
            self.limited = True
            size = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize() + more
        resource.prlimit(pid, resource.RLIMIT_AS, (size, resource.RLIM_INFINITY))

    def all_is_well_again(self, restart):
        """Without a restart the gateway must find its way by itself."""
        self.peers.trouble = 0
        self.set_clock(0)
        self.restart_if_dead()
        if restart:
            self.end(self.gateway.kill)
        else:
            self.limit_memory(None)
        self.gateway.wait_empty(120)
        self.gateway.stop()

    def check(self, accepted, offered, title):
        sealed, seen = collections.defaultdict(list), set()
        for mail in self.peers.sink.mails:
            if mail.sender == "":
                self.assertEqual(mail.recipients, ["ann@acme.example"], "a bounce goes to who sent")
                self.assertNotIn(b"MARK-", mail.data)
                failed = re.findall(rb"^Final-Recipient: rfc822; *(\S+)", mail.data, re.MULTILINE)
                self.assertNotEqual(failed, [], "a bounce says who has not got it")
                seen |= {(number_of(mail.data), one.decode(), BOUNCED) for one in failed}
                continue
            number = number_of(mail.data)
            if b"secure-message.html" in mail.data:
                self.assertEqual(len(mail.recipients), 1, "an envelope is one recipient's")
                sealed[number, mail.recipients[0]].append(mail.data)
                seen.add((number, mail.recipients[0], SEALED))
                continue
            # A letter without 250 may arrive, too, but not in a way that policy forbids, and not in part.
            data, fate, _ = offered[number]
            for to in mail.recipients:
                seen.add((number, to, CLEAR))
                self.assertEqual(fate.get(to), CLEAR, f"letter {number} in clear, or to somebody else: {to}")
            self.assertTrue(mail.data.endswith(data), f"letter {number} is not whole")
        for number, (_, fate, _) in accepted.items():
            for to, what in fate.items():
                self.assertTrue({(number, to, what), (number, to, BOUNCED)} & seen, f"lost: {number} for {to}")
        strangers = {(number, to) for number, to, _ in seen if to not in offered[number][1]}
        self.assertEqual(strangers, set(), "to somebody else")
        self.check_content(offered, sealed)
        bounced = sum(what == BOUNCED for _, _, what in seen)
        print(f"\n  {title}: {dict(self.faults + self.peers.faults)}; {len(accepted)} of 60 accepted, {len(sealed)} copies sealed, "
              f"{bounced} bounced", flush=True)
        self.assertGreater(len(sealed), 10)

    def shares_for(self, html, to):
        """The stanzas that were registered for this envelope and this recipient, who alone could get them."""
        data = json.loads(re.search(rb'id="bulla-data">(.*?)</script>', html, re.DOTALL)[1])
        self.assertEqual(data["to"], to, "an envelope says whose it is")
        stanzas = [share["stanza"] for envelope, recipient in self.peers.keys.registered
                   if envelope["id"] == data["id"] and recipient["address"] == to for share in recipient["shares"]]
        self.assertNotEqual(stanzas, [], f"nothing was registered for {to}")
        return stanzas

    def check_content(self, offered, sealed):
        copies = [(number, to, data) for (number, to), mails in sealed.items() for data in mails]
        shares = [self.shares_for(html_of(data), to) for _, to, data in copies]
        plaintexts = open_each([data for _, _, data in copies], self.peers.keys.release_identity, shares)
        for (number, to, data), plain in zip(copies, plaintexts, strict=True):
            self.assertNotIn(b"MARK-%06d" % number, data.split(b"\r\n\r\n", 1)[1])
            self.assertIsNotNone(plain, f"letter {number} does not open with what {to} has")
            at = 0
            for piece in offered[number][2]:
                at = plain.find(piece, at)
                self.assertGreaterEqual(at, 0, f"a part of letter {number} is missing")
                at += len(piece)


if __name__ == "__main__":
    unittest.main()
