"""Nothing in clear at the gateway: no byte of a message is ever written to a file, whatever becomes of the message."""

import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from tests.lib.evidence import find, find_in_files, marker
from tests.lib.fake_key_server import FakeKeyServer
from tests.lib.gateway import Gateway
from tests.lib.recipient import wait_for
from tests.lib.smtp_sink import SmtpSink
from tests.lib.stack import BIN
from tests.lib.strace import Strace

# All by which bytes or names get into a file, and what could go around these.
CALLS = ("write,pwrite64,writev,pwritev,pwritev2,sendfile,copy_file_range,splice,vmsplice,open,openat,creat,rename,renameat,"
         "renameat2,link,linkat,symlink,symlinkat,setxattr,fsetxattr,mmap,memfd_create,io_uring_setup,sendmsg,sendto")
LONGEST = 1 << 20


class Trace:
    """Watches a running process with strace. end() gives what was written: to files, as (path, bytes), and to sockets."""

    def __init__(self, pid, folder):
        self.strace = Strace(pid, Path(folder) / "trace", CALLS, "-xx", "-s", str(LONGEST))

    def end(self):
        files, sockets, other = [], [], []
        for line in self.strace.end():
            call = re.match(r"\d+ +(\w+)\((.*)", line)
            if not call:
                continue  # "... resumed", which repeats nothing
            name, rest = call.groups()
            data = b"".join(bytes.fromhex(text.replace("\\x", "")) for text in re.findall(r'"((?:\\x[0-9a-f]{2})*)"', rest))
            if re.search(r'"\.\.\.', rest):
                raise AssertionError(f"a string of {name} is longer than what strace was told to print")
            # With -xx the path of a descriptor is printed in hex as well.
            target = re.match(r"\d+<((?:[^<>\\]|\\x[0-9a-f]{2})*)>", rest)
            path = re.sub(r"\\x([0-9a-f]{2})", lambda byte: chr(int(byte[1], 16)), target[1]) if target else ""
            if name in ("sendmsg", "sendto") or path.startswith(("socket:", "TCP:", "UNIX")):
                sockets.append(data)
            elif name.startswith(("write", "pwrite")):
                (files if path.startswith("/") else other).append((path, data))
            else:
                other.append((f"{name}({rest}", data))
        return files, sockets, other


def marked(name, subject="", sender="ann@acme.example", to="bob@partner.example", body=b""):
    """(markers, mail): one in the subject, one in the text, one in an attachment and in its name."""
    texts = [marker(name + what) for what in ("Subject", "Text", "Attached", "Name")]
    subject_marker, text, attached, title = texts
    data = (f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}{subject_marker}\r\nMIME-Version: 1.0\r\n"
            f"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n{text}\r\n--b\r\nContent-Type: application/pdf\r\n"
            f"Content-Disposition: attachment; filename={title}.pdf\r\n\r\n{attached}\r\n").encode() + body + b"\r\n--b--\r\n"
    return texts, data


class NothingInClear(unittest.TestCase):
    def setUp(self):
        self.refuse = set()
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

        def reply(verb, argument, _):
            return next((answer for word, answer in self.refuse if verb == "RCPT" and word in argument), None)

        def status_of(_, recipient):
            return "refused" if "unwanted" in recipient["address"] else "registered"

        self.gateway = Gateway(SmtpSink(reply=reply), FakeKeyServer(status_of=status_of), {})
        self.addCleanup(self.gateway.close)
        self.markers = []

    def send(self, name, to, **options):
        texts, data = marked(name, to=to, **options)
        self.markers += texts
        self.gateway.send(data, (to,), sender=options.get("sender", "ann@acme.example"))

    def refused(self, code, name, to, **options):
        with self.assertRaises(Exception) as caught:
            self.send(name, to, **options)
        self.assertEqual(getattr(caught.exception, "smtp_code", None), code)

    def all_kinds(self):
        """Mail that is sealed, passed, refused, deferred and bounced."""
        gateway = self.gateway
        self.refuse = {("slow", "451 4.2.0 later"), ("gone", "550 5.1.1 no such user")}
        self.send("sealed", "bob@partner.example")
        self.send("sealedBig", "bob@partner.example", body=(b"y" * 76 + b"\r\n") * 4000)
        self.send("passed", "bob@x.example")
        self.send("passedBig", "bob@x.example", body=(b"z" * 76 + b"\r\n") * 4000)
        self.refused(550, "refusedSender", "bob@partner.example", sender="eve@evil.example")
        self.refused(552, "refusedSize", "bob@partner.example", body=(b"y" * 76 + b"\r\n") * 14000)
        self.send("deferredSealed", "slow@partner.example")
        self.send("deferredPassed", "slow@x.example")
        self.send("bouncedSealed", "gone@partner.example")
        self.send("bouncedPassed", "gone@x.example")
        self.send("bouncedByKeys", "unwanted@partner.example")
        gateway.sink.wait(7)
        gateway.wait_event("mail.deferred", 2)

    def test_no_marker_in_any_file(self):
        gateway = self.gateway.start()
        trace = Trace(gateway.process.pid, self.folder)
        self.all_kinds()
        waiting = find_in_files(gateway.path, self.markers)
        gateway.keys.answer = lambda path, body: (503, {"error": {"code": "unavailable", "message": "the test says so"}})
        self.send("waitsForKeys", "bob@partner.example")
        gateway.wait_event("key_server.failed")
        self.assertEqual(find_in_files(gateway.path, self.markers) + waiting, [])
        gateway.keys.answer = lambda path, body: None
        self.refuse = set()
        gateway.wait_empty()
        gateway.stop()
        files, sockets, other = trace.end()

        clear = [text for text in self.markers if text.startswith("passed")]
        seen = {text for text, _ in find(b"\n".join(sockets), clear)}
        self.assertEqual(seen, set(clear), "the trace shows what it must show: mail that passes leaves in clear")
        self.assertGreater(sum(len(data) for path, data in files if str(gateway.queue_folder) in path), 500_000, "the queue was written")
        everything = {}
        for path, data in files:
            everything[path] = everything.get(path, b"") + b"\n" + data
        for path, data in everything.items():
            self.assertTrue(path.startswith(str(gateway.path)), f"{path} is written, and none of the gateway's files")
            self.assertEqual(find(data, self.markers), [], path)
        for call, data in other:
            self.assertEqual(find(data, self.markers), [], call)
            self.assertFalse(call.startswith(("io_uring", "memfd", "splice", "vmsplice", "sendfile", "copy_file_range")), call)
            if call.startswith("mmap"):
                self.assertFalse("MAP_SHARED" in call and "PROT_WRITE" in call, f"a file can be written behind our back: {call}")
        self.assertEqual(find(gateway.log().encode(), self.markers), [])
        self.assertEqual(find_in_files(gateway.path, self.markers), [])

    def test_after_kill_nothing_in_clear_is_left_or_written_again(self):
        """What a crash leaves behind, and what the next start makes of it."""
        gateway = self.gateway.start()
        self.refuse = {("@", "451 4.2.0 later")}
        self.send("sealed", "bob@partner.example")
        self.send("passed", "bob@x.example")
        gateway.wait_event("mail.deferred", 2)
        gateway.kill()
        self.assertGreater(len(gateway.queued()), 1)
        self.assertEqual(find_in_files(gateway.path, self.markers), [])
        gateway.start()
        self.refuse = set()
        self.assertEqual(len(gateway.sink.wait(2)), 2)
        gateway.wait_empty()
        self.assertEqual(find_in_files(gateway.path, self.markers), [])


class NoCoreDumps(unittest.TestCase):
    def test_all_programs_forbid_them_before_they_read_anything(self):
        """Neither the limit nor the flag lets the kernel write their memory to a disk, or another process read it."""
        with tempfile.TemporaryDirectory() as folder:
            for program in ("bulla-gateway", "bulla-keyserver", "bulla"):
                with self.subTest(program):
                    trace = Path(folder) / program
                    subprocess.run(["strace", "-f", "-e", "trace=prctl,prlimit64,openat", "-o", trace, BIN / program, "--config", "/nonexistent", "--check"],
                                   capture_output=True, check=False, timeout=60)
                    calls = trace.read_text()
                    read = calls.index("/nonexistent") if "/nonexistent" in calls else len(calls)
                    self.assertRegex(calls[:read], r"prctl\(PR_SET_DUMPABLE, (0|SUID_DUMP_DISABLE)")
                    self.assertRegex(calls[:read], r"RLIMIT_CORE, \{rlim_cur=0, rlim_max=0\}")

    def test_a_running_gateway_cannot_dump(self):
        gateway = Gateway()
        self.addCleanup(gateway.close)
        gateway.start()
        limits = Path(f"/proc/{gateway.process.pid}/limits").read_text()
        self.assertRegex(limits, r"Max core file size +0 +0 ")
        wait_for("the keys", lambda: (gateway.path / "keys" / "queue.key").exists())
        gateway.process.send_signal(6)  # SIGABRT, which dumps core where that is allowed
        self.assertEqual(gateway.process.wait(20), -6)
        gateway.process = None
        self.assertEqual([path for path in gateway.path.rglob("*core*")], [])


if __name__ == "__main__":
    unittest.main()
