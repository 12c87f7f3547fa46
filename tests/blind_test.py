"""The key server is blind: it never holds a byte of a message, and what it holds opens no message of a registered person."""

import base64
import json
import shutil
import smtplib
import sqlite3
import subprocess
import tempfile
import unittest
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from tests.lib.evidence import RecordingProxy, find, find_in_files, marker
from tests.lib.recipient import Recipient, Refused, read_mail, wait_for
from tests.lib.stack import ROOT, Stack

BOB, CAROL, EVE = "bob@partner.example", "carol@partner.example", "eve@partner.example"


def marked_mail(markers):
    """A mail with a marker in each place where content may be, in several encodings."""
    subject, text, html, attached, name, inner = markers
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = "Ann <ann@acme.example>", f"{BOB}, {CAROL}"
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


def html_of(path):
    """The envelope's file in a mail."""
    return next(part for part in read_mail(path).walk() if part.get_filename() == "secure-message.html").get_payload(decode=True)


class Loot:
    """A copy of everything that a key server has on its disks: state, keys, configuration."""

    def __init__(self, stack, folder):
        folder.mkdir()
        for name in ("keyserver", "keyserver-keys"):
            shutil.copytree(stack.state / name, folder / name)
        self.folder = folder
        # The thief's own work goes on in another copy: reading a database may change its files.
        shutil.copytree(folder / "keyserver", folder / "work")
        with sqlite3.connect(folder / "work" / "keys.sqlite") as database:
            self.shares = database.execute("SELECT address, holder, stanza FROM shares").fetchall()
            self.accounts = database.execute("SELECT address, recipient, identity, opaque_record FROM accounts").fetchall()
            tables = [name for name, in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            rows = [row for table in tables for row in database.execute(f"SELECT * FROM {table}")]
        database.close()
        self.blobs = [value for row in rows for value in row if isinstance(value, bytes)]

    @property
    def release_key(self):
        return (self.folder / "keyserver-keys" / "release.key").read_text().strip()

    def raw_keys(self):
        """The bytes of the two other key files."""
        return [base64.urlsafe_b64decode((self.folder / "keyserver-keys" / name).read_text().strip() + "==") for name in ("opaque.key", "server.secret")]

    def stanzas_for(self, address):
        return [(holder, stanza) for owner, holder, stanza in self.shares if owner == address]


def windows(data, size):
    return [data[at : at + size] for at in range(len(data) - size + 1)]


def steal(html, loot, stanzas, identities=()):
    """Lets an independent program try all keys of the loot on all stanzas; what it got."""
    secrets = [*loot.raw_keys(), *loot.blobs]
    asked = {"html": [base64.b64encode(html).decode()], "identities": [loot.release_key, *identities], "stanzas": stanzas,
             "scalars": sorted({one.hex() for data in secrets for one in windows(data[:400], 32)}),
             "shares": sorted({one.hex() for data in secrets for one in windows(data[:400], 16)})}
    done = subprocess.run(["node", ROOT / "tests" / "lib" / "thief.mjs"], input=json.dumps(asked).encode(), capture_output=True, check=True, timeout=300)
    got = json.loads(done.stdout)
    plain, = got["plaintexts"]
    return got["shares"], base64.b64decode(plain) if plain else None


class Blind(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """A full run, recorded: sealed, registered, activated, opened; loot is taken before and after."""
        cls.path = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.markers = [marker(what) for what in ("subject", "text", "html", "attached", "name", "inner")]
        cls.stack = stack = Stack(cls.path / "stack")
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
        cls.mail = marked_mail(cls.markers)
        with smtplib.SMTP("127.0.0.1", stack.ports["gateway"], timeout=60) as client:
            client.sendmail("ann@acme.example", [BOB, CAROL], cls.mail)
        cls.bob, cls.carol = cls.person(BOB), cls.person(CAROL)
        cls.envelope = cls.bob.wait_envelopes()[0]
        cls.html = html_of(cls.envelope)
        cls.before = Loot(stack, cls.path / "before")
        cls.bob.register()
        cls.opened = cls.bob.open(cls.envelope)
        cls.after = Loot(stack, cls.path / "after")

    @classmethod
    def person(cls, address, home="people"):
        return Recipient(cls.path / home, address, cls.stack.mails, cls.stack.origin)

    def test_no_byte_of_the_message_gets_near_it(self):
        self.assertEqual(self.opened, self.mail)
        self.assertEqual({text for text, _ in find(self.mail, self.markers)}, set(self.markers), "the search itself finds what is there")
        for place, data in {"HTTP": self.web.recorded(), "mail sent": self.relay.recorded(), "log": self.stack.log("keyserver").encode()}.items():
            with self.subTest(place):
                self.assertGreater(len(data), 100, "something was recorded")
                self.assertEqual(find(data, self.markers), [])
        self.assertIn(b"/v1/envelopes", self.web.recorded())
        self.assertIn(b"/release", self.web.recorded())
        self.assertEqual(find_in_files(self.before.folder, self.markers), [])
        self.assertEqual(find_in_files(self.after.folder, self.markers), [])
        with self.subTest("in what the network sees, either"):
            self.assertEqual(find(self.envelope.read_bytes(), self.markers), [])

    def test_it_never_sees_envelopes_passwords_or_half_keys(self):
        header = base64.b64decode(self.html.split(b'id="bulla-header">')[1].split(b"</script>")[0])
        _, _, ident, share, _ = header.split(b"\n")[1].split(b" ")
        seen = self.web.recorded()
        self.assertIn(ident, seen, "the id is what envelopes are known by")
        for secret in (share, self.bob.password.encode(), b"AGE-SECRET-KEY"):
            self.assertNotIn(secret, seen)
            self.assertNotIn(secret, self.stack.log("keyserver").encode())

    def test_unregistered_its_disks_and_the_envelope_are_enough(self):
        """What doc/threat-model.md says is possible, is: until the recipient has registered."""
        held = self.before.stanzas_for(BOB)
        self.assertEqual([holder.split(":")[0] for holder, _ in held], ["release"])
        shares, plain = steal(self.html, self.before, [stanza for _, stanza in held])
        self.assertEqual(len(shares), 1)
        self.assertIn(self.markers[1].encode(), plain)
        # Carol has not registered to this hour, so the later loot opens her copy too. Bob's share does not.
        self.assertEqual([holder.split(":")[0] for holder, _ in self.after.stanzas_for(CAROL)], ["release"])
        html = html_of(self.carol.wait_envelopes()[0])
        self.assertIn(self.markers[1].encode(), steal(html, self.after, [stanza for _, stanza in self.after.stanzas_for(CAROL)])[1])
        self.assertIsNone(steal(html, self.before, [stanza for _, stanza in held])[1])

    def test_registered_its_disks_and_the_envelope_are_not(self):
        """All keys on all stanzas, and each stretch of bytes in its files taken for a key."""
        held = self.after.stanzas_for(BOB)
        self.assertEqual([holder for holder, _ in held], [self.after.accounts[0][1]], "sealed to the account's key alone")
        shares, plain = steal(self.html, self.after, [stanza for _, stanza in held])
        self.assertEqual((shares, plain), ([], None))
        # Nor with another recipient's share, which the release key opens.
        shares, plain = steal(self.html, self.after, [stanza for _, _, stanza in self.after.shares])
        self.assertEqual((len(shares), plain), (1, None))

    def test_the_wrapped_identity_opens_with_no_key_of_the_server(self):
        wrapped = self.path / "identity.age"
        wrapped.write_bytes(self.after.accounts[0][2])
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
        person = Recipient(self.path / "thief", BOB, copy.mails, copy.origin)
        # Which key server an envelope belongs to is not signed: the thief lets it point to the copy.
        envelope = self.path / "redirected.html"
        envelope.write_bytes(self.html.replace(self.stack.origin.encode(), copy.origin.encode()))
        self.assertEqual(person.open(envelope), self.mail, "with the password it is the recipient")
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
        self.assertEqual(self.bob.open(self.envelope), self.mail)

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
