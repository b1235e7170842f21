#!/usr/bin/env python3
"""Clients that behave badly: what they cost the supervisor, and whether its workers notice.

Usage: abuse.py SOCKET SUPERVISOR-PID

The supervisor runs the service web, whose worker 0 is killed now and then to see how long its restart takes.
"""

import asyncio
import collections
import os
import signal
import sys
import time

from control import Connection, Control, HungUp, Supervisor, check, main, megabytes, report, request_text

# The supervisor has room for 512.
HALF_OPEN = 450
PIPELINED = 10_000
BODY = 100 << 20
# For all those clients, each of which may send 16 KiB of headers and 64 KiB of a body, into buffers that grow by
# doubling; and for one that may not have more than that on its way.
CROWD_BOUND = HALF_OPEN * (256 << 10)
CLIENT_BOUND = 16 << 20
# How much of a body may be sent until the refusal is noticed; what comes after it is read for a moment, and dropped.
BODY_BOUND = 32 << 20
# On a machine that has other things to do. What is measured is printed.
RESTART_BOUND = 1


class Restarts:
    """Restarts of web/0, as the stream of events tells of them."""

    def __init__(self, control):
        self.events = control.events()

    async def begin(self):
        kind, _, _ = await anext(self.events)
        check(kind == "snapshot", f"the stream begins with {kind}")

    async def measure(self, pid):
        """Kills the worker's process, and returns the next one and how long it took to be ready.

        That is by the core's own clock, as the stream of events waits its turn behind all that the bad clients sent.
        """
        begin = time.time()
        os.kill(pid, signal.SIGKILL)
        async for kind, _, event in self.events:
            if event.get("service") != "web" or event.get("worker") != 0:
                continue
            if kind == "started":
                pid = int(event["details"]["pid"])
            if kind == "ready":
                return pid, event["time"] - begin


class Abuse:
    def __init__(self, control, supervisor):
        self.control, self.supervisor = control, supervisor
        self.descriptors = self.memory = None
        self.restarts = Restarts(control)
        self.pid = None

    async def begin(self):
        worker = await self.control.expect(200, "GET", "/v1/services/web/workers/0")
        self.pid = worker["pid"]
        await self.restarts.begin()
        await self.restart("nobody disturbs")
        self.descriptors = await self.supervisor.calm()
        self.memory = self.supervisor.memory()

    async def restart(self, what):
        self.pid, took = await asyncio.wait_for(self.restarts.measure(self.pid), 60)
        report(f"{what}: a killed worker's successor is ready after {took * 1000:.1f} ms")
        check(took < RESTART_BOUND, "that is too long")

    def cost(self, what, memory, bound):
        grown = self.supervisor.memory() - memory
        report(f"{what}: {megabytes(grown)} more than before")
        check(grown < bound, "that is too much")

    async def refusal(self, connection):
        """The status that a client is told off with. One that was sent away at once may not get to read its 503."""
        try:
            return (await asyncio.wait_for(connection.answer(), 60)).status
        except HungUp as error:
            return 503 if "ConnectionReset" in str(error) or "BrokenPipe" in str(error) else str(error)

    async def half_open(self, what, text, bound):
        """Many clients that send a part of a request and then nothing; they may cost so much since the beginning."""
        connections = [await Connection.open(self.control.path) for _ in range(HALF_OPEN)]
        for connection in connections:
            connection.writer.write(text)
        await self.restart(f"{HALF_OPEN} {what}")
        status = await self.control.expect(200, "GET", "/v1/status")
        check(status["services"], f"the status is {status}")
        self.cost(f"{HALF_OPEN} {what}", self.memory, bound)
        answers = collections.Counter(await asyncio.gather(*(self.refusal(connection) for connection in connections)))
        report(f"{HALF_OPEN} {what}: they were told {dict(answers)}")
        # While it isn't known of all that they left there may seem to be too many.
        check(set(answers) <= {408, 503} and answers[408] > HALF_OPEN / 2, "that is not what was to come")
        await asyncio.gather(*(connection.close() for connection in connections))
        await self.supervisor.settle(self.descriptors)

    async def pipelined(self):
        """One client that sends many requests and reads the answers as they come."""
        memory = self.supervisor.memory()
        connection = await Connection.open(self.control.path)
        one = request_text("GET", "/v1/status?statistics=false")

        async def send():
            for _ in range(PIPELINED // 100):
                connection.writer.write(one * 100)
                await connection.writer.drain()

        sender = asyncio.create_task(send())
        begin = time.monotonic()
        for index in range(PIPELINED):
            answer = await connection.answer()
            check(answer.status == 200 and answer.json["services"], f"answer {index} of {PIPELINED}: {answer}")
            if index == PIPELINED // 2:
                await self.restart(f"amid {PIPELINED} pipelined requests")
                self.cost(f"{PIPELINED} pipelined requests", memory, CLIENT_BOUND)
        await sender
        report(f"{PIPELINED} pipelined requests answered in {time.monotonic() - begin:.1f} s")
        await connection.close()

    async def body(self, what, header, frame):
        """One client that sends a body without an end, as long as it is let to."""
        memory = self.supervisor.memory()
        connection = await Connection.open(self.control.path)
        head = ["POST /v1/stop HTTP/1.1", "Host: localhost", "Content-Type: application/json", header]
        connection.writer.write("\r\n".join(head).encode() + b"\r\n\r\n")
        sent = 0
        part = b" " * 65536
        answer = asyncio.create_task(connection.answer())
        while sent < BODY and not answer.done():
            try:
                connection.writer.write(frame(part))
                await connection.writer.drain()
                await asyncio.sleep(0)
            except ConnectionError:
                break
            sent += len(part)
        try:
            status = (await answer).status
        except HungUp:
            status = "none, it is hung up"
        report(f"a body of {megabytes(BODY)}, {what}: answer {status} after {megabytes(sent)}")
        check(status == 413, "that is not what was to come")
        check(sent < BODY_BOUND, "that is too late")
        self.cost(f"a body, {what}", memory, CLIENT_BOUND)
        connection.abort()


async def program():
    control, supervisor = Control(sys.argv[1]), Supervisor(int(sys.argv[2]))
    abuse = Abuse(control, supervisor)
    await abuse.begin()
    head = "GET /v1/status HTTP/1.1\r\nHost: localhost\r\n"
    await abuse.half_open("half requests with 15 KiB of headers", f"{head}X: {'x' * 15 * 1024}".encode(), CROWD_BOUND)
    post = "POST /v1/stop HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 65536\r\n\r\n"
    bodies = post.encode() + b" " * 60 * 1024
    await abuse.half_open("requests with half a body of 60 KiB", bodies, CROWD_BOUND)
    # What was used once is used again.
    await abuse.half_open("such requests once more", bodies, CROWD_BOUND)
    await abuse.pipelined()
    await abuse.body("its length told", f"Content-Length: {BODY}", lambda part: part)
    await abuse.body("in chunks", "Transfer-Encoding: chunked", lambda part: b"%x\r\n%s\r\n" % (len(part), part))
    await supervisor.settle(abuse.descriptors)
    await abuse.restart("afterwards")


main(program())
