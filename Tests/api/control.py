"""What the programs here have in common: HTTP over the control socket, and a look at the supervisor from outside."""

import asyncio
import json
import os
import re
import sys
import time

PATIENCE = 60


class Failure(Exception):
    """What should not be."""


def check(condition, text):
    if not condition:
        raise Failure(text)


def report(text):
    print(text, flush=True)


def main(body):
    """Runs a program; what fails is its last line."""
    try:
        asyncio.run(body)
    except Failure as failure:
        report(f"FAILED: {failure}")
        sys.exit(1)


class HungUp(Exception):
    """The supervisor ended the connection before an answer."""


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:500]!r}"


def request_text(method, path, body=None, headers=()):
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers]
    data = b""
    if body is not None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines.append("Content-Type: application/json")
    if data or method == "POST":
        lines.append(f"Content-Length: {len(data)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


class Connection:
    """A connection, and the answers that come on it."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.last = None

    @classmethod
    async def open(cls, path):
        return cls(*await asyncio.open_unix_connection(path, limit=1 << 20))

    async def head(self):
        """The status and the headers of the next answer, these by their names in small letters."""
        try:
            text = await self.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise HungUp(repr(error)) from None
        first, *lines = text.decode().split("\r\n")[:-2]
        headers = dict(line.split(": ", 1) for line in lines)
        return int(first.split(" ")[1]), {name.lower(): value for name, value in headers.items()}

    async def answer(self):
        status, headers = await self.head()
        while status == 100:
            status, headers = await self.head()
        try:
            if "content-length" in headers:
                body = await self.reader.readexactly(int(headers["content-length"]))
            else:
                body = b"".join([part async for part in self.chunks()])
        except (asyncio.IncompleteReadError, ConnectionError):
            raise HungUp() from None
        return Answer(status, headers, body)

    async def chunks(self):
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            yield (await self.reader.readexactly(size + 2))[:-2]
        await self.reader.readexactly(2)

    async def ask(self, method, path, body=None, headers=()):
        self.writer.write(request_text(method, path, body, headers))
        return await self.answer()

    def abort(self):
        """Hangs up, whatever is on its way."""
        self.writer.transport.abort()

    async def close(self):
        """Says goodbye, and waits until the supervisor has closed its side."""
        try:
            if self.writer.can_write_eof():
                self.writer.write_eof()
            while await self.reader.read(65536):
                pass
        except (OSError, RuntimeError):
            pass
        self.writer.close()


class Control:
    """A supervisor's control socket."""

    def __init__(self, path):
        self.path = path

    async def ask(self, method, path, body=None, headers=()):
        """One request on a connection of its own."""
        connection = await Connection.open(self.path)
        try:
            return await connection.ask(method, path, body, headers)
        finally:
            await connection.close()

    async def expect(self, status, method, path, body=None):
        answer = await self.ask(method, path, body)
        check(answer.status == status, f"{method} {path} {body}: {answer}, not {status}")
        return answer.json

    async def events(self, after=None, connection=None):
        """The events as (kind, id, data), after one that was seen; a snapshot first, without that."""
        connection = connection or await Connection.open(self.path)
        try:
            headers = [f"Last-Event-ID: {after}"] if after else []
            connection.writer.write(request_text("GET", "/v1/events", headers=headers))
            status, _ = await connection.head()
            check(status == 200, f"GET /v1/events: {status}")
            text = b""
            async for part in connection.chunks():
                *whole, text = (text + part).split(b"\n\n")
                for event in whole:
                    if event.startswith(b":"):
                        continue
                    fields = dict(line.split(": ", 1) for line in event.decode().split("\n"))
                    yield fields["event"], fields.get("id"), json.loads(fields["data"])
        finally:
            connection.abort()


def number(event_id):
    return int(event_id.split("-")[1])


class Supervisor:
    """The supervisor's process, as the kernel shows it."""

    def __init__(self, pid):
        self.pid = pid

    def descriptors(self):
        """The kinds of what it has open, in order."""
        kinds = []
        for name in os.listdir(f"/proc/{self.pid}/fd"):
            try:
                kinds.append(re.sub(r"\d+", "N", os.readlink(f"/proc/{self.pid}/fd/{name}")))
            except FileNotFoundError:
                pass
        return sorted(kinds)

    def memory(self):
        """Its anonymous memory in bytes; 0 where that is a sanitizer's."""
        if "ASAN_OPTIONS" in os.environ or "TSAN_OPTIONS" in os.environ:
            return 0
        with open(f"/proc/{self.pid}/status") as file:
            return int(re.search(r"RssAnon:\s*(\d+) kB", file.read())[1]) * 1024

    def processor_time(self):
        """The processor time it has used, in seconds."""
        with open(f"/proc/{self.pid}/stat") as file:
            fields = file.read().rpartition(") ")[2].split(" ")
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    async def calm(self):
        """What it has open once that doesn't change any more."""
        found = [self.descriptors()]
        while len(found) < 10 or found[-10:] != found[-1:] * 10:
            await asyncio.sleep(0.05)
            found.append(self.descriptors())
        return found[-1]

    async def settle(self, descriptors):
        """Waits until it has these descriptors open and no others: of those who hung up it hears in its own time."""
        deadline = time.monotonic() + PATIENCE
        while (found := self.descriptors()) != descriptors:
            more = [kind for kind in set(found) if found.count(kind) > descriptors.count(kind)]
            less = [kind for kind in set(descriptors) if found.count(kind) < descriptors.count(kind)]
            check(
                time.monotonic() < deadline,
                f"the supervisor had {len(descriptors)} descriptors and has {len(found)}: more {more}, fewer {less}",
            )
            await asyncio.sleep(0.05)


def megabytes(size):
    return f"{size / (1 << 20):.1f} MiB"
