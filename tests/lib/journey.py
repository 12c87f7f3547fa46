"""Sends the letter of the browser tests through a gateway, and says what must come out at the other end.

`python3 -m tests.lib.journey --smtp PORT --out FOLDER --to ADDRESS ...` writes FOLDER/original.eml (the bytes as they
went in by SMTP, a Bcc field removed) and prints JSON: for each attachment its name, size and SHA-256.
"""

import argparse
import hashlib
import json
import smtplib
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import make_msgid
from pathlib import Path
from random import Random

from demo import sample

BIG = 20 * 1024 * 1024


def inner():
    """A mail to be attached to a mail."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = "carol@acme.example", "ann@acme.example", "Innen: Grüße"
    message.set_content("The mail inside the mail.\n")
    return message


def letter(to, cc, big):
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = sample.SENDER, ", ".join(to)
    if cc:
        message["Cc"] = ", ".join(cc)
    message["Subject"], message["Message-ID"] = "[secure] Übersicht für das Jahr", make_msgid(domain="acme.example")
    message["Date"] = "Tue, 24 Nov 2026 08:00:00 +0000"
    message.set_content("Plain words: Grüße aus Köln.\n", cte="quoted-printable")
    cid = make_msgid(domain="acme.example")
    message.add_alternative(f'<h1>Grüße aus Köln</h1><p>The picture: <img src="cid:{cid[1:-1]}" alt="bars" width="360" height="120"></p>', subtype="html", cte="quoted-printable")
    message.get_payload()[1].add_related(sample.picture(), "image", "png", cid=cid, filename="bars.png")
    message.add_attachment(Random(20).randbytes(big), "application", "octet-stream", filename="big.bin")
    message.add_attachment("見積書の本文\n".encode() * 50, "application", "pdf", filename="見積書 2026.pdf")
    message.add_attachment(inner(), filename="inner.eml")
    return message


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--smtp", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--to", nargs="+", required=True)
    parser.add_argument("--cc", nargs="*", default=[])
    parser.add_argument("--bcc", nargs="*", default=[])
    parser.add_argument("--big", type=int, default=BIG)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    message = letter(options.to, options.cc, options.big)
    data = message.as_bytes()
    (options.out / "original.eml").write_bytes(data)
    with smtplib.SMTP("127.0.0.1", options.smtp, timeout=120) as gateway:
        gateway.sendmail("ann@acme.example", options.to + options.cc + options.bcc, data)
    attachments = []
    for part in message.iter_attachments():
        body = part.get_content()
        # The attached mail comes out as the bytes that stand in the original.
        raw = body.as_bytes(policy=SMTP) if isinstance(body, EmailMessage) else body if isinstance(body, bytes) else body.encode()
        attachments.append({"name": part.get_filename(), "size": len(raw), "sha256": hashlib.sha256(raw).hexdigest()})
    print(json.dumps({"size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "attachments": attachments,
                      "picture": hashlib.sha256(sample.picture()).hexdigest()}))


if __name__ == "__main__":
    main()
