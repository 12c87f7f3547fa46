"""bulla-gateway as a whole program, between a fake key server and a mail sink that misbehave on request."""

import base64
import email
import email.policy
import json
import random
import signal
import smtplib
import socket
import subprocess
import threading
import unittest

from tests.lib.fake_key_server import FakeKeyServer, age_key
from tests.lib.gateway import MARKER, Gateway, block, mail
from tests.lib.recipient import wait_for
from tests.lib.smtp_sink import CLOSE, TAKE_AND_CLOSE, SmtpSink
from tests.lib.stack import BIN, free_port


class Case(unittest.TestCase):
    """Each test has a gateway of its own."""

    def gateway(self, sink=None, keys=None, start=True, **changes):
        gateway = Gateway(sink, keys, changes)
        self.addCleanup(gateway.close)
        return gateway.start() if start else gateway

    def refused(self, code, gateway, *arguments, **options):
        with self.assertRaises((smtplib.SMTPDataError, smtplib.SMTPSenderRefused, smtplib.SMTPRecipientsRefused)) as caught:
            gateway.send(*arguments, **options)
        error = caught.exception
        got, text = next(iter(error.recipients.values())) if isinstance(error, smtplib.SMTPRecipientsRefused) else (error.smtp_code, error.smtp_error)
        self.assertEqual(got, code, text)
        return text.decode()

    def assert_sealed(self, got, marker=MARKER):
        for form in (marker, base64.b64encode(marker), marker.hex().encode(), marker.decode().encode("utf-16-le")):
            self.assertNotIn(form, got.data)
        self.assertTrue(base64.b64decode(block(got.data, "header")).startswith(b"age-encryption.org/v1\n-> bulla-split "))
        self.assertGreater(len(base64.b64decode(block(got.data, "payload"))), 100)


class Sealing(Case):
    def test_one_copy_for_each_recipient(self):
        gateway = self.gateway()
        people = ("bob@x.example", "carol@x.example", "dave@x.example")
        gateway.send(mail(to="bob@x.example, carol@x.example", extra="Bcc: dave@x.example\r\nMessage-ID: <1@acme.example>\r\n"), people)
        mails = sorted(gateway.sink.wait(3), key=lambda one: one.recipients)
        self.assertEqual([one.recipients for one in mails], [[name] for name in people])
        payloads, headers = set(), set()
        for one in mails:
            self.assert_sealed(one)
            self.assertEqual(one.sender, "ann@acme.example")
            outer = email.message_from_bytes(one.data, policy=email.policy.default)
            self.assertEqual(outer["Subject"], "Figures", "the flag does not show")
            self.assertEqual(outer["Message-ID"], "<1@acme.example>")
            self.assertIsNone(outer["Bcc"])
            payloads.add(block(one.data, "payload"))
            headers.add(block(one.data, "header"))
            data = json.loads(block(one.data, "data"))
            self.assertEqual((data["to"], data["origin"]), (one.recipients[0], gateway.keys.url))
        self.assertEqual((len(payloads), len(headers)), (1, 3))
        for one in mails[:2]:
            self.assertNotIn(b"dave", one.data)
        gateway.wait_empty()

    def test_what_the_key_server_learns(self):
        bob = age_key()
        gateway = self.gateway(keys=FakeKeyServer(keys={"bob@x.example": [bob]}))
        gateway.send(mail(), ("bob@x.example", "carol@x.example"))
        gateway.sink.wait(2)
        shares = {recipient["address"]: recipient["shares"] for _, recipient in gateway.keys.registered}
        self.assertEqual([share["to"] for share in shares["bob@x.example"]], [bob])
        self.assertEqual([share["to"] for share in shares["carol@x.example"]], ["release:release-1"])
        said = json.dumps(gateway.keys.requests)
        for secret in (MARKER.decode(), "Figures", "secure"):
            self.assertNotIn(secret, said)
        envelope = gateway.keys.registered[0][0]
        self.assertEqual((envelope["sender"], envelope["sender_name"]), ("ann@acme.example", "Ann"))
        self.assertEqual(len(gateway.events("key_server.clock_skew")), 1, "the fake's clock stands still")

    def test_one_person_under_two_spellings_gets_one_copy(self):
        gateway = self.gateway()
        gateway.send(mail(), ("bob@x.example", "Bob@X.example", "bob@x.example"))
        self.assertEqual(len(gateway.sink.wait(1)), 1)
        gateway.wait_empty()
        self.assertEqual(len(gateway.sink.mails), 1)

    def test_subject_replaced_by_policy(self):
        gateway = self.gateway(subject='"Secure message"')
        gateway.send(mail(subject="[secure] MARKER-SUBJECT"))
        data = gateway.sink.wait(1)[0].data
        self.assertIn(b"\r\nSubject: Secure message\r\n", data)
        self.assertNotIn(b"MARKER-SUBJECT", data)

    def test_what_passes_is_not_touched(self):
        gateway = self.gateway()
        data = b"Subject: lunch\r\nX-Odd :  \xff\r\n\r\n.\r\n..\r\n" + bytes(range(128, 256)) * 3000 + b"\r\n"
        gateway.send(data, ("bob@x.example", "carol@x.example"))
        one = gateway.sink.wait(1)[0]
        self.assertEqual(one.recipients, ["bob@x.example", "carol@x.example"])
        received, rest = one.data[: -len(data)], one.data[-len(data):]
        self.assertEqual(rest, data)
        self.assertRegex(received, rb"\AReceived: from \S+ \(\[127\.0\.0\.1\]\)\r\n\tby gateway\.acme\.example with ESMTP id [0-9a-f]{24};\r\n\t[^\r\n]+\r\n\Z")

    def test_both_kinds_in_one_mail(self):
        gateway = self.gateway()
        gateway.send(mail(subject="Plan"), ("bob@partner.example", "carol@x.example"))
        mails = {one.recipients[0]: one for one in gateway.sink.wait(2)}
        self.assert_sealed(mails["bob@partner.example"])
        self.assertIn(MARKER, mails["carol@x.example"].data)

    def test_policy_is_read_again_at_sighup(self):
        gateway = self.gateway()
        gateway.send(mail(subject="x"), ("bob@x.example",))
        self.assertIn(MARKER, gateway.sink.wait(1)[0].data)
        gateway.configure({"recipient_domains": '["x.example"]'})
        gateway.process.send_signal(signal.SIGHUP)
        gateway.wait_event("policy.reloaded")
        gateway.send(mail(subject="x"), ("bob@x.example",))
        self.assert_sealed(gateway.sink.wait(2)[1])
        gateway.configure({"recipient_domains": "17"})
        gateway.process.send_signal(signal.SIGHUP)
        gateway.wait_event("policy.reload_failed")
        gateway.send(mail(subject="x"), ("bob@x.example",))
        self.assert_sealed(gateway.sink.wait(3)[2])
        self.assertEqual(gateway.events("config.needs_restart"), [])
        gateway.configure({"tls": '"required"', "retry_max": '"1s"'})
        gateway.process.send_signal(signal.SIGHUP)
        warning = gateway.wait_event("config.needs_restart")[0]
        self.assertEqual((warning["level"], warning["tables"]), ("warn", "next_hop, queue"))

    def test_bounces_pass_and_other_machines_do_not(self):
        gateway = self.gateway(seal='"all"')
        kind = "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n"
        report = mail(subject="Undelivered", extra=kind)
        gateway.send(report, sender="")
        self.assertIn(MARKER, gateway.sink.wait(1)[0].data)
        gateway.send(mail(subject="Away", extra="Auto-Submitted: auto-replied\r\n"), sender="")
        self.assert_sealed(gateway.sink.wait(2)[1])
        # What calls itself a report and goes to several was written by somebody.
        gateway.send(report, ("bob@x.example", "carol@x.example"), sender="")
        for mails in gateway.sink.wait(4)[2:]:
            self.assert_sealed(mails)


class Refusing(Case):
    def test_no_open_relay(self):
        gateway = self.gateway(allow='["192.0.2.0/24"]')
        self.assertIn("5.7.1", self.refused(550, gateway, mail()))
        with smtplib.SMTP("127.0.0.1", gateway.port) as client:
            client.ehlo()
            self.assertEqual(client.docmd("RCPT", "TO:<bob@x.example>")[0], 503)
            self.assertEqual(client.docmd("DATA")[0], 503)
        self.assertEqual(gateway.queued(), [])

    def test_senders_of_other_domains_cannot_seal(self):
        gateway = self.gateway()
        for sender in ("eve@evil.example", "ann@acme.example.evil.example"):
            text = self.refused(550, gateway, mail(sender=sender))
            self.assertIn("5.7.1", text)
            self.assertIn("acme.example", text)
        # One who may have the message in clear gets nothing either: the answer is for all.
        self.refused(550, gateway, mail(sender="eve@evil.example", subject="x"), ("carol@x.example", "bob@partner.example"))
        self.assertEqual(gateway.queued(), [])
        self.assertEqual(gateway.sink.mails, [])

    def test_mail_that_goes_in_circles(self):
        gateway = self.gateway()
        self.refused(550, gateway, b"Received: x\r\n" * 51 + mail())

    def test_too_big(self):
        gateway = self.gateway(max_size='"100kB"')
        self.assertIn("5.3.4", self.refused(552, gateway, mail(body=b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * 1500)))
        self.assertEqual(gateway.queued(), [])

    def test_no_room_on_the_disk(self):
        gateway = self.gateway(reserve='"100000GB"')
        self.assertIn("4.3.1", self.refused(452, gateway, mail()))
        self.assertIn("4.3.1", self.refused(452, gateway, mail(subject="x"), ("bob@x.example",)))
        self.assertEqual(gateway.queued(), [])

    def test_smuggled_ends(self):
        """A bare LF or CR around the dot ends nothing, and such a message is refused."""
        gateway = self.gateway()
        for end in (b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\n", b"\r\n.\r", b"\r.\r\n"):
            with self.subTest(end=end), socket.create_connection(("127.0.0.1", gateway.port)) as connection:
                lines = connection.makefile("rwb")
                lines.readline()
                for command in (b"HELO x", b"MAIL FROM:<ann@acme.example>", b"RCPT TO:<bob@x.example>", b"DATA"):
                    lines.write(command + b"\r\n")
                    lines.flush()
                    lines.readline()
                lines.write(b"From: ann@acme.example\r\n\r\nx" + end + b"MAIL FROM:<evil@acme.example>\r\n.\r\n")
                lines.flush()
                self.assertTrue(lines.readline().startswith(b"550 "))
        self.assertEqual(gateway.queued(), [])


class KeyServerTroubles(Case):
    def test_mail_waits_while_it_is_down(self):
        gateway = self.gateway()
        gateway.keys.close()
        gateway.send(mail())
        gateway.wait_event("key_server.failed", 2)
        self.assertEqual(gateway.sink.mails, [])
        gateway.keys.start()
        self.assert_sealed(gateway.sink.wait(1)[0])
        gateway.wait_empty()

    def test_garbage_is_no_answer(self):
        answers = [(200, b"hello"), (200, {}), (200, []), (500, b""), (503, {"error": {"code": "unavailable", "message": "no"}}),
                   (302, b""), "close", (200, {"results": []}), (200, {"release_key": {}, "keys": {}}),
                   (200, {"release_key": {"id": "x", "recipient": "age1broken"}, "keys": {}}),
                   (200, {"results": [{"id": "another", "recipients": []}]}), (200, b"[" * 100000)]
        keys = FakeKeyServer(answer=lambda path, body: answers.pop() if answers else None)
        gateway = self.gateway(keys=keys)
        gateway.send(mail())
        self.assert_sealed(gateway.sink.wait(1)[0])
        self.assertEqual(answers, [])
        self.assertEqual(len(gateway.sink.mails), 1)

    def test_refused_recipients_bounce_with_the_reason(self):
        keys = FakeKeyServer(status_of=lambda envelope, recipient: "refused" if "carol" in recipient["address"] else "registered")
        gateway = self.gateway(keys=keys)
        gateway.send(mail(), ("bob@x.example", "carol@x.example"))
        mails = {one.recipients[0]: one for one in gateway.sink.wait(2)}
        self.assert_sealed(mails["bob@x.example"])
        bounce = mails["ann@acme.example"]
        self.assertEqual(bounce.sender, "")
        self.assertIn(b"carol@x.example", bounce.data)
        self.assertIn(b"the test says so", bounce.data)
        self.assertIn(b"multipart/report", bounce.data)
        self.assertNotIn(MARKER, bounce.data)
        gateway.wait_empty()

    def test_outdated_keys_are_looked_up_again(self):
        keys = FakeKeyServer()
        old = keys.release

        def status_of(envelope, recipient):
            if recipient["shares"][0]["to"] == "release:release-1":
                keys.release = ("release-2", old[1])
                return "outdated"
            return "registered"

        keys.status_of = status_of
        gateway = self.gateway(keys=keys)
        gateway.send(mail())
        gateway.sink.wait(1)
        self.assertEqual(keys.registered[0][1]["shares"][0]["to"], "release:release-2")

    def test_a_lost_token_stops_delivery_without_bounces(self):
        known = []
        keys = FakeKeyServer(token=lambda: known[0] if known else "another")
        gateway = self.gateway(keys=keys, expires='"1s"')
        gateway.send(mail())
        alarm = gateway.wait_event("key_server.denied", 6)[0]
        self.assertEqual((alarm["level"], alarm["alarm"], alarm["waiting"]), ("error", True, 1))
        self.assertEqual(gateway.sink.mails, [])
        known.append((gateway.path / "keys" / "key-server.token").read_text().strip())
        self.assert_sealed(gateway.sink.wait(1)[0])

    def test_one_bad_recipient_does_not_hold_up_the_others(self):
        def answer(path, body):
            if path == "/v1/envelopes" and any("carol" in one["address"] for envelope in body["envelopes"] for one in envelope["recipients"]):
                return 400, {"error": {"code": "bad-request", "message": "carol is too much for me"}}
            return None

        keys = FakeKeyServer(answer=answer)
        gateway = self.gateway(keys=keys, expires='"2s"')
        gateway.send(mail(), ("bob@x.example", "carol@x.example", "dave@x.example"))
        mails = {one.recipients[0]: one for one in gateway.sink.wait(3)}
        self.assert_sealed(mails["bob@x.example"])
        self.assert_sealed(mails["dave@x.example"])
        self.assertIn(b"carol is too much for me", mails["ann@acme.example"].data)

    def test_mail_that_waited_too_long_comes_back(self):
        gateway = self.gateway(expires='"1s"')
        gateway.keys.close()
        gateway.send(mail())
        bounce = gateway.sink.wait(1)[0]
        self.assertEqual((bounce.sender, bounce.recipients), ("", ["ann@acme.example"]))
        self.assertIn(b"5.4.7", bounce.data)
        self.assertNotIn(MARKER, bounce.data)
        gateway.wait_empty()
        gateway.keys.start()


class NextHopTroubles(Case):
    def test_down_and_up_again(self):
        sink = SmtpSink()
        port = sink.port
        gateway = self.gateway(sink)
        sink.close()
        gateway.send(mail())
        gateway.send(mail(subject="x"), ("bob@x.example",))
        gateway.wait_event("mail.deferred", 4)
        gateway.sink = SmtpSink(port=port)
        self.assertEqual(len(gateway.sink.wait(2)), 2)
        gateway.wait_empty()

    def test_the_log_says_why_and_when_again_but_not_in_the_servers_words(self):
        tries = []

        def reply(verb, argument, sink):
            if verb != "RCPT":
                return None
            tries.append(argument)
            return f"451 4.2.0 {MARKER.decode()}" if len(tries) == 1 else f"550 5.1.1 {MARKER.decode()}"

        gateway = self.gateway(SmtpSink(reply=reply))
        gateway.send(mail(), sender="")
        deferred = gateway.wait_event("mail.deferred")[0]
        failed = gateway.wait_event("mail.failed")[0]
        self.assertEqual((deferred["level"], deferred["reason"]), ("warn", "the next hop answered 451"))
        self.assertGreater(deferred["next_try"], deferred["time"][:19])
        self.assertEqual((failed["level"], failed["reason"], failed["next_try"]), ("warn", "the next hop answered 550", "never"))
        self.assertNotIn(MARKER.decode(), gateway.log())

    def test_the_log_says_that_the_next_hop_has_no_tls(self):
        gateway = self.gateway(tls='"required"')
        gateway.send(mail())
        deferred = gateway.wait_event("mail.deferred")[0]
        self.assertEqual((deferred["level"], deferred["status"]), ("warn", "4.7.4"))
        self.assertEqual(deferred["reason"], "TLS is required, and the server does not offer it")
        gateway.kill()

    def test_each_recipient_has_a_result_of_its_own(self):
        tries = []

        def reply(verb, argument, sink):
            if verb == "RCPT" and "slow" in argument:
                tries.append(argument)
                return "451 4.2.0 later" if len(tries) < 3 else None
            if verb == "RCPT" and "gone" in argument:
                return "550 5.1.1 no such user"
            return None

        for kind in ("[secure] x", "x"):
            with self.subTest(kind):
                tries.clear()
                gateway = self.gateway(SmtpSink(reply=reply))
                gateway.send(mail(subject=kind), ("ok@x.example", "slow@x.example", "gone@x.example"))
                mails = gateway.sink.wait(3)
                self.assertEqual(sorted(name for one in mails for name in one.recipients), ["ann@acme.example", "ok@x.example", "slow@x.example"])
                bounce = next(one for one in mails if one.sender == "")
                self.assertIn(b"Status: 5.1.1", bounce.data)
                self.assertIn(b"gone@x.example", bounce.data)
                self.assertNotIn(MARKER, bounce.data)
                gateway.wait_empty()
                self.assertEqual(len(gateway.sink.mails), 3)

    def test_hanging_up_anywhere_loses_nothing(self):
        for verb in ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA"):
            with self.subTest(verb):
                left = [2]

                def reply(said, argument, sink):
                    if said == verb and left[0] > 0:
                        left[0] -= 1
                        return "close" if verb != "CONNECT" else "554 5.3.2 not now"
                    return None

                gateway = self.gateway(SmtpSink(reply=reply))
                gateway.send(mail())
                self.assertGreaterEqual(len(gateway.sink.wait(1)), 1)
                gateway.wait_empty()

    def test_what_the_next_hop_says_after_the_dot(self):
        """Later is tried again, never is bounced; without an answer it may come twice, and the log says so."""
        for answer, arrive, event in (("451 4.3.0 later", ["bob"], "mail.deferred"), ("550 5.7.1 no", ["ann"], "mail.failed"),
                                      (CLOSE, ["bob"], "mail.uncertain"), (TAKE_AND_CLOSE, ["bob", "bob"], "mail.uncertain")):
            with self.subTest(answer):
                answers = [answer]
                gateway = self.gateway(SmtpSink(after_data=lambda mail: answers.pop() if answers else None))
                gateway.send(mail())
                mails = gateway.sink.wait(len(arrive))
                gateway.wait_empty()
                self.assertEqual([one.recipients[0].split("@")[0] for one in mails], arrive)
                self.assertEqual(gateway.count(event), 1, gateway.log())
                for one in mails:
                    self.assertNotIn(MARKER, one.data)

    def test_nobody_is_told_about_mail_of_nobody(self):
        gateway = self.gateway(SmtpSink(reply=lambda verb, argument, sink: "550 5.1.1 no" if verb == "RCPT" else None))
        gateway.send(mail(), sender="")
        gateway.wait_event("bounce.dropped")
        gateway.wait_empty()
        # A bounce that bounces is nobody's either.
        gateway.send(mail())
        gateway.wait_event("bounce.dropped", 2)
        gateway.wait_empty()
        self.assertEqual(gateway.sink.mails, [])


class Tls(Case):
    def certificate(self, folder):
        key, crt = folder / "key.pem", folder / "crt.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                        "-out", crt, "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                       check=True, capture_output=True)
        return crt, key

    def test_opportunistic_and_required(self):
        gateway = self.gateway(start=False)
        crt, key = self.certificate(gateway.path)
        gateway.sink.close()
        gateway.sink = SmtpSink(certificate=(crt, key))
        changes = {"tls": '"opportunistic"'}
        gateway.configure(changes)
        gateway.start()
        gateway.send(mail())
        self.assertTrue(gateway.sink.wait(1)[0].tls)
        gateway.stop()
        gateway.configure({"tls": '"required"'})
        gateway.start()
        gateway.send(mail())
        gateway.wait_event("mail.deferred")
        self.assertEqual(len(gateway.sink.mails), 1, "the certificate is nobody's that we trust")
        gateway.kill()

    def test_starttls_on_the_way_in(self):
        gateway = self.gateway(start=False)
        crt, key = self.certificate(gateway.path)
        original = gateway.config.read_text()
        text = gateway.config.read_text().replace("[next_hop]", f'tls_certificate = "{crt}"\ntls_key = "{key}"\n[next_hop]')
        for wrong, code in ((text.replace(str(key), str(crt)), 2), (text, 0), (original, 0)):
            gateway.config.write_text(wrong)
            checked = subprocess.run([BIN / "bulla-gateway", "--config", gateway.config, "--check"], capture_output=True, text=True)
            self.assertEqual(checked.returncode, code, checked.stderr)
        self.assertFalse((gateway.path / "keys").exists(), "a check changes nothing")
        gateway.config.write_text(text)
        gateway.start()
        with smtplib.SMTP("127.0.0.1", gateway.port) as client:
            client.starttls()
            client.sendmail("ann@acme.example", ["bob@x.example"], mail(subject="x"))
        self.assertIn(b"with ESMTPS id", gateway.sink.wait(1)[0].data)


class AtRest(Case):
    def test_nothing_in_clear(self):
        """Neither in the queue, nor in the log, for mail that waits, sealed or passed, nor a name of an envelope."""
        sink = SmtpSink()
        gateway = self.gateway(sink)
        sink.close()
        gateway.send(mail(subject="[secure] MARKER-b7c1 subject"), ("bob.marker@x.example",))
        gateway.send(mail(subject="MARKER-b7c1 subject"), ("bob.marker@x.example",))
        gateway.wait_event("mail.deferred", 2)
        self.assertEqual(len([name for name in gateway.queued() if name.endswith(".record")]), 2, gateway.queued())
        ids = [envelope["id"].encode() for envelope, _ in gateway.keys.registered]
        self.assertEqual(len(ids), 1)
        for path in [*gateway.queue_folder.iterdir(), gateway.log_file]:
            data = path.read_bytes()
            for secret in (MARKER, base64.b64encode(MARKER)[:-4], b"bob.marker", b"subject", *ids):
                self.assertNotIn(secret, data, path)
        for path in (gateway.path / "state").rglob("*"):
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)
        for path in (gateway.path / "keys").rglob("*"):
            self.assertEqual(path.stat().st_mode & 0o077, 0, path)
        gateway.sink = SmtpSink(port=sink.port)
        self.assertEqual(len(gateway.sink.wait(2)), 2)

    def test_keys_are_made_once(self):
        gateway = self.gateway(start=False)
        enrolment = [subprocess.run([BIN / "bulla-gateway", "--config", gateway.config, "--enrolment"], capture_output=True, text=True, check=True).stdout for _ in range(2)]
        self.assertEqual(enrolment[0], enrolment[1])
        self.assertRegex(enrolment[0], r'\A\[\[organisation\]\]\nid = "acme"\nname = "Acme Ltd"\ndomains = \["acme.example"\]\nsigning_keys = \["[\w-]{43}"\]\ntoken_sha256 = "[\w-]{43}"\n\Z')

    def test_a_lost_queue_key_is_not_made_anew_over_a_full_queue(self):
        gateway = self.gateway()
        gateway.keys.close()
        gateway.send(mail())
        gateway.stop()
        key = gateway.path / "keys" / "queue.key"
        kept = key.read_text()
        key.unlink()
        with self.assertRaises(RuntimeError) as error:
            gateway.start()
        self.assertIn("queue.key is missing", str(error.exception))
        gateway.process = None
        key.write_text(kept)
        key.chmod(0o600)
        gateway.keys.start()
        gateway.start()
        self.assert_sealed(gateway.sink.wait(1)[0])

    def test_one_gateway_for_one_state(self):
        gateway = self.gateway()
        text = gateway.config.read_text().replace(f"listen = \"127.0.0.1:{gateway.port}\"", f'listen = "127.0.0.1:{free_port()}"')
        other = gateway.path / "other.toml"
        other.write_text(text)
        result = subprocess.run([BIN / "bulla-gateway", "--config", other], capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 1)
        self.assertIn("another bulla-gateway runs", result.stderr)


class NothingLost(Case):
    def test_a_clean_stop_finishes_what_is_under_way(self):
        entered, leave = threading.Event(), threading.Event()

        def accept(_):
            entered.set()
            leave.wait(20)

        gateway = self.gateway(SmtpSink(accept=accept))
        gateway.send(mail())
        entered.wait(20)
        threading.Timer(0.5, leave.set).start()
        self.assertEqual(gateway.stop(), 0)
        self.assertEqual(len(gateway.sink.mails), 1)
        self.assertEqual(gateway.queued(), [])

    def test_kill_while_mail_flows(self):
        """Twenty times kill -9 at a random moment: what got 250 arrives, sealed, and few of it twice."""
        gateway = self.gateway()
        chance = random.Random(20261124)
        accepted, stop, serial = set(), threading.Event(), iter(range(10 ** 9))
        lock = threading.Lock()

        def sender():
            while not stop.is_set():
                with lock:
                    number = next(serial)
                sealed = number % 3 != 0
                data = mail(subject=f"{'[secure] ' if sealed else ''}{number}", extra=f"Message-ID: <{number}@acme.example>\r\n", body=MARKER * (1 + number % 500))
                try:
                    with smtplib.SMTP("127.0.0.1", gateway.port, timeout=30) as client:
                        client.sendmail("ann@acme.example", ["bob@x.example"], data)
                        accepted.add(number)
                except (OSError, smtplib.SMTPException):
                    stop.wait(0.02)

        threads = [threading.Thread(target=sender) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(20):
                stop.wait(chance.uniform(0.05, 0.5))
                gateway.kill()
                gateway.start()
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        gateway.wait_empty()
        times = {}
        for one in gateway.sink.mails:
            number = int(email.message_from_bytes(one.data)["Message-ID"].strip("<>").split("@")[0])
            times[number] = times.get(number, 0) + 1
            if number % 3:
                self.assert_sealed(one)
        self.assertEqual(accepted - times.keys(), set(), "lost")
        doubles = sum(count - 1 for count in times.values())
        print(f"\n  {len(accepted)} accepted, {len(times)} arrived, {doubles} twice", flush=True)
        self.assertGreater(len(accepted), 20)
        # A crash can double what was between the next hop's answer and our own record of it.
        self.assertLessEqual(doubles, len(accepted) / 4)


if __name__ == "__main__":
    unittest.main()
