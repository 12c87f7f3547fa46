"""The `bulla` client against a real gateway and key server: what was sealed comes out byte for byte, or not at all."""

import base64
import hashlib
import os
import pty
import re
import signal
import smtplib
import subprocess
import tempfile
import unittest
from email.message import EmailMessage
from pathlib import Path

from tests.lib.client import PASSWORD, Client, codes_to, envelopes_to, wait_until
from tests.lib.stack import BIN, Stack

JAPANESE = "見積書 2026.pdf"
FILES = {
    "big.bin": bytes(range(256)) * 8000,
    JAPANESE: "見積書の本文\n".encode() * 50,
    "../../escape.txt": b"stay inside\n",
}


def letter(to, subject="[secure] Figures", sender="Ann <ann@acme.example>"):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"], message["Message-ID"] = "Tue, 24 Nov 2026 08:00:00 +0000", f"<{os.urandom(8).hex()}@acme.example>"
    message.set_content("Grüße\n")
    message.add_alternative("<p>Grüße</p>\n", subtype="html")
    for name, data in FILES.items():
        message.add_attachment(data, "application", "octet-stream", filename=name)
    return message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def at_terminal(arguments, client, folder, answers):
    """Runs `bulla` at a terminal of its own. `answers` are (question to wait for, function that gives the line to type).

    Returns the exit code and all that the terminal showed.
    """
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execve(BIN / "bulla", ["bulla", *map(str, arguments)], client.environment())
    shown = asked = b""
    try:
        for question, answer in answers:
            while question.encode() not in asked or not asked.endswith(b": "):
                asked += os.read(terminal, 1000)
            shown, asked = shown + asked, b""
            os.write(terminal, answer().encode() + b"\n")
        while data := os.read(terminal, 1000):
            asked += data
    except OSError:
        pass  # the terminal is gone when its program has ended
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), (shown + asked).decode().replace("\r\n", "\n")


class ClientOpens(unittest.TestCase):
    """One mail to two recipients and one Bcc, and a registered reader of it."""

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.stack = cls.enterClassContext(Stack(cls.folder / "stack", keyserver_extra="[limits]\nfactor = 100"))
        cls.mail = letter("bob@example.org, dora@example.org")
        cls.send(cls.mail, ["bob@example.org", "dora@example.org", "blind@example.org"])
        cls.envelope = cls.folder / "message.html"
        cls.eml, html = wait_until(lambda: envelopes_to(cls.stack, "bob@example.org"), "the envelope")[0]
        cls.envelope.write_bytes(html)
        cls.bob = Client(cls.folder / "bob")
        registered = cls.bob.register(cls.stack, "bob@example.org")
        assert registered.returncode == 0, registered.stderr

    @classmethod
    def send(cls, data, recipients):
        with smtplib.SMTP("127.0.0.1", cls.stack.ports["gateway"], timeout=60) as gateway:
            gateway.sendmail("ann@acme.example", recipients, data)

    def setUp(self):
        self.out = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def open(self, *arguments, client=None, password=PASSWORD, file=None):
        return (client or self.bob).run("open", file or self.envelope, "--password-file", "-", *arguments,
                                        stdin=password + "\n")

    def assert_nothing_written(self):
        self.assertEqual([path.name for path in self.out.iterdir()], [])

    def test_original_comes_out_byte_for_byte(self):
        result = self.open("--out", self.out / "original.eml")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual((self.out / "original.eml").read_bytes(), self.mail)
        self.assertIn("From:    Ann <ann@acme.example>\nSealed:  by Acme Ltd, verified for acme.example\n",
                      result.stderr.decode())

    def test_the_organisation_is_named_by_the_key_server(self):
        """A gateway signs what it calls itself: an organisation could take another's name."""
        def enrol_as(old, new):
            config = self.stack.keyserver_config
            config.write_text(config.read_text().replace(f'name = "{old}"', f'name = "{new}"'))
            log = self.stack.state / "keyserver.log"
            reloads = log.read_text().count("server.reloaded")
            self.stack.processes["keyserver"].send_signal(signal.SIGHUP)
            wait_until(lambda: log.read_text().count("server.reloaded") > reloads, "the reload")
        enrol_as("Acme Ltd", "Acme of the register")
        self.addCleanup(enrol_as, "Acme of the register", "Acme Ltd")
        result = self.open("--out", self.out / "original.eml")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("by Acme of the register, verified for acme.example\n", result.stderr.decode())
        self.assertNotIn("Acme Ltd", result.stderr.decode())

    def test_original_goes_to_a_folder_or_to_standard_output(self):
        self.assertEqual(self.open("--out", self.out).returncode, 0)
        self.assertEqual((self.out / "message.eml").read_bytes(), self.mail)
        result = self.open("--out", "-")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout, self.mail)

    def test_mail_and_bare_age_file_open_too(self):
        self.assertEqual(self.open("--out", self.out / "a.eml", file=self.eml).returncode, 0)
        self.assertEqual((self.out / "a.eml").read_bytes(), self.mail)

        blocks = [re.search(rf'id="{name}">(.*?)</script>'.encode(), self.envelope.read_bytes(), re.S)[1]
                  for name in ("bulla-header", "bulla-payload")]
        age = self.out / "message.age"
        age.write_bytes(b"".join(base64.b64decode(block) for block in blocks))
        refused = self.open("--out", self.out / "b.eml", file=age)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("--server", refused.stderr.decode())
        result = self.open("--out", self.out / "b.eml", "--server", self.stack.origin, file=age)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual((self.out / "b.eml").read_bytes(), self.mail)

    def test_attachments_are_saved_under_safe_names(self):
        folder = self.out / "files"
        result = self.open("--attachments", folder)
        self.assertEqual(result.returncode, 0, result.stderr)
        saved = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
        digests = {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()}
        self.assertEqual(saved, {"big.bin": digests["big.bin"], JAPANESE: digests[JAPANESE],
                                 "_.._escape.txt": digests["../../escape.txt"]})
        self.assertEqual([path.name for path in self.out.iterdir()], ["files"])

    def test_existing_files_are_replaced_only_when_asked(self):
        target = self.out / "original.eml"
        target.write_bytes(b"mine")
        refused = self.open("--out", target)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("--force", refused.stderr.decode())
        self.assertEqual(target.read_bytes(), b"mine")
        self.assertEqual(self.open("--out", target, "--force").returncode, 0)
        self.assertEqual(target.read_bytes(), self.mail)
        self.assertEqual(len(list(self.out.iterdir())), 1)

    def test_wrong_password_and_unknown_account_look_alike(self):
        wrong = self.open("--out", self.out, password="wrong horse")
        unknown = self.open("--out", self.out, "--address", "nobody@example.org")
        self.assertEqual((wrong.returncode, unknown.returncode), (1, 1))
        self.assertEqual(wrong.stderr, unknown.stderr)
        self.assert_nothing_written()

    def test_damaged_envelopes_write_nothing(self):
        html = self.envelope.read_bytes()
        payload = html.index(b'id="bulla-payload">') + 1000
        end = html.rindex(b"</script>", payload)
        swapped = bytes([html[payload] ^ 1 if html[payload:payload + 1].isalpha() else ord("B")])
        rows = {
            "a changed byte": html[:payload] + swapped + html[payload + 1:],
            "a cut payload": html[:payload] + html[end:],
            "no payload": html.replace(b'id="bulla-payload"', b'id="bulla-other"'),
            "two payloads": html + html[html.index(b'<script type="text/plain" id="bulla-payload">'):],
        }
        for title, data in rows.items():
            with self.subTest(title):
                file = Path(tempfile.mkdtemp(dir=self.folder)) / "damaged.html"
                file.write_bytes(data)
                result = self.open("--out", self.out, "--attachments", self.out, file=file)
                self.assertNotEqual(result.returncode, 0)
                self.assertNotEqual(result.stderr, b"")
                self.assert_nothing_written()

    def test_an_unknown_key_server_is_not_believed(self):
        stranger = Client(self.folder / "stranger")
        refused = self.open("--out", self.out, client=stranger)
        self.assertEqual(refused.returncode, 1)
        self.assertIn(f"--server {self.stack.origin}", refused.stderr.decode())
        self.assertEqual(self.open("--out", self.out, "--server", self.stack.origin, client=stranger).returncode, 0)
        self.assertEqual(self.open("--out", self.out, "--force", client=stranger).returncode, 0, "it is known now")
        other = self.open("--out", self.out, "--server", "https://keys.other.example", client=stranger)
        self.assertEqual(other.returncode, 1)
        self.assertIn("belongs to the key server", other.stderr.decode())

    def test_other_recipients_open_their_own_copies(self):
        for address in ("dora@example.org", "blind@example.org"):
            with self.subTest(address):
                client = Client(self.folder / address)
                _, html = wait_until(lambda: envelopes_to(self.stack, address), f"the envelope of {address}")[0]  # noqa: B023
                file = client.folder / "mine.html"
                file.write_bytes(html)
                registered = client.register(self.stack, address)
                self.assertEqual(registered.returncode, 0, registered.stderr)
                result = self.open("--out", self.out / address, client=client, file=file)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual((self.out / address).read_bytes(), self.mail)

    def test_another_recipients_account_does_not_open_this_copy(self):
        client = Client(self.folder / "eve")
        self.send(letter("eve@example.org"), ["eve@example.org"])
        wait_until(lambda: envelopes_to(self.stack, "eve@example.org"), "her envelope")
        self.assertEqual(client.register(self.stack, "eve@example.org").returncode, 0)
        result = self.open("--out", self.out, "--address", "eve@example.org", client=client)
        self.assertEqual(result.returncode, 1)
        self.assert_nothing_written()

    def test_a_wrong_code_registers_nobody(self):
        self.send(letter("fay@example.org"), ["fay@example.org"])
        wait_until(lambda: envelopes_to(self.stack, "fay@example.org"), "her envelope")
        client = Client(self.folder / "fay")
        process = client.start("register", "fay@example.org", "--server", self.stack.origin, "--code-file", "-",
                               "--password-file", "-")
        code = wait_until(lambda: codes_to(self.stack, "fay@example.org"), "a code")[0]
        wrong = f"{(int(code) + 1) % 10**8:08}"
        _, err = process.communicate(f"{wrong}\n{PASSWORD}\n".encode(), timeout=60)
        self.assertEqual(process.returncode, 1, err)
        _, html = envelopes_to(self.stack, "fay@example.org")[0]
        file = client.folder / "mine.html"
        file.write_bytes(html)
        self.assertEqual(self.open("--out", self.out, "--server", self.stack.origin, client=client, file=file).returncode, 1)
        self.assert_nothing_written()

    def test_inspect_needs_no_key(self):
        result = Client(self.folder / "anybody").run("inspect", self.envelope)
        text = result.stdout.decode()
        self.assertEqual(result.returncode, 0, result.stderr)
        for shown in ("Ann <ann@acme.example>", "  Organisation  Acme Ltd (acme)\n", "bob@example.org", self.stack.origin, "not signed"):
            self.assertIn(shown, text)
        for hidden in ("Figures", "big.bin", JAPANESE):
            self.assertNotIn(hidden, text)

    def test_a_sender_without_a_name_has_no_blank_before_the_address(self):
        self.send(letter("bob@example.org", sender="ann@acme.example"), ["bob@example.org"])
        _, html = wait_until(lambda: envelopes_to(self.stack, "bob@example.org")[1:], "the second envelope")[0]
        file = self.out / "nameless.html"
        file.write_bytes(html)
        result = self.open("--out", self.out, file=file)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("From:    <ann@acme.example>\n", result.stderr.decode())

    def test_a_password_is_asked_for_without_an_echo(self):
        code, shown = at_terminal(["open", self.envelope, "--out", "asked.eml"], self.bob, self.out,
                                  [("Password of bob@example.org", lambda: PASSWORD)])
        self.assertEqual(code, 0, shown)
        self.assertNotIn("horse", shown)
        self.assertEqual((self.out / "asked.eml").read_bytes(), self.mail)

    def test_a_wrong_password_may_be_typed_again_at_a_terminal(self):
        question = "Password of bob@example.org"
        code, shown = at_terminal(["open", self.envelope, "--out", "asked.eml"], self.bob, self.out,
                                  [(question, lambda: "wrong horse"), (question, lambda: PASSWORD)])
        self.assertEqual(code, 0, shown)
        self.assertIn("bulla: the key server does not know this address with this password", shown)
        self.assertEqual((self.out / "asked.eml").read_bytes(), self.mail)
        code, shown = at_terminal(["open", self.envelope, "--out", "never.eml"], self.bob, self.out,
                                  [(question, lambda: "wrong horse")] * 3)
        self.assertEqual(code, 1, "it asks three times")
        self.assertFalse((self.out / "never.eml").exists(), shown)

    def test_a_wrong_code_may_be_typed_again_at_a_terminal(self):
        def register(address, *codes):
            """Registers with the digits that are that much away from the right ones, or what is not a number."""
            self.send(letter(address), [address])
            wait_until(lambda: envelopes_to(self.stack, address), "the envelope")
            def digits(one):
                right = int(wait_until(lambda: codes_to(self.stack, address), f"a code for {address}")[0])
                return one if isinstance(one, str) else f"{(right + one) % 10**8:08}"
            answers = [("Code from the mail", lambda one=one: digits(one)) for one in codes]
            if codes[-1] == 0:
                answers += [("New password", lambda: PASSWORD), ("The same again", lambda: PASSWORD)]
            return at_terminal(["register", address, "--server", self.stack.origin], Client(self.folder / address), self.out, answers)

        code, shown = register("gus@example.org", 1, "1234", 0)
        self.assertEqual(code, 0, shown)
        for said in ("That code is not right.", "A code has eight digits.", "gus@example.org is registered"):
            self.assertIn(said, shown)
        code, shown = register("hal@example.org", 1, 2, 3, 4, 5)
        self.assertEqual(code, 1, shown)
        self.assertEqual(shown.count("That code is not right."), 5, "it ends when no try is left")
        self.assertIn("Ask for a new one.", shown)

    def test_without_a_terminal_it_says_which_option_to_use(self):
        with open(os.devnull) as nothing:
            result = subprocess.run([BIN / "bulla", "open", self.envelope], env=self.bob.environment(), cwd=self.out,
                                    stdin=nothing, capture_output=True, timeout=60, start_new_session=True, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("--password-file", result.stderr.decode())
        self.assert_nothing_written()


if __name__ == "__main__":
    unittest.main()
