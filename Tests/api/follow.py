#!/usr/bin/env python3
"""Followers of events while much happens: one that stays, some that come and go, and one that doesn't read.

Usage: follow.py SOCKET

The supervisor runs the services web (whose count changes), fixed, and chatty with CHATTY workers.
"""

import asyncio
import os
import random
import sys

from control import Connection, Control, check, main, number, report, request_text

# More than a reader may be behind, and what is on its way in buffers.
EVENTS = 8_000
CHATTY = 50
NAMES = ["web", "web/0", "web/1", "fixed", "fixed/0", "[wf]*"]


class Follow:
    def __init__(self, control, chance):
        self.control, self.random = control, chance
        self.events = []
        self.states = []
        self.isOver = False

    async def stay(self):
        async for event in self.control.events():
            self.events.append(event)

    async def come_and_go(self, seen):
        """Follows, hangs up at random, and resumes; the ids go to `seen`."""
        last = None
        while True:
            wanted = self.random.choice([1, 2, 5, 50, 500])
            async for kind, event, _ in self.control.events(after=last):
                check((kind == "snapshot") == (last is None), f"{kind} {event} came after {last}")
                seen.append(event)
                last = event
                wanted -= 1
                if wanted == 0:
                    break

    async def look(self):
        """Asks for the state, to be compared with what the events tell up to the same one."""
        while not self.isOver:
            self.states.append(await self.control.expect(200, "GET", "/v1/status?statistics=false"))
            await asyncio.sleep(0.02)

    async def command(self, others):
        """Commands at random, on one connection after another."""
        while not self.isOver:
            await self.keep_pace(others)
            path = self.random.choice(["start", "stop", "restart", "kill", "freeze", "thaw", "thaw", "reset", "scale"])
            body = {"names": [self.random.choice(NAMES)]}
            if path == "scale":
                body = {"counts": {"web": self.random.choice(["2", "4", "6"])}}
            answer = await self.control.ask("POST", f"/v1/{path}", body)
            check(answer.status in (202, 409), f"{path} {body}: {answer}")

    async def chatter(self, others):
        """Harmless signals, many at a time: an event for each worker. Who doesn't read has to fall behind by more than
        it may before the minute is over that it may pause, however busy the machine is; the `others` mayn't."""
        await self.control.expect(202, "POST", "/v1/start", {"names": ["chatty"]})
        one = request_text("POST", "/v1/signal", {"names": ["chatty"], "signal": "CONT"})
        sent = 0
        while sent < EVENTS:
            # Of its own: one that has nothing to ask for ten seconds, as it waits for others here, is closed.
            connection = await Connection.open(self.control.path)
            connection.writer.write(one * 10)
            for _ in range(10):
                answer = await connection.answer()
                check(answer.status == 202, f"a signal: {answer}")
            await connection.close()
            sent += 10 * CHATTY
            await self.keep_pace(others)

    async def keep_pace(self, others):
        """Waits for followers that are behind: who comes back after thousands of events finds them gone."""
        while any(not seen or number(seen[-1]) + 1_000 < self.latest() for seen in others.values()):
            check(not any(other.done() for other in others), f"a follower was dropped: {others.keys()}")
            await asyncio.sleep(0)

    def latest(self):
        """The last event that anything tells of."""
        told = [number(state["lastEvent"]) for state in self.states[-1:]]
        return max(told + [number(event) for _, event, _ in self.events[-1:]])

    async def be_slow(self):
        """Asks for events, and doesn't read them."""
        connection = await Connection.open(self.control.path)
        connection.writer.transport.pause_reading()
        connection.writer.write(request_text("GET", "/v1/events"))
        return connection

    def replay(self, snapshot):
        """The states of workers by a snapshot and the events that came after it."""
        states = states_of(snapshot)
        for _, event, data in self.events[1:]:
            if number(event) > number(snapshot["lastEvent"]) and data.get("worker") is not None:
                states[data["service"], data["worker"]] = data.get("state")
        # One without a state is no more.
        return {worker: state for worker, state in states.items() if state is not None}


def states_of(snapshot):
    return {
        (service["name"], worker["number"]): worker["state"]
        for service in snapshot["services"]
        for worker in service["workers"]
    }


def difference(events, status):
    """Which workers differ; of one that was scaled away the last event is that it has stopped."""
    return {
        worker: (events.get(worker), status.get(worker))
        for worker in {*events, *status}
        if events.get(worker) != status.get(worker)
        and not (worker not in status and events[worker] in ("stopped", "failed", "done"))
    }


async def read_the_rest(slow):
    slow.writer.transport.resume_reading()
    await slow.head()
    text = b"".join([part async for part in slow.chunks()])
    kinds = [line for line in text.split(b"\n") if line.startswith(b"event: ")]
    check(kinds[-1] == b"event: dropped", f"the slow reader's last event is {kinds[-1]}")
    report(f"who didn't read was dropped after {len(kinds)} events, and told so")
    await slow.close()


async def program():
    control = Control(sys.argv[1])
    seed = int(os.environ.get("CADRE_TEST_SEED", random.randrange(1 << 32)))
    report(f"seed {seed} (CADRE_TEST_SEED)")
    follow = Follow(control, random.Random(seed))
    slow = await follow.be_slow()
    stayer = asyncio.create_task(follow.stay())
    while not follow.events:
        await asyncio.sleep(0)
    wanderers = {asyncio.create_task(follow.come_and_go(seen)): seen for seen in ([], [], [])}
    others = [asyncio.create_task(follow.look())]
    others += [asyncio.create_task(follow.command(wanderers)) for _ in range(2)]
    await follow.chatter(wanderers)
    await read_the_rest(slow)
    follow.isOver = True
    await asyncio.gather(*others)
    result = await control.expect(200, "POST", "/v1/stop?wait=stopped&timeout=30s", {"names": ["*"]})
    check(all(outcome["outcome"] == "reached" for outcome in result["outcomes"]), f"stop: {result}")
    follow.states.append(await control.expect(200, "GET", "/v1/status?statistics=false"))
    last = number(follow.states[-1]["lastEvent"])
    while number(follow.events[-1][1]) < last or any(number(seen[-1]) < last for seen in wanderers.values()):
        for task in (stayer, *wanderers):
            check(not task.done(), f"a follower was dropped: {task}")
        await asyncio.sleep(0.01)

    ids = [event for _, event, _ in follow.events]
    check([number(event) for event in ids] == list(range(number(ids[0]), number(ids[-1]) + 1)), "there are gaps")
    report(f"who stayed saw {len(ids)} events without a gap")
    for seen in wanderers.values():
        check(seen == ids[ids.index(seen[0]) :], "who came and went saw others")
        report(f"who came and went saw {len(seen)} events, the same")

    final = states_of(follow.states[-1])
    for snapshot in [follow.events[0][2], *follow.states]:
        wrong = difference(follow.replay(snapshot), final)
        check(not wrong, f"the events after {snapshot['lastEvent']} lead to other states than there are: {wrong}")
    report(f"the events after each of {len(follow.states) + 1} snapshots lead to the states that the status tells")

    for task in (stayer, *wanderers):
        task.cancel()


main(program())
