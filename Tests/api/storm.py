#!/usr/bin/env python3
"""Many clients at once that want all kinds of things, and then a look whether everything is as it should be.

Usage: storm.py SOCKET CGROUP SUPERVISOR-PID SECONDS

The supervisor runs the services web (whose count changes), fixed (4 workers) and frail (2 workers, a small budget).
Two rounds of SECONDS/2 each; what the second one leaves behind that the first one didn't is a leak.
"""

import asyncio
import collections
import os
import random
import sys
import time

from control import (
    Connection, Control, Failure, HungUp, Supervisor, check, main, megabytes, number, report, request_text,
)

CLIENTS = 200
COUNTS = {"web": 12, "fixed": 4, "frail": 2}
NAMES = ["web", "web/0", "web/[1-3]", "w*", "fixed", "fixed/0", "fixed/3", "frail", "frail/1", "*"]
COMMANDS = {"start": 6, "stop": 2, "restart": 3, "kill": 3, "freeze": 3, "thaw": 4, "reset": 3}
SIGNALS = ["CONT", "URG", "TERM", "KILL", "USR1", "HUP"]
GARBAGE = [b"\x00\x01\x02\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"{}\n", b"POST /v1/stop HTTP/1.1\r\nno colon\r\n\r\n"]
# On a machine that has other things to do. What is measured is printed.
LATENCY_BOUND = 10
LEAK_BOUND = 8 << 20


class Storm:
    def __init__(self, control, document, seed):
        self.control = control
        self.random = random.Random(seed)
        self.answers = collections.Counter()
        self.paths = {
            (method.upper(), path): {int(status) for status in operation["responses"]}
            for path, item in document["paths"].items()
            for method, operation in item.items()
            if method in ("get", "post")
        }
        self.isOver = False

    async def client(self):
        connection = None
        while not self.isOver:
            connection = connection or await Connection.open(self.control.path)
            draw = self.random.random()
            if draw < 0.04:
                connection = await self.follow(connection)
            elif draw < 0.07:
                connection = await self.garbage(connection)
            elif draw < 0.10:
                connection = await self.hang_up(connection)
            else:
                connection = await self.ask(connection)
        if connection:
            await connection.close()

    def request(self):
        """A request: method, path template, path, body."""
        chance = self.random
        kind = chance.choices(["look", "command", "signal", "scale", "apply", "limit", "wrong"], [40, 35, 8, 6, 1, 2, 8])[0]
        if kind == "look":
            template = chance.choice([path for method, path in self.paths if method == "GET" and path != "/v1/events"])
            path = template.replace("{service}", chance.choice([*COUNTS, "none"]))
            return "GET", template, path.replace("{worker}", str(chance.randrange(14))), None
        if kind == "command":
            template = "/v1/" + chance.choices(list(COMMANDS), list(COMMANDS.values()))[0]
            body = {"names": chance.sample(NAMES, chance.randint(1, 2))}
        elif kind == "signal":
            template = "/v1/signal"
            to = chance.choice(["leader", "children", "all"])
            body = {"names": [chance.choice(NAMES)], "signal": chance.choice(SIGNALS), "to": to}
        elif kind == "scale":
            template, body = "/v1/scale", {"counts": {"web": chance.choice(["4", "8", "12", "16", "+1", "-1"])}}
        elif kind == "apply":
            template, body = "/v1/apply", None
        elif kind == "limit":
            return "POST", "/v1/limit", "/v1/limit", {"names": ["web"], "limits": {"tasks_max": chance.choice(["20", "none"])}}
        else:
            template = "/v1/stop"
            body = chance.choice([b"{", b"[]", b"\xff", {"names": []}, {"names": ["none"]}, {"names": ["web"], "force": 1}])
        wait = chance.choice(["", "", "?wait=ready&timeout=1s", "?wait=stopped&timeout=500ms", "?wait=frozen&timeout=200ms"])
        return "POST", template, template + wait, body

    async def ask(self, connection):
        method, template, path, body = self.request()
        begin = time.monotonic()
        try:
            answer = await connection.ask(method, path, body)
        except HungUp as error:
            raise Failure(
                f"{method} {path} {body} got no answer but {error} after {time.monotonic() - begin:.3f} s; "
                f"before that: {connection.last}"
            ) from None
        connection.last = f"{method} {path} {body}: {answer} {answer.headers}"
        self.answers[answer.status] += 1
        check(answer.status in self.paths[method, template], f"{method} {path} {body}: {answer} is not documented")
        check(answer.status < 500 or "isHealthy" in answer.json, f"{method} {path} {body}: {answer}")
        kind = answer.headers.get("content-type", "")
        if answer.status in (200, 202) and path.startswith("/v1"):
            check(kind == "application/json" and answer.json is not None, f"{method} {path}: {kind} {answer}")
        elif answer.status >= 400 and answer.status != 503:
            check(kind == "application/problem+json" and answer.json["detail"], f"{method} {path}: {kind} {answer}")
        if answer.headers.get("connection") != "close":
            return connection
        await connection.close()

    async def follow(self, connection):
        """Follows events for a while, and hangs up."""
        wanted = self.random.randint(0, 30)
        last = None
        async for kind, event, _ in self.control.events(connection=connection):
            check(last is None or number(event) == last + 1, f"{event} ({kind}) came after number {last}")
            last = number(event)
            if wanted == 0 or self.isOver:
                break
            wanted -= 1

    async def garbage(self, connection):
        await connection.close()
        connection = await Connection.open(self.control.path)
        connection.writer.write(self.random.choice(GARBAGE))
        answer = await connection.answer()
        check(answer.status in (400, 404, 505), f"garbage: {answer}")
        await connection.close()

    async def hang_up(self, connection):
        """Asks, and doesn't stay for the answer."""
        method, _, path, body = self.request()
        text = request_text(method, path, body)
        connection.writer.write(text[: self.random.choice([10, len(text) - 1, len(text)])])
        for _ in range(self.random.randint(0, 3)):
            await asyncio.sleep(0)
        connection.abort()

    async def run(self, seconds):
        self.isOver = False

        async def end():
            await asyncio.sleep(seconds)
            self.isOver = True

        tasks = [asyncio.create_task(body) for body in [end(), *(self.client() for _ in range(CLIENTS))]]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()


async def follow(control, events):
    """Follows events all the time, and keeps them."""
    async for event in control.events():
        events.append(event)
        if len(events) > 1:
            check(number(event[1]) == number(events[-2][1]) + 1, f"{event} came after {events[-2]}")


async def probe(path):
    """Asks for the state over and over in a process of its own, and prints each time how long it took."""
    connection = await Connection.open(path)
    while True:
        begin = time.monotonic()
        answer = await connection.ask("GET", "/v1/status?statistics=false")
        check(answer.status == 200, f"GET /v1/status: {answer}")
        print(time.monotonic() - begin, flush=True)
        await asyncio.sleep(0.02)


async def restore(control):
    """Everything as it was in the beginning, by commands."""
    await control.expect(200, "POST", "/v1/thaw?wait=ready&timeout=30s", {"names": ["*"]})
    await control.expect(202, "POST", "/v1/scale", {"counts": {name: str(count) for name, count in COUNTS.items()}})
    await control.expect(202, "POST", "/v1/reset", {"names": ["*"]})
    result = await control.expect(200, "POST", "/v1/start?wait=ready&timeout=60s", {"names": ["*"]})
    outcomes = {outcome["worker"]: outcome["outcome"] for outcome in result["outcomes"]}
    workers = {f"{name}/{number}" for name, count in COUNTS.items() for number in range(count)}
    check(outcomes == dict.fromkeys(workers, "reached"), f"after the storm: {outcomes}")


def members(path):
    with open(f"{path}/cgroup.procs") as file:
        return {int(line) for line in file}


async def verify(control, cgroup, supervisor):
    """That the supervisor and the kernel agree."""
    status = await control.expect(200, "GET", "/v1/status")
    expected = {}
    for service in status["services"]:
        check(service["wanted"] == COUNTS[service["name"]] == service["ready"], f"{service}")
        for worker in service["workers"]:
            check(worker["state"] == "ready", f"{service['name']}: {worker}")
            check(worker["restarts"] == sum(worker["restartsByReason"].values()), f"{worker}")
            expected[f"{cgroup}/{worker['controlGroup']}"] = {worker["pid"]}
    found = {}
    for path, directories, _ in os.walk(cgroup):
        ours = os.path.basename(path) in ("supervisor", "keeper")
        if path != cgroup and not ours and (not directories or members(path)):
            found[path] = members(path)
    check(found == expected, f"the cgroups are {found}, and the status says {expected}")
    check((await control.expect(200, "GET", "/health"))["isHealthy"], "not healthy")
    return status


def compare(status, events):
    """That the counters are what the events tell."""
    snapshot = {}
    for service in events[0][2]["services"]:
        for worker in service["workers"]:
            snapshot[service["name"], worker["number"]] = worker
    # Those of web come and go, and their counters with them.
    for service in status["services"]:
        if service["name"] == "web":
            continue
        for worker in service["workers"]:
            key = service["name"], worker["number"]
            own = [data for _, _, data in events[1:] if (data.get("service"), data.get("worker")) == key]
            started = [event["incarnation"] for event in own if event["kind"] == "started"]
            check(started == sorted(set(started)), f"{key} started {started}")
            check(worker["incarnation"] == max(started), f"{key} is {worker}, and started {started}")
            first = snapshot[key]
            kills = sum(event["kind"] == "killed" for event in own)
            check(worker["kills"] - first["kills"] == kills, f"{key} was killed {kills} times, and counts {worker}")
            # One that was started after a stop follows no other.
            restarts = worker["restarts"] - first["restarts"]
            check(0 < restarts <= len(started), f"{key} started {len(started)} times, and counts {restarts} restarts")


async def program():
    socket, cgroup, pid, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    control, supervisor = Control(socket), Supervisor(pid)
    seed = int(os.environ.get("CADRE_TEST_SEED", random.randrange(1 << 32)))
    report(f"seed {seed} (CADRE_TEST_SEED), {CLIENTS} clients, {seconds:.0f} s")
    storm = Storm(control, await control.expect(200, "GET", "/v1/openapi.json"), seed)
    await restore(control)
    descriptors = await supervisor.calm()
    memory = []
    for part in (1, 2):
        events = []
        follower = asyncio.create_task(follow(control, events))
        while not events:
            await asyncio.sleep(0)
        prober = await asyncio.create_subprocess_exec(
            sys.executable, __file__, "probe", socket, stdout=asyncio.subprocess.PIPE)
        await storm.run(seconds / 2)
        prober.terminate()
        output = (await prober.stdout.read()).decode().split()
        check("FAILED:" not in output and len(output) > 10, f"the probe: {' '.join(output[-50:])}")
        times = sorted(float(line) for line in output)
        middle, late = times[len(times) // 2], times[len(times) * 99 // 100]
        report(f"status answered {len(times)} times: p50 {middle:.3f} s, p99 {late:.3f} s, max {times[-1]:.3f} s")
        check(times[-1] < LATENCY_BOUND, "the core did not respond in time")
        await restore(control)
        status = await verify(control, cgroup, supervisor)
        while number(events[-1][1]) < number(status["lastEvent"]):
            check(not follower.done(), f"the follower: {follower}")
            await asyncio.sleep(0.01)
        compare(status, events)
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)
        await supervisor.settle(descriptors)
        memory.append(supervisor.memory())
        report(f"round {part}: {len(events)} events, answers {dict(sorted(storm.answers.items()))}, {megabytes(memory[-1])}")
    check(memory[1] - memory[0] < LEAK_BOUND, f"the second round left {megabytes(memory[1] - memory[0])} behind")
    used = supervisor.processor_time()
    await asyncio.sleep(1)
    used = supervisor.processor_time() - used
    report(f"processor time in an idle second: {used:.2f} s")
    check(used < 0.2, "the supervisor is busy with nothing")


if __name__ == "__main__":
    main(probe(sys.argv[2]) if sys.argv[1] == "probe" else program())
