"""Hostile clients: SMTP and HTTP spoken badly on purpose, and attacks on accounts. Others are served meanwhile.

BULLA_SOAK=1 adds what takes a quiet machine: whether answers tell by their time which addresses there are.
"""

import base64
import json
import os
import random
import re
import secrets
import smtplib
import socket
import ssl
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from tests.lib.evidence import RecordingProxy
from tests.lib.gateway import Gateway, mail
from tests.lib.recipient import Recipient, mails_for, wait_for
from tests.lib.stack import BIN, Stack

SEED = 20261124
BOB, CAROL, DAN = "bob@partner.example", "carol@partner.example", "dan@partner.example"
# The base point of ristretto255 (RFC 9496): a valid element in a made-up OPAQUE message.
POINT = bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76")

# A sanitizer's own memory is many times that of the program.
SANITIZED = any(name in (BIN / "bulla-gateway").read_bytes() for name in (b"__asan_init", b"__tsan_init"))
MEMORY_FACTOR = 12 if SANITIZED else 1


def memory_of(process):
    """Bytes that a process has in memory."""
    return int(re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())[1]) * 1024


def connect(port, source="127.0.0.1"):
    """A connection from another address of loopback, which counts as another client."""
    connection = socket.create_connection(("127.0.0.1", port), 30, (source, 0))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def read_all(connection):
    """Everything until the other side closes."""
    data = b""
    try:
        while piece := connection.recv(65536):
            data += piece
    except ConnectionResetError:
        pass  # it closed with our bytes unread
    return data


def talk(port, data, source="127.0.0.1"):
    """Writes all, closes this half, and reads to the end."""
    with connect(port, source) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it had enough before the end
        return read_all(connection)


class Smtp(unittest.TestCase):
    SESSION = (b"EHLO c.test\r\nMAIL FROM:<ann@acme.example>\r\nRCPT TO:<bob@partner.example>\r\nDATA\r\n", b"From: ann@acme.example\r\n\r\n.x\r\n.\r\n")

    def gateway(self, **changes):
        gateway = Gateway(changes=changes)
        self.addCleanup(gateway.close)
        gateway.start()
        gateway.before = memory_of(gateway.process)
        return gateway

    def assert_well(self, gateway, growth=64 << 20):
        """It runs, serves, and has not grown by more than that."""
        self.assertIsNone(gateway.process.poll(), gateway.log()[-2000:])
        count = len(gateway.sink.mails)
        gateway.send(mail(body=b"others are served"))
        gateway.sink.wait(count + 1)
        self.assertLess(memory_of(gateway.process) - gateway.before, growth * MEMORY_FACTOR)

    def test_closing_at_each_byte(self):
        """Written at once and cut: only a mail whose end was sent is one."""
        gateway = self.gateway()
        whole = b"".join(self.SESSION)
        for size in range(len(whole)):
            talk(gateway.port, whole[:size])
        self.assertEqual(gateway.queued(), [])
        self.assertEqual(gateway.sink.mails, [])
        self.assertIn(b"\r\n250 ", talk(gateway.port, whole))
        gateway.sink.wait(1)
        self.assert_well(gateway)

    def test_byte_by_byte(self):
        gateway = self.gateway()
        with connect(gateway.port) as connection:
            for byte in b"".join(self.SESSION) + b"QUIT\r\n":
                connection.sendall(bytes([byte]))
            self.assertIn(b"\r\n221 ", read_all(connection))
        self.assertEqual(len(gateway.sink.wait(1)), 1)

    def test_idle_ones_do_not_keep_others_out(self):
        """As many as one address may have, each stuck elsewhere; one more is told so, another address is served."""
        gateway = self.gateway()
        stuck = [connect(gateway.port, "127.0.0.9") for _ in range(50)]
        self.addCleanup(lambda: [one.close() for one in stuck])
        for number, one in enumerate(stuck):
            self.assertTrue(one.recv(1000).startswith(b"220"))
            one.sendall((self.SESSION[0] + self.SESSION[1])[: number * 2])
        with connect(gateway.port, "127.0.0.9") as more:
            self.assertTrue(more.recv(1000).startswith(b"421 "))
        self.assert_well(gateway)

    def test_garbage(self):
        """Ends with 421 after some errors, or is hung up on; nothing of it is taken."""
        gateway, chance = self.gateway(), random.Random(SEED)
        rows = {"random bytes": chance.randbytes(200_000), "lines of random bytes": b"\r\n".join(chance.randbytes(50) for _ in range(2000)),
                "line ends": b"\r\n" * 50_000, "one endless line": b"A" * 5_000_000, "an endless MAIL": b"MAIL FROM:<" + b"a" * 5_000_000,
                "TLS to a plain port": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + chance.randbytes(512), "HTTP": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n" + b"".join(self.SESSION),
                "commands out of order": b"EHLO x\r\nDATA\r\nRCPT TO:<a@x.example>\r\nDATA\r\n.\r\n" * 100, "unknown commands": b"EHLO x\r\n" + b"XYZZY\r\nAUTH PLAIN AAAA\r\nBDAT 5 LAST\r\nEXPN x\r\nTURN\r\nETRN x\r\n" * 50}
        for title, data in rows.items():
            with self.subTest(title):
                said = talk(gateway.port, data)
                self.assertTrue(said.startswith(b"220 "))
                self.assertNotIn(b"354", said)
                replies = [line for line in said.split(b"\r\n")[1:] if line[3:4] == b" "]
                self.assertLess(len(replies), 200)
                self.assertNotIn(b"AAAA", said[4:].replace(b"AUTH PLAIN AAAA", b""), "what was said is not repeated at length")
        self.assertEqual(gateway.queued(), [])
        self.assert_well(gateway)

    def test_http_commands_are_no_smtp(self):
        """A browser that was made to post to the port: its body is not obeyed."""
        gateway = self.gateway()
        body = b"".join(self.SESSION)
        said = talk(gateway.port, b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        self.assertNotIn(b"354", said)
        self.assertEqual(gateway.sink.mails, [])

    def test_oversized_everything(self):
        gateway = self.gateway()
        rows = [(b"MAIL FROM:<" + b"a" * 400 + b"@acme.example>", b"5"), (b"MAIL FROM:<ann@acme.example> SIZE=99999999999999999999999999", b"5"),
                (b"MAIL FROM:<ann@acme.example> SIZE=2000000", b"552"), (b"MAIL FROM:<ann@acme.example>" + b" X=1" * 50, b"5"),
                (b"EHLO " + b"x" * 3000, b"5"), (b"MAIL FROM:<" + b"@a.example," * 60 + b"@b.example:ann@acme.example>", b"5"), (b"NOOP " + b"x" * 1500, b"5")]
        for line, code in rows:
            with self.subTest(line[:40]), connect(gateway.port) as connection:
                connection.recv(1000)
                connection.sendall(b"HELO x\r\n")
                connection.recv(1000)
                connection.sendall(line + b"\r\n")
                self.assertTrue(connection.recv(2000).startswith(code))
        said = talk(gateway.port, b"HELO x\r\nMAIL FROM:<ann@acme.example>\r\n" + b"".join(b"RCPT TO:<r%d@x.example>\r\n" % at for at in range(1200)) + b"QUIT\r\n")
        self.assertEqual((said.count(b"\r\n250 2.1.5"), said.count(b"\r\n452 ")), (1000, 200))
        self.assertIn(b"421", talk(gateway.port, b"HELO x\r\n" + b"NOOP\r\n" * 10_100)[-500:], "commands are counted")
        self.assert_well(gateway)

    def test_memory_is_bounded(self):
        """Far more messages at once than there is room for: some get 452, then there is room again, and little has grown."""
        gateway = self.gateway(max_size='"4MB"', max_memory='"8MB"')
        block = (b"y" * 76 + b"\r\n") * 50_000
        sessions = [connect(gateway.port) for _ in range(40)]
        self.addCleanup(lambda: [one.close() for one in sessions])
        most = 0
        for one in sessions:
            lines = one.makefile("rwb")
            lines.readline()
            for command in self.SESSION[0].replace(b"EHLO", b"HELO").splitlines(True):
                lines.write(command)
                lines.flush()
                lines.readline()
            lines.write(b"From: ann@acme.example\r\n\r\n" + block)
            lines.flush()
            lines.close()
            most = max(most, memory_of(gateway.process))
        codes = []
        for one in sessions:
            one.sendall(b".\r\n")
            codes.append(one.recv(1000)[:3])
            most = max(most, memory_of(gateway.process))
        self.assertLessEqual(set(codes), {b"250", b"452"})
        self.assertGreater(codes.count(b"452"), 20)
        self.assertIn(b"250", codes)
        wait_for("the mails", lambda: len(gateway.sink.mails) == codes.count(b"250"))
        print(f"\n  {len(block) * len(sessions) >> 20} MiB offered, {codes.count(b'250')} taken, grown by {most - gateway.before >> 20} MiB at most", flush=True)
        self.assertLess(most - gateway.before, (48 << 20) * MEMORY_FACTOR)
        self.assert_well(gateway, 48 << 20)

    def test_replies_that_nobody_reads(self):
        """Commands are counted whether or not their replies are read, and replies are not heaped up."""
        gateway = self.gateway()
        commands = b"HELO x\r\n" + b"NOOP\r\n" * 100_000
        stuck = [connect(gateway.port) for _ in range(20)]
        self.addCleanup(lambda: [one.close() for one in stuck])
        for one in stuck:
            one.settimeout(30)
            try:
                one.sendall(commands)
            except OSError:
                pass  # it had enough before the end
        ended = wait_for("their ends", lambda: (ends := gateway.count("smtp.ended")) >= len(stuck) and ends)
        self.assertGreaterEqual(ended, len(stuck))
        for one in stuck:
            self.assertLess(len(read_all(one)), 200_000)
        self.assert_well(gateway, 16 << 20)

    def test_commands_before_tls_are_not_run_after_it(self):
        """STARTTLS injection (RFC 3207 §6): what came in clear behind STARTTLS is not taken for what came in TLS."""
        gateway = Gateway()
        self.addCleanup(gateway.close)
        key, crt = gateway.path / "key.pem", gateway.path / "crt.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", crt,
                        "-days", "2", "-subj", "/CN=localhost"], check=True, capture_output=True)
        text = gateway.config.read_text()
        gateway.config.write_text(text.replace("[next_hop]", f'tls_certificate = "{crt}"\ntls_key = "{key}"\n[next_hop]'))
        gateway.start()
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        for injected in (b"MAIL FROM:<ann@acme.example>\r\n", b"EHLO evil\r\nMAIL FROM:<ann@acme.example>\r\nRCPT TO:<x@x.example>\r\nDATA\r\n", b"x"):
            with self.subTest(injected), connect(gateway.port) as plain:
                plain.recv(1000)
                plain.sendall(b"EHLO x\r\n")
                self.assertIn(b"STARTTLS", plain.recv(1000))
                plain.sendall(b"STARTTLS\r\n" + injected)
                try:
                    said = plain.recv(1000)
                    with context.wrap_socket(plain) as secure:
                        secure.sendall(b"RCPT TO:<x@x.example>\r\n")
                        self.assertEqual(secure.recv(1000)[:3], b"503")
                except OSError:
                    pass  # hung up, which is as good
                self.assertLessEqual(said.count(b"\r\n"), 1)
        with connect(gateway.port) as plain:
            plain.recv(1000)
            plain.sendall(b"EHLO x\r\n")
            plain.recv(1000)
            plain.sendall(b"STARTTLS\r\n")
            self.assertTrue(plain.recv(1000).startswith(b"220"))
            with context.wrap_socket(plain) as secure:
                secure.sendall(b"RCPT TO:<x@x.example>\r\n")
                self.assertEqual(secure.recv(1000)[:3], b"503", "and the honest way works")


def request(method, path, body=None, token=None, **headers):
    """The bytes of one HTTP request."""
    data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {"Host": "localhost", "Connection": "close"} | ({"Content-Type": "application/json", "Content-Length": len(data)} if body is not None else {})
    fields |= ({"Authorization": f"Bearer {token}"} if token else {}) | {name.replace("_", "-"): value for name, value in headers.items()}
    return f"{method} {path} HTTP/1.1\r\n".encode() + b"".join(f"{name}: {value}\r\n".encode() for name, value in fields.items()) + b"\r\n" + data


class Answer:
    """The one response in what was read."""

    def __init__(self, data):
        self.head, _, self.body = data.partition(b"\r\n\r\n")
        self.status = int(self.head.split(b" ")[1]) if self.head.startswith(b"HTTP/1.") else 0
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in self.head.decode("latin-1").split("\r\n")[1:])}

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json["error"]["code"]

    def shape(self):
        """What can be told from outside: status, names and lengths. Values of tokens differ by nature."""
        return self.status, sorted(set(self.headers) - {"date"}), self.headers.get("content-length"), sorted(self.json)


class WithStack(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.path = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.stack = Stack(cls.path / "stack")
        cls.addClassCleanup(cls.stack.stop_all)
        cls.proxy = RecordingProxy(cls.stack.ports["keyserver"])
        cls.addClassCleanup(cls.proxy.close)
        cls.stack.origin = f"http://localhost:{cls.proxy.port}"
        cls.stack.start_all()
        cls.port = cls.stack.ports["keyserver"]

    def ask(self, method, path, body=None, token=None, source="127.0.0.1"):
        return Answer(talk(self.port, request(method, path, body, token), source))


class Http(WithStack):
    def test_bad_requests(self):
        """One answer at most for each, none of them a 2xx or a 500, and what is hidden behind is not answered."""
        post = b"POST /v1/codes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        get = b"GET /v1/server HTTP/1.1\r\nHost: x\r\n"
        hidden = b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n"
        rows = {
            "length and chunks": post + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden,
            "chunks and length": post + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + hidden,
            "two lengths": post + b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(hidden) + hidden,
            "a list of lengths": post + b"Content-Length: 0, %d\r\n\r\n" % len(hidden) + hidden,
            "length with a sign": post + b"Content-Length: +0\r\n\r\n" + hidden,
            "length in hex": post + b"Content-Length: 0x0\r\n\r\n" + hidden,
            "negative length": post + b"Content-Length: -1\r\n\r\n" + hidden,
            "length beyond 64 bits": post + b"Content-Length: 18446744073709551617\r\n\r\n" + hidden,
            "unknown coding": post + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + hidden,
            "chunked twice": post + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + hidden,
            "chunked and identity": post + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + hidden,
            "hidden by a tab": post + b"Transfer-Encoding:\x0bchunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + hidden,
            "blank before the colon": post + b"Content-Length : 5\r\n\r\n0\r\n\r\n" + hidden,
            "folded field": post + b"Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + hidden,
            "chunk size is none": post + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n" + hidden,
            "chunk size overflows": post + b"Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\nx" + hidden,
            "bare LF": get.replace(b"\r\n", b"\n") + b"\n",
            "bare CR": get.replace(b"\r\n", b"\r") + b"\r",
            "NUL in a field": get + b"X: a\0b\r\n\r\n",
            "no version": b"GET /v1/server\r\n\r\n",
            "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "HTTP/9": b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
            "blanks in the target": b"GET /v1/server /x HTTP/1.1\r\nHost: x\r\n\r\n",
            "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x55" * 512,
            "SMTP": b"EHLO x\r\nMAIL FROM:<a@b>\r\n",
            "long target": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
            "long field": get + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
            "many fields": get + b"X: a\r\n" * 50_000 + b"\r\n",
            "long body": post + b"Content-Length: 70000\r\n\r\n" + b" " * 70_000,
            "huge length, little body": post + b"Content-Length: 99999999999\r\n\r\n{}",
            "endless chunks": post + b"Transfer-Encoding: chunked\r\n\r\n" + b"1000\r\n" + b" " * 4096 + b"\r\n" + (b"1000\r\n" + b" " * 4096 + b"\r\n") * 50,
        }
        for title, data in rows.items():
            with self.subTest(title):
                said = talk(self.port, data, "127.0.20.1")
                self.assertLessEqual(len(re.findall(rb"HTTP/1\.[01] \d", said)), 1, "what is hidden behind is no request")
                self.assertNotIn(b'"ok"', said)
                if said:
                    self.assertIn(Answer(said).status, range(400, 500), said[:300])
        self.assertEqual(self.ask("GET", "/v1/health").status, 200)

    def test_bad_bodies(self):
        deep = b'{"a":' * 1000 + b"1" + b"}" * 1000
        rows = {"nested objects": deep, "nested arrays": b'{"address":' + b"[" * 30_000 + b"]" * 30_000 + b"}", "no JSON": b"address=x", "nothing": b"", "an array": b"[]", "a string": b'"x"', "null": b"null",
                "two values": b"{} {}", "cut": b'{"address": "x@y.ex', "not UTF-8": b'{"address": "\xff\xfe@y.example"}', "lone surrogate": b'{"address": "\\ud800@y.example"}', "NUL": b'{"address": "a\\u0000@y.example"}',
                "line end": b'{"address": "a@y.example\\r\\nRCPT TO:<x@y.example>"}', "wrong type": b'{"address": 1e999}', "array for text": b'{"address": ["a@y.example"]}', "missing": b"{}", "no address": b'{"address": "x"}',
                "two addresses": b'{"address": "a@y.example,b@y.example"}', "long": b'{"address": "' + b"a" * 60_000 + b'@y.example"}', "comment": b'{/**/"address": "a@y.example"}', "byte order mark": b'\xef\xbb\xbf{"address": "a@y.example"}'}
        for path in ("/v1/codes", "/v1/session/start", "/v1/opening/look"):
            for title, body in rows.items():
                with self.subTest(path=path, title=title):
                    answer = self.ask("POST", path, body, source="127.0.21.1")
                    self.assertEqual((answer.status, answer.code), (400, "bad-request"), answer.body)
        for media in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
            data = request("POST", "/v1/codes", b'{"address": "a@y.example"}').replace(b"application/json", media.encode())
            self.assertEqual(Answer(talk(self.port, data)).status, 415, "what a form on another site can send is not taken")

    def test_methods_and_paths(self):
        for method in ("GET", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "CONNECT", "PROPFIND", "BREW"):
            answer = Answer(talk(self.port, request(method, "/v1/codes")))
            self.assertIn(answer.status, (400, 405, 501), method)
            self.assertNotIn("access-control-allow-origin", answer.headers)
        for path in ("/assets/../../../etc/passwd", "/assets/%2e%2e/%2e%2e/etc/passwd", "/assets/..%2f..%2fetc/passwd", "//etc/passwd", "/assets//etc/passwd", "/assets/%00", "/.git/config",
                     "/v1/../v1/envelopes/x/release", "/v1/envelopes/" + "A" * 5000, "/v1/envelopes/%2e%2e", "/v1/envelopes//release", "http://evil.example/v1/server", "*", "/keys.sqlite", "/assets/../keys/release.key"):
            with self.subTest(path):
                answer = Answer(talk(self.port, request("GET", path)))
                self.assertIn(answer.status, (400, 401, 404), answer.body[:200])
                self.assertNotIn(b"root:", answer.body)

    def test_slow_ones_do_not_keep_others_out(self):
        before = memory_of(self.stack.processes["keyserver"])
        stuck = [connect(self.port, "127.0.22.1") for _ in range(200)]
        self.addCleanup(lambda: [one.close() for one in stuck])
        for number, one in enumerate(stuck):
            whole = request("POST", "/v1/codes", {"address": "a@y.example"})
            one.sendall(whole[: 1 + number % (len(whole) - 1)])
        # One more of the same address is turned away, with an answer or without.
        self.assertIn(Answer(talk(self.port, request("GET", "/v1/health"), "127.0.22.1")).status, (0, 503, 429))
        for _ in range(20):
            self.assertEqual(self.ask("GET", "/v1/health").status, 200)
        self.assertLess(memory_of(self.stack.processes["keyserver"]) - before, (32 << 20) * MEMORY_FACTOR)

    def test_gateways_are_known_by_their_token(self):
        for token in (None, "", "x", "A" * 43, "A" * 5000, "\t", "Bearer"):
            for method, path, body in (("POST", "/v1/directory", {"addresses": []}), ("POST", "/v1/envelopes", {"envelopes": []}), ("GET", "/v1/events?after=0", None)):
                answer = self.ask(method, path, body, token)
                self.assertEqual((answer.status, answer.code), (401, "gateway-token"))


class Accounts(WithStack):
    """Each test comes from a network of its own (127.0.N.x), since networks are limited as wholes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.people = {address: Recipient(cls.path / "people", address, cls.stack.mails, cls.stack.origin) for address in (BOB, CAROL, DAN)}
        with smtplib.SMTP("127.0.0.1", cls.stack.ports["gateway"], timeout=60) as client:
            client.sendmail("ann@acme.example", [BOB, DAN], mail(to=f"{BOB}, {DAN}", body=b"theirs"))
            client.sendmail("ann@acme.example", [CAROL], mail(to=CAROL, body=b"hers"))
        cls.ids = {}
        for address, person in cls.people.items():
            found = re.search(rb'"id":\s*"([\w-]{30})"', person.wait_envelopes()[0].read_bytes())
            cls.ids[address] = found[1].decode()
        # Bob and Carol have accounts. What their clients said and heard is known to the attacker's tests.
        cls.heard = {}
        for address in (BOB, CAROL):
            start = len(cls.proxy.streams)
            cls.people[address].register()
            cls.people[address].open(cls.people[address].wait_envelopes()[0])
            cls.heard[address] = b"\n".join(bytes(one) for one in cls.proxy.streams[start:]).decode("latin-1")

    def last(self, address, name):
        """The value that a member had the last time that it was said."""
        return re.findall(rf'"{name}":\s*"([^"]+)"', self.heard[address])[-1]

    def login(self, address, source):
        return self.ask("POST", "/v1/session/start", {"address": address, "message": base64.urlsafe_b64encode(POINT + secrets.token_bytes(32) + POINT).rstrip(b"=").decode()}, source=source)

    def test_addresses_cannot_be_found_out(self):
        """Listed, registered, unknown: the same status, headers, names and lengths everywhere."""
        kinds = {"registered": "bob@partner.example", "listed": "dan@partner.example", "unknown": "eva@partner.example"}
        self.assertEqual(len({len(address) for address in kinds.values()}), 1, "an answer may tell how long the question was")
        shapes = {"codes": set(), "start": set(), "finish": set(), "verify": set()}
        lengths = set()
        for number, address in enumerate(kinds.values()):
            source = f"127.0.3{number}.1"
            codes = self.ask("POST", "/v1/codes", {"address": address}, source=source)
            self.assertEqual(codes.status, 202)
            shapes["codes"].add(str(codes.shape()))
            wrong = self.ask("POST", "/v1/codes/verify", {"request": codes.json["request"], "code": "00000000"}, source=source)
            shapes["verify"].add((str(wrong.shape()), wrong.body))
            start = self.login(address, source)
            self.assertEqual(start.status, 200, start.body)
            shapes["start"].add(str(start.shape()))
            lengths.add((len(start.json["login"]), len(start.json["message"])))
            finish = self.ask("POST", "/v1/session/finish", {"login": start.json["login"], "message": base64.urlsafe_b64encode(bytes(64)).rstrip(b"=").decode()}, source=source)
            shapes["finish"].add((str(finish.shape()), finish.body))
        for step, seen in shapes.items():
            self.assertEqual(len(seen), 1, f"{step}: {seen}")
        self.assertEqual(len(lengths), 1)

    def test_unknown_addresses_have_the_same_answer_each_time(self):
        """The part of KE2 that a real account fixes (the evaluated element and the key) is fixed for a false one, too."""
        blinded = POINT + bytes(32) + POINT
        body = {"message": base64.urlsafe_b64encode(blinded).rstrip(b"=").decode()}
        for address in ("nemo2@partner.example", BOB):
            messages = [base64.urlsafe_b64decode(self.ask("POST", "/v1/session/start", body | {"address": address}, source="127.0.34.1").json["message"] + "==") for _ in range(2)]
            self.assertEqual(messages[0][:32], messages[1][:32], "the evaluated element")
            self.assertNotEqual(messages[0], messages[1], "and nonces are fresh")

    def test_codes_cannot_be_guessed(self):
        """Five tries, whatever they are; the right code is worth nothing after that. And so for one who gets no code."""
        dan = self.people[DAN]
        for number, address in enumerate((DAN, "nobody@partner.example")):
            before, source = len(dan.codes()), f"127.0.4{number}.1"
            asked = self.ask("POST", "/v1/codes", {"address": address}, source=source).json["request"]
            right = wait_for("the code", lambda: dan.codes()[before:])[0] if address == DAN else "12345678"
            wrong = "00000001" if right != "00000001" else "00000002"
            answers = [self.ask("POST", "/v1/codes/verify", {"request": asked, "code": wrong}, source=source) for _ in range(5)]
            self.assertEqual([(one.status, one.json["error"].get("tries_left")) for one in answers[:4]], [(403, 4), (403, 3), (403, 2), (403, 1)])
            self.assertIn(answers[4].status, (403, 410))
            self.assertEqual(self.ask("POST", "/v1/codes/verify", {"request": asked, "code": right}, source=source).status, 410)

    def test_a_code_is_for_the_request_that_asked(self):
        """The attacker asks too, and the victim's code does not fit the attacker's request: re-binding."""
        dan = self.people[DAN]
        before = len(dan.codes())
        attackers = self.ask("POST", "/v1/codes", {"address": DAN}, source="127.0.42.1").json["request"]
        wait_for("the attacker's code", lambda: len(dan.codes()) == before + 1)
        victims = self.ask("POST", "/v1/codes", {"address": DAN}, source="127.0.43.1").json["request"]
        code = wait_for("the victim's code", lambda: dan.codes()[before + 1 :])[0]
        self.assertNotEqual(attackers, victims)
        self.assertIn(self.ask("POST", "/v1/codes/verify", {"request": attackers, "code": code}, source="127.0.42.1").status, (403, 410))

    def test_asking_is_limited(self):
        """Five codes for an address in an hour, listed or not, from wherever one asks."""
        for name in ("limited@partner.example", BOB):
            answers = [self.ask("POST", "/v1/codes", {"address": name}, source=f"127.0.{50 + number}.1") for number in range(7)]
            self.assertEqual([one.status for one in answers][-1], 429, name)
            self.assertGreater(int(answers[-1].headers["retry-after"]), 0)
            self.assertLessEqual([one.status for one in answers].count(202), 5)

    def test_passwords_cannot_be_guessed_online(self):
        for name in ("guessed@partner.example", CAROL):
            source = "127.0.60.1" if name == CAROL else "127.0.61.1"
            statuses = [self.login(name, source).status for _ in range(12)]
            self.assertEqual(statuses[:8], [200] * 8, name)
            self.assertEqual(statuses[-1], 429, name)
        self.assertEqual(self.login(CAROL, "127.0.62.1").status, 200, "she herself, from elsewhere, is not locked out by that")

    def test_others_envelopes(self):
        """Not there, rather than not allowed; and the same for ids that do not exist."""
        session = self.session(BOB, "127.0.70.1")
        own = self.ask("GET", f"/v1/envelopes/{self.ids[BOB]}", token=session)
        self.assertEqual((own.status, own.json["address"]), (200, BOB))
        bodies = set()
        for ident in (self.ids[CAROL], base64.urlsafe_b64encode(secrets.token_bytes(22)).decode().rstrip("=")):
            for method, path, body in (("GET", f"/v1/envelopes/{ident}", None), ("POST", f"/v1/envelopes/{ident}/release", {})):
                answer = self.ask(method, path, body, session)
                self.assertEqual((answer.status, answer.code), (404, "not-found"))
                bodies.add(answer.body)
        self.assertEqual(len(bodies), 1)
        for token in (None, "x", session[:-1], session[:-1] + ("A" if session[-1] != "A" else "B"), self.last(BOB, "login"), self.gateway_token()):
            for method, path, body in (("GET", f"/v1/envelopes/{self.ids[BOB]}", None), ("POST", f"/v1/envelopes/{self.ids[BOB]}/release", {})):
                self.assertEqual(self.ask(method, path, body, token).status, 401)
        self.assertEqual(self.ask("GET", "/v1/events?after=0", token=session).status, 401, "a person is no gateway")

    def registered(self, address):
        """What the client sent to finish its registration."""
        return next(json.loads(body) for body in re.findall(r"\{[^{}]*\}", self.heard[address]) if '"identity"' in body and '"ticket"' in body)

    def session(self, address, source):
        """A session of the account: the same registration again is answered by one, as its first answer may be lost."""
        answer = self.ask("POST", "/v1/registration/finish", self.registered(address), source=source)
        self.assertEqual(answer.status, 201, answer.body)
        return answer.json["session"]

    def finishing(self, address):
        """KE3 of the last sign-in."""
        for body in reversed(re.findall(r"\{[^{}]*\}", self.heard[address])):
            said = json.loads(body)
            if "login" in said and said.get("login") == self.last(address, "login") and len(said.get("message", "")) == 86:
                return said["message"]
        raise AssertionError("no KE3 was recorded")

    def gateway_token(self):
        return (self.stack.state / "gateway-keys" / "key-server.token").read_text().strip()

    def test_replays(self):
        """Nothing that was said once makes a second account, another key, or a session that has ended."""
        ticket, request_id = self.last(CAROL, "ticket"), self.last(CAROL, "request")
        start = self.ask("POST", "/v1/registration/start", {"ticket": ticket, "message": base64.urlsafe_b64encode(POINT).decode().rstrip("=")}, source="127.0.71.1")
        self.assertIn((start.status, start.code), ((409, "conflict"), (410, "gone")))
        said = self.registered(CAROL)
        thief = subprocess.run(["age-keygen"], capture_output=True, text=True, check=True).stdout
        said["recipient"] = re.search(r"age1\w+", thief)[0]
        again = self.ask("POST", "/v1/registration/finish", said, source="127.0.71.1")
        self.assertEqual((again.status, again.code), (409, "conflict"), "no other key can be bound to the account")
        code = self.people[CAROL].codes()[0]
        verified = self.ask("POST", "/v1/codes/verify", {"request": request_id, "code": code}, source="127.0.71.1")
        self.assertIn(verified.status, (200, 410))
        # The client has ended its session. Whoever repeats its sign-in gets no other one.
        repeated = self.ask("POST", "/v1/session/finish", {"login": self.last(CAROL, "login"), "message": self.finishing(CAROL)}, source="127.0.71.1")
        self.assertEqual((repeated.status, repeated.code), (401, "sign-in"))
        session = self.session(CAROL, "127.0.71.1")
        self.assertEqual(self.ask("GET", f"/v1/envelopes/{self.ids[CAROL]}", token=session).status, 200)
        self.assertEqual(self.ask("DELETE", "/v1/session", token=session).status, 200)
        self.assertEqual(self.ask("GET", f"/v1/envelopes/{self.ids[CAROL]}", token=session).status, 401)
        released = len(self.ask("GET", "/v1/events?after=0", token=self.gateway_token()).json["events"])
        refused = self.ask("POST", f"/v1/envelopes/{self.ids[CAROL]}/release", {}, session)
        self.assertEqual((refused.status, sorted(refused.json)), (401, ["error"]), "a session that has ended releases nothing")
        self.assertEqual(len(self.ask("GET", "/v1/events?after=0", token=self.gateway_token()).json["events"]), released)
        for body in ({"login": self.last(CAROL, "login"), "message": self.finishing(BOB)}, {"login": "A" * 43, "message": self.finishing(CAROL)}):
            self.assertIn(self.ask("POST", "/v1/session/finish", body, source="127.0.71.1").status, (400, 401))

    def test_a_scanner_of_mail_gains_nothing(self):
        """It follows every link of every mail, by each method, and types what it read into them: nobody is registered by that."""
        dan = self.people[DAN]
        before = len(dan.codes())
        self.ask("POST", "/v1/codes", {"address": DAN}, source="127.0.72.1")
        code = wait_for("the code", lambda: dan.codes()[before:])[0]
        links = set()
        for _, path in mails_for(self.stack.mails, DAN):
            for text in (path.read_bytes(), path.read_bytes().replace(b"=\r\n", b"")):
                links |= set(re.findall(rb"https?://[^\s\"'<>\\]+", text))
        of_codes = [path for _, path in mails_for(self.stack.mails, DAN) if b"auto-generated" in path.read_bytes()]
        self.assertGreater(len(of_codes), 0)
        for path in of_codes:
            self.assertEqual(re.findall(rb"https?://[^\s\"'<>\\]+/[^\s\"'<>\\]+", path.read_bytes()), [], "no link leads anywhere but to the start page")
        for link in links:
            rest = link.decode().split("//", 1)[1].partition("/")
            target = "/" + rest[2].split("#")[0]
            for where in (target, f"{target}?code={code}", f"{target}?address={DAN}&code={code}"):
                for method in ("GET", "HEAD", "POST"):
                    talk(self.port, request(method, where, {"code": code} if method == "POST" else None), "127.0.72.1")
        look = self.ask("POST", "/v1/opening/look", {"envelope": self.ids[DAN], "address": DAN}, source="127.0.72.1")
        self.assertEqual(look.json, {"state": "register"})
        events = self.ask("GET", "/v1/events?after=0", token=self.gateway_token()).json["events"]
        self.assertEqual([one for one in events if one["address"] == DAN], [], "and nothing was released")


def chance(times, others):
    """The probability that one of `times` is longer than one of `others`: 0.5 where nothing is told."""
    ranked = sorted([(value, 1) for value in times] + [(value, 0) for value in others])
    below = won = 0
    for _, mine in ranked:
        won += below * mine
        below += 1 - mine
    return won / (len(times) * len(others))


class Timing(unittest.TestCase):
    """How long answers take, for addresses that there are and that there are not, beside the noise between two strangers."""

    EVA, FAY = "eva@partner.example", "fay@partner.example"

    def times(self, question):
        """{address: seconds} for a registered and a listed address and two unknown ones, asked in any order."""
        times, order = {BOB: [], DAN: [], self.EVA: [], self.FAY: []}, random.Random(SEED)
        for address in order.sample(list(times) * 300, 1200):
            times[address].append(question(address))
        return times

    def ask(self, where, body):
        """(seconds, the answer)"""
        data = request("POST", where, body)
        started = time.perf_counter()
        said = talk(self.port, data)
        taken = time.perf_counter() - started
        return taken, Answer(said)

    def test_by_time(self):
        path = Path(self.enterContext(tempfile.TemporaryDirectory()))
        stack = Stack(path / "stack", keyserver_extra="[limits]\nfactor = 1000000\n")
        self.addCleanup(stack.stop_all)
        stack.start_all()
        self.port = stack.ports["keyserver"]
        with smtplib.SMTP("127.0.0.1", stack.ports["gateway"], timeout=60) as client:
            client.sendmail("ann@acme.example", [BOB, DAN], mail(to=BOB))
        bob = Recipient(path, BOB, stack.mails, stack.origin)
        bob.wait_envelopes()
        bob.register()
        message = base64.urlsafe_b64encode(POINT + bytes(32) + POINT).rstrip(b"=").decode()
        ident = re.search(rb'"id":\s*"([\w-]{30})"', bob.wait_envelopes()[0].read_bytes())[1].decode()

        def sign_in(address):
            return self.ask("/v1/session/start", {"address": address, "message": message})

        def guess_password(address):
            _, begun = sign_in(address)
            return self.ask("/v1/session/finish", {"login": begun.json["login"], "message": "A" * 86})

        def ask_code(address):
            seconds, answer = self.ask("/v1/codes", {"address": address})
            time.sleep(0.05)  # the mail with it is not charged to the next question
            return seconds, answer

        def guess_code(address):
            _, asked = ask_code(address)
            return self.ask("/v1/codes/verify", {"request": asked.json["request"], "code": "00000000"})

        def look(address):
            return self.ask("/v1/opening/look", {"envelope": ident, "address": address})

        for question in (sign_in, guess_password, ask_code, guess_code, look):
            with self.subTest(question.__name__):
                times = self.times(lambda address: question(address)[0])
                told = {address: chance(taken, times[self.EVA]) for address, taken in times.items() if address != self.EVA}
                print(f"\n  {question.__name__}: " + ", ".join(f"{address} {share:.2f}" for address, share in told.items()), flush=True)
                noise = abs(told.pop(self.FAY) - 0.5)
                # 300 answers of each kind tell by chance alone less than 0.12 (five standard deviations).
                for address, share in told.items():
                    self.assertLess(abs(share - 0.5), 0.12 + noise, address)


def load_tests(loader, tests, _):
    """Times are measured in the long run alone: elsewhere the machine has other work."""
    if not os.environ.get("BULLA_SOAK") or SANITIZED:
        return unittest.TestSuite(suite for suite in tests if not any(isinstance(test, Timing) for test in suite))
    return tests


if __name__ == "__main__":
    unittest.main()
