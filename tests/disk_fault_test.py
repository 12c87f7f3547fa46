"""A disk that fails under a whole program which goes on running: what got 250 arrives without a restart, the rest is put off.

strace makes calls fail from outside, the Nth of each thread: a broken disk, a full one, no descriptor left. BULLA_SOAK=1
has more N.
"""

import contextlib
import json
import os
import re
import smtplib
import socket
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

from tests.lib.gateway import MARKER, Gateway, mail
from tests.lib.recipient import Recipient, mails_for, wait_for
from tests.lib.stack import BIN, Stack
from tests.lib.strace import Strace, injected
from tests.lib.thief import open_all

LONG = bool(os.environ.get("BULLA_SOAK"))
NUMBERS = range(1, 13 if LONG else 4)
FAULTS = {"write": ("EIO", "ENOSPC"), "fdatasync": ("EIO", "ENOSPC"), "fsync": ("EIO",), "rename": ("EIO", "ENOSPC"),
          "openat": ("EMFILE", "EIO"), "read": ("EIO",), "unlink": ("EIO",)}
# A program with AddressSanitizer does not bear it when a write of the sanitizer's own fails.
if b"__asan_init" in (BIN / "bulla-gateway").read_bytes():
    del FAULTS["write"]
KINDS = {"sealed": ("bob@partner.example", "carol@partner.example"), "passed": ("bob@x.example", "carol@x.example"),
         "both": ("bob@partner.example", "carol@x.example")}


def broken(pid, file, call, error, number):
    """From now on the number-th such call of each thread fails."""
    return Strace(pid, file, call, "-s", "200", "-e", f"inject={call}:error={error}:when={number}")


@contextlib.contextmanager
def poked(port):
    """Somebody connects all the time: strace makes the wake-ups of an event loop fail as well, which no disk does."""
    over = threading.Event()

    def poke():
        while not over.wait(0.1):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()

    thread = threading.Thread(target=poke)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class BrokenDisk(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        # Few threads, so that each of them comes to its Nth call.
        self.gateway = Gateway(changes={"reserve": '"1MB"\ndeliveries = 2'})
        self.addCleanup(self.gateway.close)
        self.gateway.start()
        self.enterContext(poked(self.gateway.port))
        self.serial, self.accepted, self.refused = 0, {}, {}

    def test_what_got_250_arrives_without_a_restart(self):
        for call, errors in FAULTS.items():
            for error in errors:
                with self.subTest(f"{call}: {error}"):
                    hits = [self.break_at(call, error, number) for number in NUMBERS]
                    print(f"  {call:9} {error:6} {' '.join(map(str, hits))} faults", flush=True)
                    self.assertGreater(hits[0], 0, "no call failed")
        self.check()
        self.assertGreater(len(self.refused), len(FAULTS))

    def test_a_disk_that_is_gone_for_a_while(self):
        """Every call fails while mail waits for the next hop or the key server: none is forgotten, and none is taken in."""
        for call, error, waits_for in (("write", "ENOSPC", "next hop"), ("openat", "EMFILE", "key server"), ("openat", "EIO", "next hop"),
                                       ("read", "EIO", "key server"), ("fsync", "EIO", "next hop")):
            if call not in FAULTS:
                continue
            with self.subTest(f"{call}: {error}"):
                self.gateway.sink.after_data = lambda one: "451 4.3.0 later"
                self.gateway.keys.answer = self.away if waits_for == "key server" else lambda *_: None
                before = len(self.accepted)
                for kind, to in KINDS.items():
                    self.send_until_accepted(kind, to, 4000, error)
                trace = broken(self.gateway.process.pid, self.folder / "trace", call, error, "1+")
                if call != "read":  # taking a letter in reads nothing
                    with self.assertRaises(smtplib.SMTPResponseException) as caught:
                        self.gateway.send(mail(body=b"x\r\n" * 40_000))
                    self.assertEqual(caught.exception.smtp_code, 452 if error == "ENOSPC" else 451)
                time.sleep(1)
                self.assertGreater(len(injected(trace.end(), str(self.gateway.queue_folder))), 3)
                self.gateway.sink.after_data = self.gateway.keys.answer = lambda *_: None
                self.assertTrue(self.wait_arrived(list(self.accepted)[before:], 30), f"does not arrive: {self.gateway.log()[-3000:]}")
        self.check()

    @staticmethod
    def away(path, body):
        return 503, {}

    def break_at(self, call, error, number):
        """Letters of each kind while calls fail; when the disk is well again, all that were accepted arrive. Counts the faults."""
        before = len(self.accepted)
        trace = broken(self.gateway.process.pid, self.folder / "trace", call, error, number)
        for kind, to in KINDS.items():
            for lines in (1, 4000):
                self.send_until_accepted(kind, to, lines, error)
        self.wait_arrived(list(self.accepted)[before:], 3)
        found = injected(trace.end(), str(self.gateway.queue_folder))
        self.assertTrue(self.wait_arrived(list(self.accepted)[before:], 30), f"does not arrive: {self.gateway.log()[-3000:]}")
        return len(found)

    def send_until_accepted(self, kind, to, lines, error):
        for _ in range(20):
            self.serial += 1
            data = mail(subject=f"{kind} {self.serial}", extra=f"Message-ID: <{self.serial}@acme.example>\r\n",
                        body=b"\r\n".join(b"line %d of mail %d" % (line, self.serial) for line in range(lines)))
            try:
                self.gateway.send(data, to)
                self.accepted[self.serial] = (to, data)
                return
            except smtplib.SMTPResponseException as refused:
                self.assertEqual(refused.smtp_code, 452 if error == "ENOSPC" else 451, refused.smtp_error)
                self.refused[self.serial] = kind
        self.fail(f"{kind} mail is refused for ever: {self.gateway.log()[-3000:]}")

    def arrived(self):
        """(number, recipient) → the mails that came."""
        found = {}
        for one in list(self.gateway.sink.mails):
            number = int(re.search(rb"<(\d+)@acme\.example>", one.data)[1])
            for name in one.recipients:
                found.setdefault((number, name), []).append(one.data)
        return found

    def wait_arrived(self, numbers, seconds):
        wanted = {(number, name) for number in numbers for name in self.accepted[number][0]}
        end = time.monotonic() + seconds
        while not wanted <= self.arrived().keys():
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True

    def check(self):
        arrived = self.arrived()
        # A letter of both kinds is two in the queue, and the first may have left before the second was refused.
        unexpected = {key for key in arrived if key[0] not in self.accepted and self.refused[key[0]] != "both"}
        self.assertEqual(unexpected, set(), "refused, and delivered")
        self.assertEqual({key for key, copies in arrived.items() if len(copies) > 1}, set(), "came twice")
        sealed = [(number, data) for (number, name), copies in arrived.items() if name.endswith("@partner.example")
                  and number in self.accepted for data in copies]
        keys = self.gateway.keys
        stanzas = [share["stanza"] for _, recipient in keys.registered for share in recipient["shares"]]
        for (number, data), plain in zip(sealed, open_all([data for _, data in sealed], keys.release_identity, stanzas), strict=True):
            self.assertNotIn(b"of mail %d" % number, data)
            self.assertEqual(plain and plain[: len(self.accepted[number][1])], self.accepted[number][1])
        for (number, name), (data, *_) in arrived.items():
            if name.endswith("@x.example") and number in self.accepted:
                self.assertTrue(data.endswith(self.accepted[number][1]), number)
        self.assertEqual(self.gateway.stop(), 0)
        self.assertEqual(self.gateway.events("gateway.ended")[-1]["messages"], 0)
        # Files that could not be removed are removed at the next start; mail whose removal failed may come again.
        count = len(self.gateway.sink.mails)
        self.gateway.start()
        self.gateway.wait_empty()
        again = {re.search(rb"<(\d+)@acme\.example>", one.data)[1] for one in self.gateway.sink.mails[count:]}
        self.assertLessEqual({int(number) for number in again}, self.accepted.keys())
        print(f"  {len(self.accepted)} accepted and arrived, {len(self.refused)} put off, {len(again)} again after a restart", flush=True)
        self.assertEqual(self.gateway.events("mail.failed") + self.gateway.events("task.failed"), [])


class BrokenDatabase(unittest.TestCase):
    """What the key server cannot write it does not confirm: 5xx, and when the disk is well again all goes on."""

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.stack = Stack(self.folder / "stack", retry="100ms", keyserver_extra="[limits]\nfactor = 1000\n")
        self.addCleanup(self.stack.stop_all)
        self.stack.start_all()

    def status_of_a_code(self):
        asked = urllib.request.Request(f"http://127.0.0.1:{self.stack.ports['keyserver']}/v1/codes",
                                       json.dumps({"address": "anna@partner.example"}).encode(), {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def send(self, number):
        with smtplib.SMTP("127.0.0.1", self.stack.ports["gateway"], timeout=60) as client:
            client.sendmail("ann@acme.example", ["bob@partner.example"], mail(subject=f"{number}"))

    def test_what_is_not_written_is_not_confirmed(self):
        sent = statuses = 0
        for call, error in (("pwrite64", "EIO"), ("pwrite64", "ENOSPC"), ("fdatasync", "EIO")):
            for number in NUMBERS:
                with self.subTest(f"{call}: {error}", number=number):
                    trace = broken(self.stack.processes["keyserver"].pid, self.folder / "trace", call, error, number)
                    refused_before = self.stack.log("gateway").count('"event":"key_server.failed"')
                    self.send(sent := sent + 1)
                    seen = [self.status_of_a_code() for _ in range(4)]
                    time.sleep(0.3)
                    found = injected(trace.end(), "keys.sqlite")
                    refused = self.stack.log("gateway").count('"event":"key_server.failed"') - refused_before
                    print(f"  {call:9} {error:6} {number}: {len(found)} faults, {refused} batches refused, answers {seen}", flush=True)
                    self.assertTrue(found or number > 1, "no call failed")
                    self.assertLessEqual(set(seen), {202, 500, 503})
                    self.assertEqual(self.status_of_a_code(), 202)
                    statuses += refused + sum(status >= 500 for status in seen)
                    wait_for("the mails", lambda: len(mails_for(self.stack.mails, "bob@partner.example")) == sent)
        self.assertGreater(statuses, 3)
        bob = Recipient(self.folder, "bob@partner.example", self.stack.mails, self.stack.origin)
        bob.register()
        for path in bob.wait_envelopes(sent):
            self.assertIn(MARKER, bob.open(path))
        self.assertNotIn('"event":"task.failed"', self.stack.log("keyserver"))


if __name__ == "__main__":
    unittest.main()
