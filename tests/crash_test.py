"""Nothing that was acknowledged is lost: not by kill -9 or a stop of gateway and key server, and not by a full disk.

BULLA_SOAK=1 makes 200 rounds instead of 20; BULLA_SEED chooses the moments, and is printed.
"""

import collections
import os
import random
import smtplib
import sqlite3
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from tests.lib.gateway import Gateway, mail
from tests.lib.recipient import Recipient, mails_for, read_mail, wait_for
from tests.lib.stack import Stack
from tests.lib.thief import open_all

BOB, ERIN = "bob@partner.example", "erin@x.example"
ROUNDS = 200 if os.environ.get("BULLA_SOAK") else 20
SEED = int(os.environ.get("BULLA_SEED", "20261124"))


def letter(number, to):
    body = b"".join(b"line %d of mail %d\r\n" % (line, number) for line in range(1 + number * 37 % 900))
    return b"From: ann@acme.example\r\nTo: %s\r\nMessage-ID: <%d@acme.example>\r\nSubject: mail %d\r\n\r\n" % (to.encode(), number, number) + body


class Senders:
    """Threads that send one mail after the other; `accepted` has those that got 250: number → (recipient, bytes)."""

    def __init__(self, port, count=2):
        self.port, self.accepted, self.stopped = port, {}, threading.Event()
        self._lock, self._next = threading.Lock(), 0
        self._threads = [threading.Thread(target=self._run) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def _run(self):
        while not self.stopped.wait(0.03):
            with self._lock:
                number = self._next = self._next + 1
            to = ERIN if number % 4 == 0 else BOB
            data = letter(number, to)
            try:
                with smtplib.SMTP("127.0.0.1", self.port, timeout=30) as client:
                    client.sendmail("ann@acme.example", [to], data)
                    self.accepted[number] = (to, data)
            except (OSError, smtplib.SMTPException):
                pass  # no 250, no promise

    def stop(self):
        self.stopped.set()
        for thread in self._threads:
            thread.join()


def number_of(path):
    return int(read_mail(path)["Message-ID"].strip("<>").split("@")[0])


def stanzas_of(stack):
    """What the key server keeps for somebody who has not registered."""
    with sqlite3.connect(stack.state / "keyserver" / "keys.sqlite") as database:
        stanzas = [stanza for stanza, in database.execute("SELECT stanza FROM shares WHERE address = ?", (BOB,))]
    database.close()
    return stanzas


class Ends:
    """How often each program ended in each way. Every fourth end is a clean stop, so that both come."""

    def __init__(self, chance):
        self.turn = {name: chance.randrange(4) for name in ("gateway", "keyserver")}
        self.count = collections.Counter()

    def end(self, stack, name):
        self.turn[name] += 1
        how = "stopped" if self.turn[name] % 4 == 0 else "killed"
        (stack.stop if how == "stopped" else stack.kill)(name)
        self.count[name, how] += 1


class Killed(unittest.TestCase):
    def test_what_got_250_arrives_sealed_and_opens(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        stack = Stack(folder / "stack", retry="100ms", keyserver_extra="[limits]\nfactor = 1000\n")
        self.addCleanup(stack.stop_all)
        stack.start_all()
        chance, waiting = random.Random(SEED), 0
        ends = Ends(chance)
        queue = stack.state / "gateway" / "queue"
        print(f"\n  BULLA_SEED={SEED}, {ROUNDS} rounds", flush=True)
        senders = Senders(stack.ports["gateway"])
        try:
            for number in range(ROUNDS):
                senders.stopped.wait(chance.uniform(0, 0.4))
                victims = chance.choice((["gateway"], ["gateway"], ["keyserver"], ["gateway", "keyserver"]))
                for name in victims:
                    ends.end(stack, name)
                waiting += "gateway" in victims and any(queue.glob("*.record"))
                for name in reversed(victims):
                    stack.start(name)
                if number % 20 == 19 and ROUNDS > 20:
                    print(f"  {number + 1} rounds, {len(senders.accepted)} mails accepted", flush=True)
        finally:
            senders.stop()
        self.check(stack, senders.accepted, folder)
        print(f"  {dict(ends.count)}; mail was waiting at {waiting} of them", flush=True)
        self.assertEqual(len(ends.count), 4, "every program is killed and stopped")
        self.assertGreater(waiting, 0, "no end came while mail was in the queue")

    def check(self, stack, accepted, folder):
        queue = stack.state / "gateway" / "queue"
        wait_for("an empty queue", lambda: {path.name for path in queue.iterdir()} <= {"lock"}, 300)
        sealed = [path for _, path in mails_for(stack.mails, BOB)]
        passed = [path for _, path in mails_for(stack.mails, ERIN)]
        numbers = [number_of(path) for path in sealed + passed]
        self.assertEqual(set(accepted) - set(numbers), set(), "lost")
        doubles = len(numbers) - len(set(numbers))
        # A crash doubles what was between the next hop's answer and our own record of it.
        self.assertLessEqual(doubles, len(accepted) / 4)
        release = (stack.state / "keyserver-keys" / "release.key").read_text().strip()
        plain = open_all([path.read_bytes() for path in sealed], release, stanzas_of(stack))
        for path, content in zip(sealed, plain):
            number = number_of(path)
            original = letter(number, BOB)
            self.assertIsNotNone(content, f"mail {number} does not open")
            self.assertEqual(content[: len(original)], original)
            self.assertNotIn(b"of mail %d" % number, path.read_bytes())
        for path in passed:
            self.assertTrue(path.read_bytes().endswith(letter(number_of(path), ERIN)))
        bounces = [path for _, path in mails_for(stack.mails, "ann@acme.example")]
        self.assertEqual(bounces, [], "none of it is a reason to bounce")
        # The recipient registers only now: the shares go over to the account, and the client opens the same mails.
        bob = Recipient(folder, BOB, stack.mails, stack.origin)
        bob.register()
        sample = random.Random(SEED).sample(sealed, min(len(sealed), 20 if ROUNDS > 20 else 4))
        for path in sample:
            self.assertEqual(bob.open(path), letter(number_of(path), BOB))
        print(f"  {len(accepted)} accepted, {len(set(numbers))} arrived, {doubles} of them twice, {len(plain)} sealed and opened, "
              f"{len(sample)} by the client", flush=True)
        self.assertGreater(len(accepted), ROUNDS)


def try_mount(folder, size):
    """A small file system on a folder, or the reason why there cannot be one here."""
    folder.mkdir(mode=0o700)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", folder], capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else done.stderr.strip()


class FullDisk(unittest.TestCase):
    def fill(self, folder):
        """Writes until nothing more goes in."""
        with open(folder / "filler", "wb", buffering=0) as filler:
            try:
                while filler.write(b"x" * 4096):
                    pass
            except OSError:
                pass

    def gateway(self, reserve):
        gateway = Gateway(changes={"reserve": reserve})
        self.addCleanup(gateway.close)
        return gateway

    def test_452_and_afterwards_as_before(self):
        """Both with the reserve, and with a reserve too small to help: then the write itself fails."""
        for reserve in ('"1MB"', '"1kB"'):
            with self.subTest(reserve=reserve):
                gateway = self.gateway(reserve)
                state = gateway.path / "state"
                if reason := try_mount(state, "6m"):
                    state.rmdir()
                    self.skipTest(f"no small disk here ({reason}); tests/disk_fault_test.py has writes that fail for want of room")
                self.addCleanup(subprocess.run, ["umount", state], check=True)
                self.addCleanup(lambda one=gateway: one.process and one.stop())
                gateway.start()
                gateway.send(mail(body=b"before"))
                gateway.sink.wait(1)
                gateway.wait_empty()
                # Mail that waits while the disk fills up, sealed and not, goes out when there is room.
                gateway.sink.after_data = lambda one: "451 4.3.0 later"
                gateway.send(mail(body=b"waiting"))
                gateway.send(mail(subject="x", body=b"waiting"), ("carol@x.example",))
                gateway.wait_event("mail.deferred", 2)
                self.fill(state)
                for subject, to in (("[secure] x", "bob@partner.example"), ("x", "carol@x.example")):
                    self.refused(gateway, subject, to)
                seen = gateway.count("mail.deferred")
                gateway.wait_event("mail.deferred", seen + 2)
                (state / "filler").unlink()
                gateway.sink.after_data = lambda one: None
                gateway.sink.wait(3)
                gateway.send(mail(body=b"after"))
                gateway.sink.wait(4)
                gateway.wait_empty()
                self.assertEqual([one.recipients[0][:3] for one in gateway.sink.mails].count("bob"), 3)
                self.assertEqual(len(gateway.sink.mails), 4)
                self.assertEqual(gateway.stop(), 0)

    def refused(self, gateway, subject, to):
        with self.assertRaises(smtplib.SMTPResponseException) as caught:
            gateway.send(mail(subject=subject, to=to, body=(b"y" * 76 + b"\r\n") * 5000), (to,))
        self.assertEqual(caught.exception.smtp_code, 452, caught.exception.smtp_error)
        self.assertIn(b"4.3.1", caught.exception.smtp_error)

    def test_the_reserve_stays_free(self):
        gateway = self.gateway('"100000GB"').start()
        self.refused(gateway, "[secure] x", "bob@partner.example")
        gateway.stop()
        gateway.configure({})
        gateway.start()
        gateway.send(mail())
        gateway.sink.wait(1)


if __name__ == "__main__":
    unittest.main()
