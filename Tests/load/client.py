"""A client that never stops asking, and knows what became of each request.

Usage: client.py [--connections N] [--keep-alive] [--retry] [--slow N] [--report N] HOST:PORT...

Each of its connections, N for each address, sends the next request as soon as it has the answer to the one before: on a
new connection, or on the same one with --keep-alive. Every Nth request is for /slow. With --retry it does what RFC 9110 (9.2.2) lets a client do
with a GET whose connection was closed before anything of the answer came: it sends it again, once, on a new connection.
It prints "answered 1" when each address has answered N requests (--report), and "answered 2" and so on for each SIGUSR1, when
each has answered N requests that were sent after that; nothing else, as nobody may read it for long.

At SIGTERM it finishes what it has begun and prints one line of JSON: how many requests were answered, by whom; how many
were sent again, by whether their connection had served others before; what failed and how; the longest time that a
request took in milliseconds.
"""

import argparse
import asyncio
import collections
import contextlib
import json
import signal
import time

parser = argparse.ArgumentParser()
parser.add_argument("--connections", type=int, default=2)
parser.add_argument("--keep-alive", action="store_true")
parser.add_argument("--retry", action="store_true")
parser.add_argument("--slow", type=int, default=10)
parser.add_argument("--report", type=int, default=20)
parser.add_argument("addresses", nargs="+")
options = parser.parse_args()


class Failure(Exception):
    """A request without a whole answer; `bytes` is how much of one there was, `step` what was being done."""

    def __init__(self, step: str, error: Exception | str, received: int):
        super().__init__(f"{step}: {error!r}" if isinstance(error, Exception) else f"{step}: {error}")
        self.step = step
        self.received = received


class Connection:
    """One of those that ask."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.served = 0

    async def close(self) -> None:
        if self.streams:
            _, writer = self.streams
            self.streams = None
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def ask(self, path: str) -> str:
        step, received = "connect", b""
        try:
            if not self.streams:
                self.served = 0
                host, port = self.address.rsplit(":", 1)
                self.streams = await asyncio.open_connection(host, int(port))
            reader, writer = self.streams
            step = "send"
            ending = "keep-alive" if options.keep_alive else "close"
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {self.address}\r\nConnection: {ending}\r\n\r\n".encode())
            await writer.drain()
            step = "receive"
            while b"\r\n\r\n" not in received:
                more = await reader.read(65536)
                if not more:
                    raise Failure(step, "closed", len(received))
                received += more
            head, body = received.split(b"\r\n\r\n", 1)
            status, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
            if status.split()[1] != "200":
                raise Failure("answer", status, len(received))
            length = int(headers["content-length"])
            while len(body) < length:
                more = await reader.read(65536)
                if not more:
                    raise Failure("body", f"closed after {len(body)} of {length} bytes", len(received) + len(body))
                body += more
            self.served += 1
            if not options.keep_alive or headers.get("connection", "").lower() == "close" or "1.0" in status.split()[0]:
                await self.close()
            return body.decode("latin-1").split("\n")[0]
        except (OSError, ValueError, KeyError, IndexError) as error:
            raise Failure(step, error, len(received)) from error


answers: collections.Counter[str] = collections.Counter()
releases: collections.Counter[str] = collections.Counter()
again = {"reused": 0, "new": 0}
failures: list[dict] = []
counts = {"answered": 0, "asked": 0, "reports": 0}
longest: dict = {"ms": 0.0, "address": "", "path": "", "at": 0.0, "answer": ""}
began = time.monotonic()
stopping = asyncio.Event()
# How many answers are awaited, by address, to requests that were sent after this.
awaited: collections.Counter[str] = collections.Counter()
awaited_after = 0.0


def wait_for_more() -> None:
    global awaited_after
    awaited_after = time.monotonic()
    awaited.update({address: options.report - awaited[address] for address in options.addresses})


def count(address: str, start: float) -> None:
    counts["answered"] += 1
    if start < awaited_after or not awaited[address]:
        return
    awaited[address] -= 1
    if not any(awaited.values()):
        counts["reports"] += 1
        print("answered", counts["reports"], flush=True)


async def work(address: str) -> None:
    global longest
    connection = Connection(address)
    while not stopping.is_set():
        counts["asked"] += 1
        path = "/slow" if options.slow and counts["asked"] % options.slow == 0 else "/"
        start, answer = time.monotonic(), ""
        for attempt in range(2):
            served = connection.served if connection.streams else 0
            try:
                answer = await connection.ask(path)
            except Failure as failure:
                await connection.close()
                if options.retry and attempt == 0 and failure.step != "connect" and failure.received == 0:
                    again["reused" if served else "new"] += 1
                    continue
                failures.append({
                    "address": address, "at": round(start - began, 3), "after": round(time.monotonic() - start, 3), "path": path,
                    "error": str(failure), "received": failure.received, "served_before": served, "attempt": attempt,
                })
            else:
                worker, _, rest = answer.partition(" ")
                answers[worker] += 1
                releases[rest.rpartition(" ")[2]] += 1
                count(address, start)
            break
        took = round((time.monotonic() - start) * 1000, 1)
        if took > longest["ms"]:
            longest = {"ms": took, "address": address, "path": path, "at": round(start - began, 3), "answer": answer}
    await connection.close()


async def main() -> None:
    wait_for_more()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, wait_for_more)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await asyncio.gather(*(work(address) for address in options.addresses for _ in range(options.connections)))
    print(json.dumps({
        "asked": counts["asked"], "answered": counts["answered"], "workers": answers, "releases": releases,
        "again": again, "failed": len(failures), "failures": failures[:20], "longest": longest,
        "seconds": round(time.monotonic() - began, 1),
    }), flush=True)


asyncio.run(main())
