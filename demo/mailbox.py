#!/usr/bin/env python3
"""A mailbox for the demo: takes every mail by SMTP and shows it in a browser, as a recipient's mail program would.

It is a demonstration and a test peer, not a mail server: it listens on loopback only and knows no passwords.
Attachments are to be saved and opened from the disk, as a recipient does. "Open" shows one in HTML without that, over
http, as a file from the disk would be: in a page of an origin of its own (a sandbox).
"""

import argparse
import email
import email.policy
import html
import json
import os
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.lib.smtp_sink import SmtpSink  # noqa: E402

HERE = Path(__file__).resolve().parent
# As if opened from the disk: scripts run, but the page belongs to no origin. Windows it opens are ordinary ones.
AS_FILE = "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox allow-downloads allow-modals"
# A mail's own text: no scripts, nothing from elsewhere. It keeps its origin so that the page around it can see how high
# it is.
AS_BODY = "sandbox allow-same-origin; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
PAGE_POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class Mailbox:
    """The mails on the disk, oldest first: N.eml with the bytes, N.json with the SMTP envelope."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lock = threading.Lock()
        self.changed = threading.Condition(self.lock)
        self.last = max([int(path.stem) for path in self.folder.glob("*.json")], default=0)

    def take(self, mail):
        with self.changed:
            number = self.last + 1
            write(self.folder / f"{number}.eml", mail.data)
            envelope = {"sender": mail.sender, "recipients": mail.recipients}
            write(self.folder / f"{number}.json", json.dumps(envelope).encode())
            self.last = number
            self.changed.notify_all()

    def wait(self, beyond, seconds):
        with self.changed:
            self.changed.wait_for(lambda: self.last > beyond, seconds)
            return self.last

    def read(self, number):
        """(recipients, message) or None."""
        try:
            envelope = json.loads((self.folder / f"{number}.json").read_bytes())
            data = (self.folder / f"{number}.eml").read_bytes()
        except FileNotFoundError:
            return None
        return envelope["recipients"], email.message_from_bytes(data, policy=email.policy.default)

    def listing(self):
        """Newest first; only the headers are read."""
        for number in range(self.last, 0, -1):
            try:
                envelope = json.loads((self.folder / f"{number}.json").read_bytes())
                with open(self.folder / f"{number}.eml", "rb") as file:
                    head = file.read(65536).split(b"\r\n\r\n")[0]
            except FileNotFoundError:
                continue
            yield number, envelope["recipients"], email.message_from_bytes(head, policy=email.policy.default)


def write(path, data):
    part = path.with_suffix(path.suffix + ".part")
    part.write_bytes(data)
    os.replace(part, path)


def leaves(message):
    return [part for part in message.walk() if not part.is_multipart()]


def body_of(message):
    part = message.get_body(("html", "plain"))
    return leaves(message).index(part) if part is not None and not part.is_multipart() else None


def size_text(size):
    for unit in ("bytes", "KB", "MB"):
        if size < 1000 or unit == "MB":
            return f"{size:.0f} {unit}" if unit == "bytes" or size >= 10 else f"{size:.1f} {unit}"
        size /= 1000
    return ""


def page(title, content, watch):
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="/favicon.svg"><link rel="stylesheet" href="/mailbox.css">
<script src="/mailbox.js" defer></script></head><body data-last="{watch}">
<header><a href="/">Demo mailbox</a><span>every mail of this demo arrives here</span></header>
<main>{content}</main></body></html>"""


def render_list(box, address):
    rows, addresses = [], {}
    for number, recipients, head in box.listing():
        for one in recipients:
            addresses[one] = addresses.get(one, 0) + 1
        if address and address not in recipients:
            continue
        who = head["from"].addresses[0] if head["from"] and head["from"].addresses else None
        name = (who.display_name or who.addr_spec) if who else "(no sender)"
        rows.append(
            f'<li><a href="/mail/{number}"><b>{html.escape(name)}</b>'
            f'<time>{html.escape(head["date"].datetime.strftime("%H:%M") if head["date"] and head["date"].datetime else "")}</time>'
            f'<span>{html.escape(head["subject"] or "(no subject)")}</span>'
            f'<small>to {html.escape(", ".join(recipients))}</small></a></li>'
        )
    chips = "".join(
        f'<a href="/?to={quote(one)}"{" aria-current=page" if one == address else ""}>{html.escape(one)} <i>{count}</i></a>'
        for one, count in sorted(addresses.items())
    )
    everyone = f'<a href="/"{"" if address else " aria-current=page"}>Everybody</a>'
    nothing = "<p class=empty>No mail yet. It appears here by itself.</p>"
    title = address or "All mail"
    return page(title, f"<nav aria-label=Mailboxes>{everyone}{chips}</nav><h1>{html.escape(title)}</h1>" + (f"<ul class=mails>{''.join(rows)}</ul>" if rows else nothing), box.last)


def render_mail(box, number, recipients, message):
    shown = body_of(message)
    files = []
    for index, part in enumerate(leaves(message)):
        name = part.get_filename()
        if not name:
            continue
        url = f"/mail/{number}/part/{index}"
        size = size_text(len(part.get_payload(decode=True) or b""))
        is_page = part.get_content_type() == "text/html"
        save = f'<a class=button href="{url}?save" download="{html.escape(name)}">Save</a>'
        look = f'<a class="button quiet" href="{url}" target=_blank>Open here</a>' if is_page else ""
        advice = "<span>Save it, and open the file from your disk, as its notice says. "\
            "“Open here” is a short cut of this demo, over http.</span>" if is_page else ""
        files.append(f"<li><b>{html.escape(name)}</b> <small>{size}</small>{save}{look}{advice}</li>")
    headers = "".join(
        f"<dt>{label}</dt><dd>{html.escape(str(message[label]))}</dd>" for label in ("From", "To", "Cc", "Date") if message[label]
    )
    body = f'<iframe title="Message" sandbox="allow-same-origin" src="/mail/{number}/part/{shown}"></iframe>' if shown is not None else ""
    return page(
        message["subject"] or "(no subject)",
        f'<p class=back><a href="/">← All mail</a></p><article><h1>{html.escape(message["subject"] or "(no subject)")}</h1>'
        f"<dl>{headers}<dt>Delivered to</dt><dd>{html.escape(', '.join(recipients))}</dd></dl>"
        + (f"<ul class=files aria-label=Attachments>{''.join(files)}</ul>" if files else "")
        + body
        + f'<p class=back><a href="/mail/{number}/source">Show source</a></p></article>',
        box.last,
    )


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    box = None
    port = 0

    def do_GET(self):
        # Only under its own name: another site must not read this mailbox by pointing its name at loopback.
        if self.headers.get("Host") not in (f"127.0.0.1:{self.port}", f"localhost:{self.port}"):
            return self.send(421, "text/plain", b"wrong host\n")
        url = urlsplit(self.path)
        if url.path in ("/mailbox.css", "/mailbox.js"):
            kind = "text/css" if url.path.endswith("css") else "text/javascript"
            return self.send(200, kind, (HERE / url.path[1:]).read_bytes())
        if url.path in ("/favicon.svg", "/favicon.ico"):
            return self.send(200, "image/svg+xml", (HERE / "favicon.svg").read_bytes())
        if url.path == "/":
            return self.send_page(render_list(self.box, parse_qs(url.query).get("to", [""])[0]))
        if url.path == "/wait":
            beyond = int(re.sub(r"\D", "", url.query) or 0)
            return self.send(200, "application/json", json.dumps({"last": self.box.wait(beyond, 20)}).encode())
        match = re.fullmatch(r"/mail/(\d{1,9})(?:/(source)|/part/(\d{1,4}))?", url.path)
        found = self.box.read(match[1]) if match else None
        if not found:
            return self.send(404, "text/plain", b"There is no such page.\n")
        recipients, message = found
        if match[2]:
            source = (self.box.folder / f"{match[1]}.eml").read_bytes()
            return self.send(200, "text/plain; charset=utf-8", source, {"Content-Security-Policy": "sandbox"})
        if match[3]:
            return self.send_part(message, int(match[3]), "save" in url.query)
        return self.send_page(render_mail(self.box, match[1], recipients, message))

    def send_part(self, message, index, save):
        parts = leaves(message)
        if index >= len(parts):
            return self.send(404, "text/plain", b"There is no such part.\n")
        part = parts[index]
        data = part.get_payload(decode=True) or b""
        if save:
            name = quote(part.get_filename() or f"part-{index}")
            extra = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}", "Content-Security-Policy": "sandbox"}
            return self.send(200, "application/octet-stream", data, extra)
        charset = part.get_content_charset() or "us-ascii"
        kind = part.get_content_type() if part.get_content_type() in ("text/html", "text/plain", "image/png", "image/jpeg") else "application/octet-stream"
        is_attachment = part.get_filename() is not None
        policy = AS_FILE if is_attachment else AS_BODY
        self.send(200, f"{kind}; charset={charset}", data, {"Content-Security-Policy": policy})

    def send_page(self, text):
        self.send(200, "text/html; charset=utf-8", text.encode("utf-8", "replace"), {"Content-Security-Policy": PAGE_POLICY})

    def send(self, status, kind, data, extra=None):
        self.send_response(status)
        headers = {"Content-Type": kind, "Content-Length": str(len(data)), "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
        for name, value in (headers | (extra or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--smtp", type=int, default=0, help="port that takes mail (0: any)")
    parser.add_argument("--http", type=int, default=0, help="port of the pages (0: any)")
    parser.add_argument("--state", required=True, help="folder that keeps the mails")
    options = parser.parse_args()
    Handler.box = Mailbox(options.state)
    sink = SmtpSink(Handler.box.take, options.smtp)
    server = ThreadingHTTPServer(("127.0.0.1", options.http), Handler)
    server.daemon_threads = True
    Handler.port = server.server_port
    print(json.dumps({"smtp": sink.port, "http": server.server_port}), flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
