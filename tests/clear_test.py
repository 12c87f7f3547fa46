"""Nothing in clear at the gateway: no byte of a message is ever written to a file, whatever becomes of the message."""

import base64
import os
import re
import signal
import smtplib
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from tests.lib.evidence import find, find_in_files, marker
from tests.lib.fake_key_server import FakeKeyServer
from tests.lib.gateway import Gateway
from tests.lib.memory import Tokens
from tests.lib.recipient import wait_for
from tests.lib.smtp_sink import SmtpSink
from tests.lib.stack import BIN
from tests.lib.strace import Strace, StraceFromStart

# All by which bytes or names get into a file, and what could go around these. A private mapping of a file never gets
# there, and one that is shared is refused from the start, so that mprotect need not be watched.
CALLS = ("write,pwrite64,writev,pwritev,pwritev2,sendfile,copy_file_range,splice,vmsplice,tee,open,openat,openat2,creat,mkdir,mkdirat,"
         "mknod,mknodat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,setxattr,fsetxattr,lsetxattr,mmap,memfd_create,"
         "io_uring_setup,io_setup,sendmsg,sendmmsg,sendto")
AROUND = ("io_uring", "io_setup", "memfd", "splice", "vmsplice", "tee", "sendfile", "copy_file_range")
LONGEST = 1 << 20
OPTIONS = ("-xx", "-s", str(LONGEST))


class Written:
    """What a trace says that was written: by file and by socket, in order; and the other calls, as (call, bytes)."""

    def __init__(self, lines):
        self.files, self.sockets, self.other = {}, {}, []
        for line in lines:
            # A call that is interrupted is printed with all that it writes; "... resumed" repeats nothing.
            if call := re.match(r"\d+ +(\w+)\((.*)", line):
                self.add(*call.groups())

    def add(self, name, rest):
        data = b"".join(bytes.fromhex(text.replace("\\x", "")) for text in re.findall(r'"((?:\\x[0-9a-f]{2})*)"', rest))
        if re.search(r'"\.\.\.', rest):
            raise AssertionError(f"a string of {name} is longer than what strace was told to print")
        # With -xx the path of a descriptor is printed in hex as well.
        target = re.match(r"\d+<((?:[^<>\\]|\\x[0-9a-f]{2})*)>", rest)
        path = re.sub(r"\\x([0-9a-f]{2})", lambda byte: chr(int(byte[1], 16)), target[1]) if target else ""
        if name.startswith("send") and name != "sendfile" or path.startswith(("socket:", "TCP:", "UNIX")):
            self.sockets[path] = self.sockets.get(path, b"") + data
        elif name.startswith(("write", "pwrite")) and path.startswith("/"):
            self.files[path] = self.files.get(path, b"") + data
        else:
            self.other.append((f"{name}({rest}", data))


def hex_of(text):
    """As strace prints it with -xx."""
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


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
        # AddressSanitizer cannot look for leaks under strace, and says so with its exit code.
        self.gateway.environment["ASAN_OPTIONS"] = "detect_leaks=0"
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

    def begin_data(self, name, to, **options):
        """The connection of a message that is to be sent by hand, behind DATA, and the message."""
        texts, data = marked(name, to=to, **options)
        self.markers += texts
        client = smtplib.SMTP("127.0.0.1", self.gateway.port, timeout=60)
        self.addCleanup(client.close)
        client.ehlo()
        client.mail("ann@acme.example")
        client.rcpt(to)
        self.assertEqual(client.docmd("DATA")[0], 354)
        return client, data

    def too_big(self, name, to):
        """A client that does not say how large its message is, and so sends all of it."""
        client, data = self.begin_data(name, to, body=(b"y" * 76 + b"\r\n") * 14000)
        client.send(data + b".\r\n")
        self.assertEqual(client.getreply()[0], 552)

    def bare_line_feed(self, name, to):
        client, data = self.begin_data(name, to, body=b"a\nb")
        client.send(data + b".\r\n")
        self.assertEqual(client.getreply()[0], 550)

    def cut_off(self, name, to):
        before = self.gateway.count("smtp.ended")
        client, data = self.begin_data(name, to, body=(b"y" * 76 + b"\r\n") * 4000)
        client.send(data[:300_000])
        client.close()
        self.gateway.wait_event("smtp.ended", before + 1)

    def all_kinds(self):
        """Mail that is sealed, passed, refused, cut off, deferred and bounced."""
        gateway = self.gateway
        self.refuse = {("slow", "451 4.2.0 later"), ("gone", "550 5.1.1 no such user")}
        self.send("sealed", "bob@partner.example")
        self.send("sealedBig", "bob@partner.example", body=(b"y" * 76 + b"\r\n") * 4000)
        self.send("passed", "bob@x.example")
        self.send("passedBig", "bob@x.example", body=(b"z" * 76 + b"\r\n") * 4000)
        self.refused(550, "refusedSender", "bob@partner.example", sender="eve@evil.example")
        for to in ("bob@partner.example", "bob@x.example"):
            self.too_big("refusedSize", to)
            self.bare_line_feed("refusedLineFeed", to)
            self.cut_off("cutOff", to)
        self.send("deferredSealed", "slow@partner.example")
        self.send("passedDeferred", "slow@x.example")
        self.send("bouncedSealed", "gone@partner.example")
        self.send("bouncedPassed", "gone@x.example")
        self.send("bouncedByKeys", "unwanted@partner.example")
        gateway.sink.wait(7)
        gateway.wait_event("mail.deferred", 2)

    def assert_nothing_in_clear(self, written):
        """Nor anything to a socket, but for what policy lets pass, and the subject of what is sealed."""
        gateway = self.gateway
        for path, data in written.files.items():
            own = path.startswith(str(gateway.path)) or re.fullmatch(r"/tmp/tsan\.rodata\.\d+", path)  # ThreadSanitizer's start
            self.assertTrue(own, f"{path} is written, and none of the gateway's files")
            self.assertEqual(find(data, self.markers), [], path)
        for call, data in written.other:
            self.assertEqual(find(data, self.markers), [], call)
            self.assertFalse(call.startswith(AROUND), call)
            if call.startswith("mmap") and "MAP_SHARED" in call:
                self.assertRegex(call, r"PROT_READ, MAP_SHARED.*, \d+<" + re.escape(hex_of("/usr/")), "a file can be written behind our back")
        hidden = [text for text in self.markers if not text.startswith("passed") and not re.match("[a-zA-Z]*Subject", text)]
        self.assertGreater(len(hidden), 2)
        for path, data in written.sockets.items():
            self.assertEqual(find(data, hidden), [], path)
        self.assertEqual(find(gateway.log().encode(), self.markers), [])
        self.assertEqual(find_in_files(gateway.path, self.markers), [])

    def assert_seen(self, written):
        """The trace shows what it must show: mail that passes leaves in clear."""
        clear = {text for text in self.markers if text.startswith("passed")}
        self.assertTrue(clear)
        self.assertEqual({text for text, _ in find(b"\n".join(written.sockets.values()), clear)}, clear)

    def test_no_marker_in_any_file(self):
        gateway = self.gateway.start()
        trace = Strace(gateway.process.pid, self.folder / "trace", CALLS, *OPTIONS)
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
        written = Written(trace.end())
        self.assert_seen(written)
        self.assertGreater(sum(len(data) for path, data in written.files.items() if str(gateway.queue_folder) in path), 500_000, "the queue was written")
        self.assert_nothing_in_clear(written)

    def test_no_room(self):
        """452: what the disk has no room for is not put elsewhere."""
        self.gateway.configure({"reserve": '"100000GB"'})
        gateway = self.gateway.start()
        trace = Strace(gateway.process.pid, self.folder / "trace", CALLS, *OPTIONS)
        self.refused(452, "noRoomSealed", "bob@partner.example")
        self.refused(452, "noRoom", "bob@x.example", body=(b"y" * 76 + b"\r\n") * 4000)
        gateway.stop()
        written = Written(trace.end())
        self.assertIn(b"452 4.3.1", b"".join(written.sockets.values()))
        self.assert_nothing_in_clear(written)

    def test_after_kill_nothing_in_clear_is_left_or_written_again(self):
        """What a crash leaves behind, and what the next start, watched from its first instruction, makes of it."""
        gateway = self.gateway.start()
        self.refuse = {("@", "451 4.2.0 later")}
        self.send("sealed", "bob@partner.example")
        self.send("passed", "bob@x.example")
        client, data = self.begin_data("half", "bob@partner.example")
        client.send(data)
        gateway.wait_event("mail.deferred", 2)
        gateway.kill()
        client.close()
        self.assertGreater(len(gateway.queued()), 1)
        self.assertEqual(find_in_files(gateway.path, self.markers), [])
        self.refuse = set()
        trace = StraceFromStart(self.folder / "trace", CALLS, *OPTIONS)
        gateway.prefix = trace.prefix
        gateway.start()
        self.assertEqual(len(gateway.sink.wait(2)), 2)
        gateway.wait_empty()
        gateway.stop()
        written = Written(trace.end())
        self.assert_seen(written)
        self.assertTrue(any(call.startswith("openat") and hex_of(str(gateway.config)) in call for call, _ in written.other))
        self.assert_nothing_in_clear(written)


class Wiped(unittest.TestCase):
    """What is left in the gateway's memory of a message of 2 MB, when the gateway is done with it."""

    # GMime's parser has a buffer of 4 KiB that it frees as it is, and only what is sealed is parsed. Of the rest, nothing.
    SLACK = 1024
    PARSED = 4096 + SLACK

    def setUp(self):
        self.cut = False
        sink = SmtpSink(reply=lambda verb, *_: "cut" if self.cut and verb == "DATA" else None)
        self.gateway = Gateway(sink, changes={"max_size": '"3MB"'})
        self.addCleanup(self.gateway.close)
        # What is freed stays where it is, instead of going back to the kernel.
        self.gateway.environment["GLIBC_TUNABLES"] = ("glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=4000000000:"
                                                      "glibc.malloc.arena_max=1:glibc.malloc.tcache_count=0")
        self.gateway.start()
        self.sent = []

    def begin(self, to, sender="ann@acme.example", size=2_000_000):
        """A connection behind DATA, and the message for it. The client does not say how large that is: buffers must grow."""
        tokens = Tokens(size)
        client = smtplib.SMTP("127.0.0.1", self.gateway.port, timeout=60)
        self.addCleanup(client.close)
        client.ehlo()
        client.mail(sender)
        client.rcpt(to)
        self.assertEqual(client.docmd("DATA")[0], 354)
        head = f"From: {sender}\r\nTo: {to}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n"
        return client, tokens, (head.encode() + tokens.plain + b"--b\r\nContent-Type: application/pdf\r\n"
                                b"Content-Transfer-Encoding: base64\r\n\r\n" + tokens.base64 + b"--b--\r\n")

    def finish(self, kind, code, *arguments, bound=SLACK, **options):
        client, tokens, data = self.begin(*arguments, **options)
        client.send(data + b".\r\n")
        self.assertEqual(client.getreply()[0], code)
        self.assert_gone(kind, tokens, bound)
        client.quit()
        if not self.cut:
            self.gateway.wait_empty()

    def assert_gone(self, kind, tokens, bound):
        self.sent.append((kind, tokens, bound))
        # It may be under way still, and a worker have the last piece in its hands when the queue is empty already.
        deadline = time.monotonic() + 10
        while (left := tokens.left_in(self.gateway.process.pid)[1]) > bound and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertLessEqual(left, bound, kind)

    def held_and_cut(self, kind, data_of):
        """Before its end, or its client's, all of a message is there: the search sees what it must see."""
        client, tokens, data = self.begin("bob@x.example")
        client.send(data_of(data))
        sent = data_of(data).count(tokens.magic) + data_of(data).count(base64.b64encode(tokens.magic))
        wait_for("the message in memory", lambda: tokens.left_in(self.gateway.process.pid)[0] > sent - 200, 20)
        client.close()
        self.assert_gone(kind, tokens, self.SLACK)

    def test_of_the_body_nothing_of_ours_is_left(self):
        self.held_and_cut("whole, but without its end", lambda data: data)
        self.finish("sealed", 250, "bob@partner.example", bound=self.PARSED)
        self.finish("passed", 250, "bob@x.example")
        self.finish("refused by policy", 550, "bob@partner.example", sender="eve@evil.example")
        self.finish("too large", 552, "bob@x.example", size=4_000_000)
        self.held_and_cut("cut off", lambda data: data[:1_500_000])
        self.cut = True
        self.finish("waiting, after the next hop hung up", 250, "bob@x.example")
        self.gateway.wait_event("mail.deferred")
        self.cut = False
        self.gateway.wait_empty()
        self.assertEqual(len(self.gateway.sink.mails), 3)
        left = {kind: tokens.left_in(self.gateway.process.pid) for kind, tokens, _ in self.sent}
        print("\n  left: " + ", ".join(f"{kind} {size} bytes" for kind, (_, size) in left.items()), flush=True)
        for kind, _, bound in self.sent:
            self.assertLessEqual(left[kind][1], bound, kind)


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
        if not self.any_other_program_dumps(gateway.path):
            self.skipTest("the control beside it dumped no core: this kernel or its limits let no program do so, and then nothing is shown")
        gateway.start()
        limits = Path(f"/proc/{gateway.process.pid}/limits").read_text()
        self.assertRegex(limits, r"Max core file size +0 +0 ")
        wait_for("the keys", lambda: (gateway.path / "keys" / "queue.key").exists())
        self.assertEqual(self.end_of(gateway.process), os.CLD_KILLED)
        gateway.process = None

    def end_of(self, process):
        """How a process ends that is told to dump core: CLD_DUMPED, or CLD_KILLED when it may not."""
        process.send_signal(signal.SIGABRT)
        ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT).si_code
        self.assertEqual(process.wait(), -signal.SIGABRT)
        return ended

    def any_other_program_dumps(self, folder):
        """Whether the kernel dumps what does not forbid it: without that, nothing is shown."""
        other = subprocess.Popen(["prlimit", "--core=unlimited", "sleep", "60"], cwd=folder, stderr=subprocess.DEVNULL)
        wait_for("sleep", lambda: Path(f"/proc/{other.pid}/comm").read_text() == "sleep\n" or other.poll() is not None)
        return other.poll() is None and self.end_of(other) == os.CLD_DUMPED


if __name__ == "__main__":
    unittest.main()
