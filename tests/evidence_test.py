"""The search for what must not be there finds what is there, in every spelling; other tests trust it when it finds nothing."""

import base64
import json
import quopri
import socket
import tempfile
import unittest
import urllib.parse
from pathlib import Path

from tests.lib.evidence import RecordingProxy, find, find_in_files, forms, marker

SECRET = 'pass "wörd" \\ and / more'
BYTES = bytes(range(0xF0, 0x100)) + b"\0\n \r=%\\\"" + bytes(range(0x70, 0x90))


def spelled(text):
    """(title, bytes) for each way in which a program may write a text."""
    raw = text.encode()
    for before in range(3):
        yield f"base64 behind {before} bytes", base64.b64encode(b"#" * before + raw + b"tail")
        yield f"base64 for URLs behind {before} bytes", base64.urlsafe_b64encode(b"\xff" * before + raw + b"tail")
        yield f"base64 of UTF-16LE behind {before} bytes", base64.b64encode(b"#" * before + text.encode("utf-16-le") + b"tail")
        yield f"base64 of UTF-16BE behind {before} bytes", base64.b64encode(b"#" * before + text.encode("utf-16-be") + b"tail")
    folded = base64.b64encode(b"x" * 50 + raw + b"x" * 50)
    for title, end in (("CRLF", b"\r\n"), ("LF", b"\n"), ("CRLF as JSON", b"\\r\\n"), ("LF as JSON", b"\\n"), ("a folded field", b"\r\n ")):
        yield f"base64 folded with {title}", end.join(folded[at : at + 76] for at in range(0, len(folded), 76))
        yield f"base64 folded short with {title}", end.join(folded[at : at + 7] for at in range(0, len(folded), 7))
    for title, end in (("CRLF", b"\r\n"), ("LF", b"\n")):
        yield f"soft breaks with {title}", (b"=" + end).join(raw[at : at + 5] for at in range(0, len(raw), 5))
    yield "quoted-printable, all of it", b"".join(b"=%02X" % byte for byte in raw)
    yield "percent, all of it", b"".join(b"%%%02x" % byte for byte in raw)
    yield "URL", urllib.parse.quote(text, safe="").encode()
    yield "hex", raw.hex().encode()
    yield "HEX", raw.hex().upper().encode()
    for name in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le"):
        yield name, text.encode(name)
    yield "escaped wherever possible", "".join(f"\\u{ord(letter):04x}" for letter in text).encode()
    yield "escaped in part, twice", text.replace("o", "\\\\u006f").encode()
    yield "upper case", text.upper().encode()
    yield "lower case", text.lower().encode()


class Evidence(unittest.TestCase):
    def test_a_marker_is_found_however_it_is_written(self):
        text = marker("Some")
        for title, data in spelled(text):
            with self.subTest(title):
                self.assertIn(text, [one for one, _ in find(b"\xff\0before " + data + b" after\0", ["absent1", text])])

    def test_what_is_not_there_is_not_found(self):
        text, other = marker("Some"), marker("Some")
        for title, data in spelled(other):
            with self.subTest(title):
                self.assertEqual(find(b"before " + data + b" after", [text]), [])
        self.assertEqual(find(b"", [text]), [])
        self.assertEqual(find(text[:-1].encode(), [text]), [])

    def test_each_form_is_found_as_what_it_is(self):
        for what in (marker("Some"), SECRET, BYTES):
            self.assertGreater(len(forms(what)), 8)
            for title, form in forms(what):
                with self.subTest(title):
                    self.assertGreater(len(form), 8)
                    self.assertIn((what, title), find(b"\x01" + form + b"\x01", [what]))

    def test_texts_that_are_written_with_escapes(self):
        """Passwords: unlike markers, they have characters that every format spells in its own way."""
        raw = SECRET.encode()
        for title, data in {"JSON": json.dumps(SECRET).encode(), "JSON, not ASCII only": json.dumps(SECRET, ensure_ascii=False).encode(),
                            "URL": urllib.parse.quote(SECRET).encode(), "percent": b"".join(b"%%%02X" % byte for byte in raw),
                            "base64": base64.b64encode(raw), "hex": raw.hex().encode(), "raw": raw}.items():
            with self.subTest(title):
                self.assertIn(SECRET, [what for what, _ in find(b"{" + data + b"}", [SECRET])])

    def test_bytes(self):
        for title, data in {"raw": BYTES, "hex": BYTES.hex().encode(), "base64": base64.b64encode(BYTES), "base64 in lines": base64.encodebytes(BYTES),
                            "base64 for URLs": base64.urlsafe_b64encode(BYTES), "behind a byte": base64.urlsafe_b64encode(b"x" + BYTES),
                            "quoted-printable": b"".join(b"=%02X" % byte for byte in BYTES)}.items():
            with self.subTest(title):
                self.assertEqual({what for what, _ in find(b"\xff" + data + b"\xff", [BYTES, b"absent bytes"])}, {BYTES})

    def test_files_their_names_and_their_folders(self):
        text, inside = marker("Name"), marker("Inside")
        with tempfile.TemporaryDirectory() as folder:
            deep = Path(folder, "a", "b")
            deep.mkdir(parents=True)
            (deep / "plain").write_bytes(quopri.encodestring(inside.encode()))
            (deep / f"x{text}.pdf").touch()
            Path(folder, base64.urlsafe_b64encode(text.encode()).decode()).mkdir()
            self.assertEqual({(path.relative_to(folder).parts[0], what) for path, what, _ in find_in_files(folder, [text, inside])},
                             {("a", inside), ("a", text), (base64.urlsafe_b64encode(text.encode()).decode(), text)})
            self.assertEqual(find_in_files(folder, [marker("Other")]), [])
            self.assertEqual(find_in_files(deep / "nothing", [text]), [])

    def test_the_proxy_keeps_both_directions(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            proxy = RecordingProxy(server.getsockname()[1])
            self.addCleanup(proxy.close)
            with socket.create_connection(("127.0.0.1", proxy.port), 10) as client:
                peer, _ = server.accept()
                with peer:
                    client.sendall(b"a question")
                    self.assertEqual(peer.recv(100), b"a question")
                    peer.sendall(b"an answer")
                    self.assertEqual(client.recv(100), b"an answer")
            self.assertIn(b"a question", proxy.recorded())
            self.assertIn(b"an answer", proxy.recorded())


if __name__ == "__main__":
    unittest.main()
