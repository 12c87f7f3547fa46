"""The letter that the demo sends: text, HTML with a picture inside, and three attachments."""

import struct
import zlib
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

SENDER = "Ann Archer <ann@acme.example>"
RECIPIENT = "Bob Baker <bob@example.org>"

TEXT = """Dear Bob,

here are the figures we talked about, and the contract to sign.
Nobody but you can read this letter: not your mail provider, and not
the key server that helped you open it.

Kind regards
Ann
"""

HTML = """<html><body style="font-family:Georgia,serif;color:#222">
<p>Dear Bob,</p>
<p>here are the <b>figures</b> we talked about, and the contract to sign.
Nobody but you can read this letter: not your mail provider, and not the key
server that helped you open it.</p>
<p><img src="cid:{cid}" width="360" height="120" alt="Figures of the four quarters, rising"></p>
<p>Kind regards<br>Ann</p>
</body></html>
"""


def picture():
    """A small bar chart as PNG (RGB, 360 x 120)."""
    bars = ((40, 45), (120, 62), (200, 80), (280, 104))
    rows = []
    for y in range(120):
        row = bytearray(b"\xf4\xf5\xf7" * 360)
        for x, height in bars:
            if y > 115 - height:
                row[3 * x : 3 * (x + 44)] = b"\x1f\x5f\xbf" * 44
        rows.append(b"\0" + bytes(row))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 360, 120, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"".join(rows))) + chunk(b"IEND", b"")


def document(lines):
    """A one-page PDF with these lines of text."""
    text = "BT /F1 14 Tf 72 740 Td 20 TL " + " ".join(f"({line}) Tj T*" for line in lines) + " ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(text)} >>\nstream\n{text}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    return out + f"xref\n0 6\n0000000000 65535 f \n{table}trailer << /Size 6 /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n".encode()


def letter(subject="[secure] The figures and the contract"):
    """The letter as an EmailMessage."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = SENDER, RECIPIENT, subject
    message["Date"], message["Message-ID"] = formatdate(localtime=False), make_msgid(domain="acme.example")
    message.set_content(TEXT)
    cid = make_msgid(domain="acme.example")
    message.add_alternative(HTML.format(cid=cid[1:-1]), subtype="html")
    message.get_payload()[1].add_related(picture(), "image", "png", cid=cid, filename="figures.png")
    message.add_attachment(document(["Contract", "between Acme Ltd and Bob Baker", "Sign here: ____________"]), "application", "pdf", filename="Contract.pdf")
    message.add_attachment("quarter,figure\nQ1,45\nQ2,62\nQ3,80\nQ4,104\n", subtype="csv", filename="figures.csv")
    message.add_attachment("契約書の控え\n".encode(), "text", "plain", filename="契約書.txt")
    return message
