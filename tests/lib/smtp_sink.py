"""A small SMTP server that takes every mail and hands it to a function: the next hop in tests and in the demo.

It knows EHLO, MAIL, RCPT, DATA, RSET, NOOP and QUIT, offers PIPELINING, SIZE and 8BITMIME, and STARTTLS when it is
given a certificate. Its answers can be scripted, to play a peer that refuses, delays or hangs up.
"""

import asyncio
import ssl
import threading
from dataclasses import dataclass, field

# What after_data may return besides a line: the connection ends without an answer, and the mail is lost or taken.
CLOSE = "close"
TAKE_AND_CLOSE = "take and close"


@dataclass
class Mail:
    """One accepted mail: envelope sender, envelope recipients, the bytes between DATA and the dot, and how it came."""

    sender: str
    recipients: list
    data: bytes
    tls: bool = False
    options: list = field(default_factory=list)


def path_of(argument):
    """The address in 'FROM:<a@b> SIZE=1', and the parameters behind it."""
    start, end = argument.find("<"), argument.find(">")
    if start < 0 or end < start:
        return None, []
    return argument[start + 1 : end], argument[end + 1 :].split()


class SmtpSink:
    """Listens on loopback in a thread of its own until close().

    accept(mail) is called before the final reply; what it raises becomes a 451. reply(verb, argument, sink) may
    return a line to be sent instead of the usual one ("550 5.1.1 no such user"), or "close" to hang up, or for DATA
    "cut" to hang up in the middle of it; None leaves the usual reply.

    after_data(mail) is asked when the dot has come, before accept: None takes the mail; a line ("451 4.3.0 later",
    "550 5.7.1 no") is the answer, and the mail is not taken; CLOSE and TAKE_AND_CLOSE hang up instead of answering.
    It may be replaced at any time.
    """

    def __init__(self, accept=None, port=0, reply=None, certificate=None, size=200_000_000, after_data=None):
        self.mails = []
        self.after_data = after_data or (lambda mail: None)
        self.accept = accept or (lambda mail: None)
        self.reply = reply or (lambda verb, argument, sink: None)
        self.size = size
        self.tls = None
        if certificate:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*certificate)
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(
            asyncio.start_server(self._session, "127.0.0.1", port, limit=1 << 20)
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def close(self):
        """Stops listening. Sessions under way are cut. A second call does nothing."""
        if not self._thread.is_alive():
            return

        async def stop():
            self._server.close()
            for task in asyncio.all_tasks():
                if task is not asyncio.current_task():
                    task.cancel()

        asyncio.run_coroutine_threadsafe(stop(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def wait(self, count, seconds=60):
        """Waits until so many mails are here and returns them all; raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.mails) >= count, seconds):
                raise TimeoutError(f"{len(self.mails)} of {count} mails came within {seconds} s")
            return list(self.mails)

    async def _session(self, reader, writer):
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    async def _talk(self, reader, writer):
        async def say(line):
            writer.write(line.encode() + b"\r\n")
            await writer.drain()

        tls, sender, recipients, options = False, None, [], []
        await say(self.reply("CONNECT", "", self) or "220 sink.test ESMTP")
        while True:
            line = (await reader.readuntil(b"\r\n"))[:-2].decode("latin-1")
            verb, _, argument = line.partition(" ")
            verb = verb.upper()
            scripted = self.reply(verb, argument, self)
            if scripted == "close":
                return
            if scripted == "cut":
                await say("354 go on")
                await reader.readexactly(100_000)
                return
            if scripted and not scripted.startswith(("2", "3")):
                await say(scripted)
            elif verb == "EHLO":
                offers = ["sink.test", "PIPELINING", f"SIZE {self.size}", "8BITMIME", "ENHANCEDSTATUSCODES"]
                if self.tls and not tls:
                    offers.append("STARTTLS")
                for offer in offers[:-1]:
                    writer.write(f"250-{offer}\r\n".encode())
                await say(f"250 {offers[-1]}")
            elif verb == "STARTTLS" and self.tls and not tls:
                await say("220 2.0.0 go ahead")
                await writer.start_tls(self.tls)
                tls, sender, recipients = True, None, []
            elif verb == "MAIL":
                sender, options = path_of(argument)
                recipients = []
                await say("250 2.1.0 ok")
            elif verb == "RCPT" and sender is not None:
                recipients.append(path_of(argument)[0])
                await say("250 2.1.5 ok")
            elif verb == "DATA" and recipients:
                await say("354 go on")
                data = await self._data(reader)
                answer = scripted or await self._end_of(Mail(sender, recipients, data, tls, options))
                if answer == CLOSE:
                    return
                await say(answer)
                sender, recipients = None, []
            elif verb == "RSET":
                sender, recipients = None, []
                await say("250 2.0.0 ok")
            elif verb in ("HELO", "NOOP"):
                await say("250 2.0.0 ok")
            elif verb == "QUIT":
                await say("221 2.0.0 bye")
                return
            else:
                await say("503 5.5.1 not now")

    async def _data(self, reader):
        lines = []
        while (line := await self._line(reader)) != b".\r\n":
            lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)

    async def _line(self, reader):
        pieces = []
        while True:
            try:
                pieces.append(await reader.readuntil(b"\r\n"))
                return b"".join(pieces)
            except asyncio.LimitOverrunError as error:
                pieces.append(await reader.readexactly(error.consumed))

    async def _end_of(self, mail):
        answer = self.after_data(mail)
        if answer == TAKE_AND_CLOSE:
            await self._take(mail)
            return CLOSE
        return answer or await self._take(mail)

    async def _take(self, mail):
        try:
            await asyncio.get_running_loop().run_in_executor(None, self.accept, mail)
        except Exception as error:  # a peer that fails is part of what this plays
            return f"451 4.3.0 {type(error).__name__}"
        with self._changed:
            self.mails.append(mail)
            self._changed.notify_all()
        return "250 2.0.0 taken"
