"""The key server is blind: it never holds a byte of a message, and what it holds opens no message of a registered person."""

import base64
import json
import re
import shutil
import smtplib
import sqlite3
import subprocess
import tempfile
import unittest
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from unittest import mock

from tests.lib.evidence import RecordingProxy, find, find_in_files, marker
from tests.lib.recipient import Recipient, Refused, read_mail, wait_for
from tests.lib.stack import ROOT, Stack

BOB, CAROL = "bob@partner.example", "carol@partner.example"
# Each format spells it in its own way; evidence.find knows them.
PASSWORD = 'correct "hörse" battery / staple \\ 1'


def marked_mail(markers, to):
    """A mail with a marker in each place where content may be, in several encodings."""
    subject, text, html, attached, name, inner = markers
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = "Ann <ann@acme.example>", ", ".join(to)
    message["Subject"] = f"Grüße {subject}"
    message.set_content(f"ä {text}\n", cte="quoted-printable")
    message.add_alternative(f"<p>ä {html}</p>", subtype="html", cte="base64")
    for padding in range(3):
        message.add_attachment(b"x" * padding + attached.encode() * 9, "application", "pdf", filename=f"{name}.pdf")
    message.add_attachment(f"{attached}\n".encode("utf-16-le") * 9, "application", "octet-stream", filename="wide.bin")
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["Subject"] = "dan@acme.example", inner
    mail.set_content(inner)
    message.add_attachment(mail)
    return message.as_bytes()


def block_of(html, name):
    """The bytes of a block of an envelope's file."""
    return base64.b64decode(html.split(f'id="bulla-{name}">'.encode())[1].split(b"</script>")[0])


def html_of(path):
    """The envelope's file in a mail."""
    return next(part for part in read_mail(path).walk() if part.get_filename() == "secure-message.html").get_payload(decode=True)


class Loot:
    """A copy of everything that a key server has on its disks: state, keys, configuration, log."""

    def __init__(self, stack, folder):
        folder.mkdir()
        for name in ("keyserver", "keyserver-keys"):
            shutil.copytree(stack.state / name, folder / name)
        for name in ("keyserver.toml", "keyserver.log"):
            shutil.copy(stack.state / name, folder)
        self.folder = folder
        self.files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        # The thief's own work goes on in another copy: reading a database may change its files.
        shutil.copytree(folder / "keyserver", folder / "work")
        with sqlite3.connect(folder / "work" / "keys.sqlite") as database:
            self.shares = database.execute("SELECT address, holder, stanza FROM shares").fetchall()
            self.accounts = database.execute("SELECT address, recipient, identity, opaque_record FROM accounts").fetchall()
            tables = [name for name, in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            rows = [row for table in tables for row in database.execute(f"SELECT * FROM {table}")]
        database.close()
        self.values = [value if isinstance(value, bytes) else value.encode() for row in rows for value in row if isinstance(value, (bytes, str))]

    @property
    def release_key(self):
        return (self.folder / "keyserver-keys" / "release.key").read_text().strip()

    def bytes_held(self):
        """All that its files and the columns of its tables hold, as it is, and whatever in that reads as base64."""
        held = [*(path.read_bytes() for path in self.files), *self.values]
        texts = [text for data in held for text in re.findall(rb"[A-Za-z0-9+/_-]{22,}", data)]
        # What stands in front of a text in a file may look like a part of it; and its last bytes count, padded or not.
        texts = [text[at:].translate(bytes.maketrans(b"+/", b"-_")) + b"AAA" for text in texts for at in range(4)]
        return held + [base64.urlsafe_b64decode(text[: len(text) // 4 * 4]) for text in texts]

    def stanzas_for(self, address):
        return [(holder, stanza) for owner, holder, stanza in self.shares if owner == address]

    @property
    def wrapped_identity(self):
        """The only account's private key, as an age file to what the password unlocks."""
        (_, _, identity, _), = self.accounts
        return identity


def stretches(held, size):
    """Each stretch of so many bytes that may be a key. Padding repeats itself, and 32 random bytes are never all ASCII."""
    found = {data[at : at + size] for data in held for at in range(len(data) - size + 1)}
    return sorted(one.hex() for one in found if len(set(one)) > size // 2 and (size < 32 or not one.isascii()))


def thief(files, identities=(), scalars=(), shares=(), stanzas=()):
    """What an independent program makes of exactly this: the shares that it got, and for each file the plaintext or None."""
    asked = {"html": [base64.b64encode(one).decode() for one in files], "identities": [*identities], "scalars": [*scalars],
             "shares": [*shares], "stanzas": [*stanzas]}
    done = subprocess.run(["node", ROOT / "tests" / "lib" / "thief.mjs"], input=json.dumps(asked).encode(), capture_output=True, check=True, timeout=300)
    got = json.loads(done.stdout)
    return got["shares"], [base64.b64decode(plain) if plain else None for plain in got["plaintexts"]]


def steal(files, loot, stanzas):
    """Lets it try all keys of the loot, and each stretch of bytes in it, on all stanzas and on the files themselves."""
    held = loot.bytes_held()
    return thief(files, [loot.release_key], stretches(held, 32), stretches(held, 16), stanzas)


def scalar_of(identity):
    """The 32 bytes in an AGE-SECRET-KEY-1 text, in hex."""
    number = 0
    for letter in identity.lower().removeprefix("age-secret-key-1")[:-6]:
        number = number << 5 | "qpzry9x8gf2tvdw0s3jn54khce6mua7l".index(letter)
    return (number >> 4).to_bytes(32, "big").hex()


class Blind(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """A recorded run: sealed, registered, activated, opened; then a mail to who is registered by now, the first one
        opened again, and a wrong password. Loot is taken before the registration and at the end."""
        cls.path = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        markers = [[marker(mail + what) for what in ("subject", "text", "html", "attached", "name", "inner")] for mail in ("first", "second")]
        cls.texts = [one[1].encode() for one in markers]
        cls.markers = [text for one in markers for text in one]
        cls.stack = stack = Stack(cls.path / "stack", keyserver_extra='[log]\nlevel = "debug"\n')
        cls.addClassCleanup(stack.stop_all)
        cls.web, cls.relay = RecordingProxy(stack.ports["keyserver"]), RecordingProxy(stack.ports["mailbox_smtp"])
        cls.addClassCleanup(cls.web.close)
        cls.addClassCleanup(cls.relay.close)
        stack.origin = f"http://localhost:{cls.web.port}"
        stack.configure()
        text = stack.gateway_config.read_text().replace('subject = "keep"', 'subject = "Secure message"')
        stack.gateway_config.write_text(text)
        text = stack.keyserver_config.read_text()
        stack.keyserver_config.write_text(text.replace(f'relay = "127.0.0.1:{stack.ports["mailbox_smtp"]}"', f'relay = "127.0.0.1:{cls.relay.port}"'))
        for name in ("mailbox", "keyserver", "gateway"):
            stack.start(name)
        cls.mails = [marked_mail(markers[0], [BOB, CAROL]), marked_mail(markers[1], [BOB])]
        cls.bob, cls.carol = cls.person(BOB), cls.person(CAROL)
        cls.send(cls.mails[0], [BOB, CAROL])
        first, = cls.bob.wait_envelopes()
        cls.before = Loot(stack, cls.path / "before")
        cls.bob.register()
        cls.opened = [cls.bob.open(first)]
        cls.send(cls.mails[1], [BOB])
        cls.envelopes = cls.bob.wait_envelopes(2)
        cls.opened += [cls.bob.open(cls.envelopes[1]), cls.bob.open(first)]
        cls.refused = cls.opening_fails(first, "not the password")
        cls.after = Loot(stack, cls.path / "after")
        cls.files = [html_of(path) for path in cls.envelopes]

    @classmethod
    def send(cls, mail, to):
        with smtplib.SMTP("127.0.0.1", cls.stack.ports["gateway"], timeout=60) as client:
            client.sendmail("ann@acme.example", to, mail)

    @classmethod
    def opening_fails(cls, envelope, password):
        try:
            cls.bob.open(envelope, password=password)
        except Refused as refused:
            return str(refused)
        return "it did not fail"

    @classmethod
    def person(cls, address, home="people"):
        return Recipient(cls.path / home, address, cls.stack.mails, cls.stack.origin, PASSWORD)

    def places(self):
        """All that ever reached the key server or left it, and what it has on its disks at the end: (place, bytes)."""
        yield "HTTP", self.web.recorded()
        yield "mail sent", self.relay.recorded()
        yield "log", self.stack.log("keyserver").encode()
        yield from ((str(path.relative_to(self.after.folder)), path.read_bytes()) for path in self.after.files)

    def assert_nowhere(self, secrets, but=()):
        seen = dict(self.places())
        self.assertLess({"HTTP", "mail sent", "log", "keyserver/keys.sqlite", "keyserver/keys.sqlite-wal", *but}, set(seen))
        for place, data in seen.items():
            with self.subTest(place):
                self.assertEqual(bool(find(data, secrets)), place in but)

    def test_no_byte_of_the_message_gets_near_it(self):
        self.assertEqual(self.opened, [*self.mails, self.mails[0]])
        self.assertIn("password", self.refused)
        self.assertEqual({text for text, _ in find(b"".join(self.mails), self.markers)}, set(self.markers), "the search itself finds what is there")
        for place, data in {"HTTP": self.web.recorded(), "mail sent": self.relay.recorded(), "log": self.stack.log("keyserver").encode()}.items():
            with self.subTest(place):
                self.assertGreater(len(data), 100, "something was recorded")
                self.assertEqual(find(data, self.markers), [])
        seen = self.web.recorded()
        self.assertNotIn(b"content-encoding:", seen.lower(), "what is compressed cannot be searched")
        self.assertEqual(seen.count(b"POST /v1/envelopes HTTP"), 2, "both mails were registered in what was recorded")
        self.assertGreaterEqual(seen.count(b"/release HTTP"), 3)
        self.assertEqual(find_in_files(self.before.folder, self.markers), [])
        self.assertEqual(find_in_files(self.after.folder, self.markers), [])
        with self.subTest("in what the network sees, either"):
            self.assertEqual(find(b"".join(path.read_bytes() for path in self.envelopes), self.markers), [])

    def test_its_files_are_those_that_are_known(self):
        """What else it kept, this test would not know of."""
        for loot in (self.before, self.after):
            names = {str(path.relative_to(loot.folder)) for path in loot.files}
            self.assertEqual({name for name in names if name.startswith("keyserver-keys/")},
                             {"keyserver-keys/opaque.key", "keyserver-keys/release.key", "keyserver-keys/server.secret"})
            self.assertEqual({name for name in names if name.startswith("keyserver/")},
                             {"keyserver/keys.sqlite", "keyserver/keys.sqlite-shm", "keyserver/keys.sqlite-wal"})

    def test_it_never_sees_envelopes_or_half_keys(self):
        for html, mail in zip(self.files, self.envelopes, strict=True):
            header, payload = block_of(html, "header"), block_of(html, "payload")
            stanza, body = header.split(b"\n")[1:3]
            _, _, ident, half, _ = stanza.split(b" ")
            self.assertIn(ident, self.web.recorded(), "the id is what envelopes are known by")
            half, wrapped = base64.urlsafe_b64decode(half + b"="), base64.b64decode(body + b"=" * (-len(body) % 4))
            self.assertEqual((len(half), len(wrapped)), (32, 32))
            pieces = {payload[at : at + 48] for at in range(0, len(payload) - 48, len(payload) // 9)}
            self.assertGreater(len(pieces), 8)
            self.assertEqual({what for what, _ in find(header, [half, wrapped])}, {half, wrapped}, "they are found where they are")
            for file in (payload, mail.read_bytes()):
                self.assertEqual({what for what, _ in find(file, pieces)}, pieces, "as are these")
            self.assert_nowhere([half, wrapped, *pieces])

    def test_it_never_sees_passwords_or_private_keys(self):
        self.assertTrue(find(self.bob.password_file().read_bytes(), [PASSWORD]))
        self.assert_nowhere([PASSWORD])
        self.assert_nowhere(["AGE-SECRET-KEY-1"], but={"keyserver-keys/release.key"})

    def test_no_share_is_in_clear_once_the_account_exists(self):
        """Nor is it in what came before: it is sealed on the way to the key server, and in its files."""
        (_, stanza), = self.before.stanzas_for(BOB)
        share, = thief([], [self.before.release_key], stanzas=[stanza])[0]
        self.assertIn(self.texts[0], thief(self.files[:1], shares=[share])[1][0], "it is the share")
        self.assert_nowhere([bytes.fromhex(share)])

    def test_unregistered_its_disks_and_the_envelope_are_enough(self):
        """What doc/threat-model.md says is possible, is: until the recipient has registered."""
        held = self.before.stanzas_for(BOB)
        self.assertEqual([holder.split(":")[0] for holder, _ in held], ["release"])
        shares, (first, second) = thief(self.files, [self.before.release_key], stanzas=[stanza for _, stanza in held])
        self.assertEqual(len(shares), 1)
        self.assertIn(self.texts[0], first)
        self.assertIsNone(second)
        # Carol has not registered to this hour, so the later loot opens her copy too. Bob's share does not.
        self.assertEqual([holder.split(":")[0] for holder, _ in self.after.stanzas_for(CAROL)], ["release"])
        html = html_of(self.carol.wait_envelopes()[0])
        self.assertIn(self.texts[0], steal([html], self.after, [stanza for _, stanza in self.after.stanzas_for(CAROL)])[1][0])
        self.assertEqual(thief([html], [self.before.release_key], stanzas=[stanza for _, stanza in held])[1], [None])

    def test_the_thief_finds_keys_wherever_they_lie(self):
        """The search that finds nothing below: a share, or a key, that lies anywhere in a file is found, by itself."""
        (_, stanza), = self.before.stanzas_for(BOB)
        share, = thief([], [self.before.release_key], stanzas=[stanza])[0]
        scalar = scalar_of(self.before.release_key)
        for title, given in {"the share": {"shares": [share]}, "the release key": {"scalars": [scalar], "stanzas": [stanza]}}.items():
            with self.subTest(title):
                self.assertIn(self.texts[0], thief(self.files[:1], **given)[1][0])
        for title, text in {"raw": bytes.fromhex(share), "base64": base64.b64encode(bytes.fromhex(share)), "base64 for URLs": base64.urlsafe_b64encode(bytes.fromhex(share))}.items():
            with self.subTest(f"the share, {title}, in a file"):
                planted = self.path / "planted"
                planted.write_bytes(bytes(500) + b"a" + text + b"b" + bytes(500))
                with mock.patch.object(self.after, "files", [*self.after.files, planted]):
                    self.assertIn(self.texts[0], steal(self.files[:1], self.after, [])[1][0])

    def test_registered_its_disks_and_the_envelopes_are_not(self):
        """All keys on all stanzas, that of the wrapped identity among them; and each stretch of bytes in its files, and
        of what reads as base64 there, taken for a share, a private key, and the key of the envelope itself. What comes
        out is the share of who has not registered, and it opens the copies of nobody else."""
        held = self.after.stanzas_for(BOB)
        self.assertEqual([holder for holder, _ in held], [self.after.accounts[0][1]] * 2, "sealed to the account's key alone")
        head = self.after.wrapped_identity.split(b"\n---")[0].decode()
        self.assertEqual(head.count("-> "), 1)
        identity = head[head.index("-> ") :]
        (_, carols), = self.after.stanzas_for(CAROL)
        share = thief([], [self.after.release_key], stanzas=[carols])[0]
        self.assertEqual(len(share), 1)
        self.assertEqual(steal(self.files, self.after, [identity, carols, *(stanza for _, stanza in held)]), (share, [None, None]))

    def test_the_wrapped_identity_opens_with_no_key_of_the_server(self):
        """The stock program says the same."""
        wrapped = self.path / "identity.age"
        wrapped.write_bytes(self.after.wrapped_identity)
        key = self.after.folder / "keyserver-keys" / "release.key"
        tried = subprocess.run(["age", "-d", "-i", key, wrapped], capture_output=True, text=True, check=False)
        self.assertEqual((tried.returncode, tried.stdout), (1, ""))
        self.assertIn("no identity matched", tried.stderr)

    def test_the_handed_over_share_is_gone_from_its_files(self):
        """Not only from the table: no freed page and no write-ahead log has it, which an undelete would find."""
        (_, stanza), = self.before.stanzas_for(BOB)
        body = stanza.strip().split("\n")[1].encode()
        files = {path: path.read_bytes() for path in self.after.folder.joinpath("keyserver").iterdir()}
        self.assertTrue(any(body in path.read_bytes() for path in self.before.folder.joinpath("keyserver").iterdir()))
        self.assertEqual([path for path, data in files.items() if body in data], [])

    def test_a_stolen_server_that_runs_again_gives_nothing_without_the_password(self):
        """The thief starts the key server on the copy: wrong passwords, and an account made anew over the old one."""
        copy = self.thiefs_server()
        person = Recipient(self.path / "thief", BOB, copy.mails, copy.origin, PASSWORD)
        # Which key server an envelope belongs to is not signed: the thief lets it point to the copy.
        envelope = self.path / "redirected.html"
        envelope.write_bytes(self.files[0].replace(self.stack.origin.encode(), copy.origin.encode()))
        self.assertEqual(person.open(envelope), self.mails[0], "with the password it is the recipient")
        with self.assertRaises(Refused) as refused:
            person.open(envelope, password="a guess")
        self.assertIn("password", str(refused.exception))
        copy.stop("keyserver")
        with sqlite3.connect(copy.state / "keyserver" / "keys.sqlite") as database:
            database.execute("DELETE FROM accounts WHERE address = ?", (BOB,))
            database.execute("DELETE FROM code_requests")
        database.close()
        copy.start("keyserver")
        person.register()
        with self.assertRaises(Refused) as refused:
            person.open(envelope)
        self.assertIn("released nothing that this account can open", str(refused.exception))
        # The true recipient's sign-in is on the true server, and still works.
        self.assertEqual(self.bob.open(self.envelopes[0]), self.mails[0])

    def thiefs_server(self):
        copy = Stack(self.path / "thiefs")
        self.addCleanup(copy.stop_all)
        for name in ("keyserver", "keyserver-keys"):
            shutil.copytree(self.after.folder / name, copy.state / name)
        text = self.stack.keyserver_config.read_text()
        for old, new in ((str(self.stack.state), str(copy.state)), (f'127.0.0.1:{self.stack.ports["keyserver"]}', f'127.0.0.1:{copy.ports["keyserver"]}'),
                         (self.stack.origin, copy.origin), (f"127.0.0.1:{self.relay.port}", f'127.0.0.1:{copy.ports["mailbox_smtp"]}')):
            text = text.replace(old, new)
        copy.keyserver_config.write_text(text)
        copy.start("mailbox")
        copy.start("keyserver")
        return copy


if __name__ == "__main__":
    unittest.main()
