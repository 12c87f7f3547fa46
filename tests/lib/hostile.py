"""Mail that is made to break what reads it: small ones from tests/corpus, big ones and combinations from here.

All carry MARKER where content may be. Nothing here is about a particular reader; what one may do with such mail is
to give it back as it was, or to refuse it before it has said yes.
"""

import base64
import re
from pathlib import Path

MARKER = b"MARKER-TEXT"
CORPUS = Path(__file__).resolve().parent.parent / "corpus"


def head(title, more=b""):
    return b"From: Ann <ann@acme.example>\r\nTo: bob@partner.example\r\nSubject: %s\r\nMIME-Version: 1.0\r\n%s\r\n" % (title.encode(), more)


def corpus():
    """(title, bytes) of the small ones."""
    return [(path.stem, path.read_bytes()) for path in sorted(CORPUS.glob("*.eml"))]


def nested(depth):
    """multipart within multipart within multipart ..."""
    opening = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (at, at) for at in range(depth))
    closing = b"".join(b"\r\n--b%d--\r\n" % at for at in reversed(range(depth)))
    return head("nested").removesuffix(b"\r\n") + opening + b"\r\n" + MARKER + closing


def base64_shapes(chance):
    """(title, text) of attachments that differ in everything that base64 leaves open, and in some that it does not."""
    data = chance.randbytes(3000) + MARKER * 20 + b"\xfb\xff\xfe" * 10
    for rest in range(3):
        text = base64.b64encode(data + b"x" * rest)
        for width in (1, 4, 60, 64, 75, 76, 77, 998):
            yield f"base64 +{rest} at {width}", b"\r\n".join(text[at : at + width] for at in range(0, len(text), width)) + b"\r\n"
    text = base64.b64encode(data + b"x")
    lines = [text[at : at + 76] for at in range(0, len(text), 76)]
    whole = b"\r\n".join(lines)
    yield "without padding", whole.rstrip(b"=")
    yield "too much padding", whole + b"===="
    yield "padding in the middle", lines[0] + b"==\r\n" + whole
    yield "non-zero bits at the end", whole[:-3] + b"/=="
    yield "blank lines", b"\r\n\r\n".join(lines)
    yield "blanks at line ends", b" \r\n".join(lines)
    yield "tabs before lines", b"\r\n\t".join(lines)
    yield "lines of all lengths", b"\r\n".join(text[at * (at + 1) // 2 : (at + 1) * (at + 2) // 2] for at in range(90))
    yield "URL alphabet", whole.replace(b"+", b"-").replace(b"/", b"_")
    yield "letters between that are none", b"!\r\n*".join(lines)
    yield "a text behind", whole + b"\r\n-- \r\nsent with something\r\n"
    yield "8 bit within", whole[:500] + b"\xe4\xff" + whole[500:]
    yield "empty", b""
    yield "padding alone", b"===="
    yield "one character", b"Q"


def with_attachments(shapes):
    """One mail that has all shapes as attachments."""
    parts = b"".join(b"--=_b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
                     b"Content-Disposition: attachment; filename=\"%s\"\r\n\r\n%s\r\n" % (title.encode(), text) for title, text in shapes)
    return head("base64 of all shapes", b"Content-Type: multipart/mixed; boundary=\"=_b\"\r\n") + parts + b"--=_b--\r\n"


def generated(chance):
    """(title, bytes) of the mails that are too big to be kept as files."""
    shapes = list(base64_shapes(chance))
    yield "base64 of all shapes", with_attachments(shapes)
    yield "base64 as the whole mail", head("x", b"Content-Transfer-Encoding: base64\r\n") + shapes[0][1]
    yield "10,000 parts", head("x", b"Content-Type: multipart/mixed; boundary=b\r\n") + b"--b\r\n\r\nMARKER-TEXT\r\n" * 10_000 + b"--b--\r\n"
    yield "1001 attachments", head("x", b"Content-Type: multipart/mixed; boundary=b\r\n") + b"".join(
        b"--b\r\nContent-Disposition: attachment; filename=%d\r\nContent-Transfer-Encoding: base64\r\n\r\nTUFSS0VSLVRFWFQ=\r\n" % at for at in range(1001)) + b"--b--\r\n"
    yield "nested 200 deep", nested(200)
    yield "nested 50 deep", nested(50)
    yield "200 mails in mails", head("x", b"Content-Type: message/rfc822\r\n") + b"Content-Type: message/rfc822\r\n\r\n" * 199 + b"\r\n" + MARKER
    yield "1 MB of header in fields", head("x", b"".join(b"X-Field-%d: %s MARKER-TEXT\r\n" % (at, b"v" * 80) for at in range(10_000))) + MARKER
    yield "1 MB of header in one field", head("x", b"X-Long: v\r\n" + b" folded MARKER-TEXT and on\r\n" * 40_000) + MARKER
    yield "1 MB of subject", head("x" + "\r\n MARKER-TEXT" * 70_000) + MARKER
    yield "20,000 recipients shown", head("x", b"Cc: a@x.example" + b",\r\n MARKER <someone@x.example>" * 20_000 + b"\r\n") + MARKER
    yield "100,000 lines like boundaries", head("x", b"Content-Type: multipart/mixed; boundary=b\r\n") + b"--\r\n--c\r\n" * 50_000 + b"--b\r\n\r\nMARKER-TEXT\r\n--b--\r\n"
    yield "parameters without end", head("x", b"Content-Type: text/plain" + b"".join(b";\r\n a*%d=MARKER" % at for at in range(20_000)) + b"\r\n") + MARKER
    yield "comments within comments", head("x", b"Content-Type: text/plain " + b"(" * 800 + b"\r\n " + b"(" * 800 + b"\r\n") + MARKER
    yield "encoded words without end", head("x", b"Comments: " + b"=?utf-8?q?MARKER=2DTEXT?=\r\n " * 20_000 + b"x\r\n") + MARKER
    yield "every byte but line ends and NUL", head("x") + bytes(byte for byte in range(1, 256) if byte not in (10, 13)) * 3 + MARKER
    yield "NUL bytes", head("x") + b"MARKER-TEXT\0\0\0\r\n\0\r\n"
    yield "NUL in the header", head("x", b"X-Nul: a\0b\r\n") + MARKER
    yield "a line of 100,000", head("x") + b"y" * 100_000 + MARKER
    yield "a header line of 100,000", head("x", b"X-Long: " + b"y" * 100_000 + b"\r\n") + MARKER
    yield "bare LF", head("x") + b"MARKER-TEXT\nand on\r\n"
    yield "bare CR", head("x") + b"MARKER-TEXT\rand on\r\n"
    yield "CR CR LF", head("x") + b"MARKER-TEXT\r\r\nand on\r\n"
    yield "LF CR", head("x") + b"MARKER-TEXT\n\rand on\r\n"
    yield "quoted-printable of all shapes", head("x", b"Content-Transfer-Encoding: quoted-printable\r\n") + b"=\r\n=0=00=ZZ==\r\n=3d=3D= \t\r\n" + b"=41" * 5000 + b"\r\n=" + MARKER
    yield "25 MB", head("x", b"Content-Type: multipart/mixed; boundary=b\r\n") + b"--b\r\n\r\nMARKER-TEXT\r\n--b\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=big.zip\r\n\r\n" + base64.encodebytes(chance.randbytes(18 << 20)).replace(b"\n", b"\r\n") + b"--b--\r\n"


def mutated(chance, count):
    """(title, bytes): mails of the corpus with pieces cut, doubled, swapped and overwritten. Line ends stay CRLF."""
    mails = [data for _, data in corpus() if data]
    for number in range(count):
        data = bytearray(chance.choice(mails))
        for _ in range(chance.randrange(1, 8)):
            at, size = chance.randrange(len(data) + 1), chance.randrange(1, 60)
            piece = chance.choice((b"", bytes(data[at : at + size]) * 2, chance.randbytes(3), b"--b\r\n", b"\r\n", b"\r\n\r\n", b"=?utf-8?b?", b"\"", b"(", b";",
                                   bytes(chance.choice(mails)[at : at + size])))
            data[at : at + size] = piece
        yield f"mutation {number}", re.sub(rb"\r?\n|\r", b"\r\n", bytes(data))
