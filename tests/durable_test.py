"""`250` and `2xx` mean durable: they leave a program only after the kernel has said that the disk has it (strace)."""

import json
import re
import tempfile
import unittest
import urllib.request
from pathlib import Path

from tests.lib.gateway import Gateway, mail
from tests.lib.stack import Stack
from tests.lib.strace import Strace

CALLS = "fdatasync,fsync,sync_file_range,pwrite64,rename,renameat,renameat2,write,writev,sendmsg,sendto"


def events(lines, done, begun):
    """Names of calls in their order: those of `done` where they came back without an error, of `begun` where they began."""
    out, waiting = [], {}
    for line in lines:
        pid, call = line.split(None, 1)
        resumed = call.startswith("<...")
        if not resumed:
            out += [name for name, pattern in begun.items() if re.search(pattern, call)]
        if call.endswith("<unfinished ...>"):
            waiting[pid] = call
            continue
        whole = waiting.pop(pid, "") + call if resumed else call
        if " = -1 " not in whole:
            out += [name for name, pattern in done.items() if re.search(pattern, whole)]
    return out


class Durable(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def assert_order(self, found, *expected):
        """There is one reply, and before it the expected calls, each behind the one before."""
        self.assertEqual(found.count("reply"), 1, found)
        rest = found[: found.index("reply")]
        for name in expected:
            self.assertIn(name, rest, f"no {name} where it belongs: {found}")
            rest = rest[rest.index(name) + 1 :]

    def test_250_comes_after_the_disk(self):
        """The body's file, the record file, its name, the folder, and then the reply; sealed or not, large or small."""
        gateway = Gateway()
        self.addCleanup(gateway.close)
        gateway.start()
        done = {"body": r"^fdatasync\(\d+<\S*\.body>", "record": r"^fdatasync\(\d+<\S*\.new>", "name": r'^rename\w*\(.*\.new".*\.record"',
                "folder": rf"^fsync\(\d+<{re.escape(str(gateway.queue_folder))}>"}
        reply = {"reply": r'^(?:write|writev|send\w+)\(.*"250 2\.\d\.\d [^"]*queued as'}
        for title, to, size in (("small, sealed", "bob@partner.example", 0), ("large, sealed", "bob@partner.example", 300_000),
                                ("small, passed", "bob@x.example", 0), ("large, passed", "bob@x.example", 300_000)):
            with self.subTest(title):
                trace = Strace(gateway.process.pid, self.folder / "trace", CALLS, "-s", "100")
                gateway.send(mail(subject="x", to=to, body=b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * (size // 72)), (to,))
                self.assert_order(events(trace.end(), done, reply), *(["body"] if size else []), "record", "name", "folder")

    def test_the_key_server_answers_after_the_disk(self):
        """What an answer says is in the write-ahead log, and that is synced, before the answer leaves."""
        stack = Stack(self.folder / "stack")
        self.addCleanup(stack.stop_all)
        stack.configure()
        stack.start("keyserver")

        def ask(address):
            asked = urllib.request.Request(f"http://127.0.0.1:{stack.ports['keyserver']}/v1/codes", json.dumps({"address": address}).encode(),
                                           {"Content-Type": "application/json"})
            with urllib.request.urlopen(asked, timeout=30) as answer:
                self.assertEqual(answer.status, 202)

        ask("anna@partner.example")  # The head of a new log is synced in any case: it is not what is looked for.
        trace = Strace(stack.processes["keyserver"].pid, self.folder / "trace", CALLS, "-s", "100")
        ask("bob@partner.example")
        done = {"written": r"^pwrite64\(\d+<\S*keys\.sqlite-wal>", "synced": r"^f(?:data)?sync\(\d+<\S*keys\.sqlite-wal>"}
        reply = {"reply": r'^(?:write|writev|send\w+)\(.*"HTTP/1\.1 202 '}
        self.assert_order(events(trace.end(), done, reply), "written", "synced")


if __name__ == "__main__":
    unittest.main()
