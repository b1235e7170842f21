#!/usr/bin/env -S python3 -B
"""Keeps a supervisor with many workers in trouble for as long as asked, then draws up the account.

Usage: soak.py CADRE [--workers N] [--seconds S] [--seed N] [--journald]

Workers are killed, go beyond their limits of memory (where there is the controller), are stopped, started, replaced and
scaled; the supervisor is killed and upgraded; with --journald, journald is restarted, to which some of the workers print,
and else to files. Then all of it rests, and what was caused is compared with what was counted, told and printed, and what the
machine holds with what it should. Exit status 0 if all of that is right.

In the second half the supervisor lives on, so that growth of its memory shows.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter

from account import Commands, Kills, Lines, Samples, Table, processes_below

from control import PATIENCE, Control, Failure, HungUp, Supervisor, check, main, report

RESTART = "restart = { delay = '1ms', max_delay = '20ms', budget = 1000000 }\nstop.timeout = '5s'\n"
# Goes beyond its memory when it is told to.
GLUTTON = "trap 'exec tail /dev/zero' USR1; while :; do sleep 3600 & wait; done"
# Prints who it is and numbers from 1 on, two a second, and ends if it can't. It has no child: the FIFO is never written to.
TALKER = """exec 3<>"$0"; while echo "$CADRE_WORKER@$CADRE_INCARNATION $((++line))"; do read -r -t 0.5 <&3; done"""


def cgroup_mount():
    with open("/proc/self/mountinfo") as file:
        for line in file:
            if " - cgroup2 " in line:
                return line.split(" ")[4]
    raise Failure("there is no cgroup2 mount")


class Soak:
    def __init__(self, arguments):
        self.arguments = arguments
        self.random = random.Random(arguments.seed)
        self.directory = tempfile.mkdtemp(prefix="cadre-soak-")
        self.cgroup = f"{cgroup_mount()}/{os.path.basename(self.directory)}"
        self.control = Control(f"{self.directory}/run/control.sock")
        self.kills = Kills()
        self.caused = {}
        # By number and incarnation.
        self.gluttons = set()
        self.commands = Commands()
        self.release = 0
        self.keeper = None
        self.isOver = False
        self.memory = {"the supervisor": Samples("the supervisor"), "the keeper": Samples("the keeper")}
        workers = arguments.workers
        self.counts = {"steady": workers * 6 // 10, "elastic": workers * 2 // 10, "rolled": max(1, workers // 20)}
        self.counts["talker"] = max(1, workers // 50)
        self.hasMemory = False
        self.started = 0.0
        self.epoch = time.time()

    # The supervisor

    def begin(self):
        os.mkdir(self.cgroup)
        with open(f"{self.cgroup}/cgroup.controllers") as file:
            self.hasMemory = "memory" in file.read().split()
        if self.hasMemory:
            self.counts["glutton"] = 4
        self.counts["halted"] = max(1, self.arguments.workers - sum(self.counts.values()))
        os.mkfifo(f"{self.directory}/silence")
        self.write()
        command = [
            self.arguments.cadre, "supervise", "--config", f"{self.directory}/cadre.toml", "--cgroup", self.cgroup,
            "--runtime-directory", f"{self.directory}/run", "--log", "terminal",
        ]
        with open(f"{self.directory}/log", "w") as log:
            self.keeper = subprocess.Popen(command, stdout=log, stderr=log)

    def write(self):
        text = ""
        commands = {"glutton": ["/bin/sh", "-c", GLUTTON], "talker": ["bash", "-c", TALKER, f"{self.directory}/silence"]}
        for name, count in self.counts.items():
            command = commands.get(name, ["sleep", "infinity"])
            log = "journal" if self.arguments.journald else "file" if name == "talker" else "none"
            text += f"[service.{name}]\ncommand = {json.dumps(command)}\nworkers = {count}\nlog.to = '{log}'\n{RESTART}"
            if log == "file":
                text += f"log.file = '{self.directory}/lines'\n"
            if name == "rolled":
                text += f"environment = {{ RELEASE = '{self.release}' }}\nrollout.max_surge = {max(1, count // 4)}\n"
            if name == "glutton":
                text += "limits = { memory_max = '16M', memory_swap_max = '0' }\n"
        with open(f"{self.directory}/new.toml", "w") as file:
            file.write(text)
        os.rename(f"{self.directory}/new.toml", f"{self.directory}/cadre.toml")

    async def status(self):
        """The services by name; waits for a supervisor that is on its way."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                answer = await self.control.ask("GET", "/v1/status?statistics=false")
                if answer.status == 200:
                    return answer.json["supervisor"], {service["name"]: service for service in answer.json["services"]}
            except (OSError, HungUp):
                pass
            check(self.keeper.poll() is None, f"the keeper ended with {self.keeper.returncode}")
            check(time.monotonic() < deadline, "no supervisor answers")
            await asyncio.sleep(0.02)

    async def ask(self, what, path, body=None):
        """A command; one that hits a supervisor which is about to die may have no answer."""
        command = path.rpartition("/")[2]
        try:
            answer = await self.control.ask("POST", path, body)
        except (OSError, HungUp):
            self.commands.unanswered[command] += 1
            return
        # What it is about may be gone since it was seen, as its service was scaled down.
        check(answer.status in (202, 404, 409), f"{path} {body}: {answer}")
        if answer.status == 202:
            self.commands.accepted[command] += 1
            self.count(what)
        else:
            self.count(f"{what} that were refused")

    def count(self, what, number=1):
        self.caused[what] = self.caused.get(what, 0) + number

    # Trouble

    async def kill(self, name, most):
        """Kills leaders of a service, each incarnation once."""
        _, services = await self.status()
        ready = [worker for worker in services[name]["workers"] if worker["state"] == "ready"]
        for worker in self.random.sample(ready, min(len(ready), self.random.randint(1, most))):
            key = (name, worker["number"], worker["incarnation"])
            if key in self.kills.caused or not self.signal(worker, name, signal.SIGKILL):
                continue
            self.kills.caused[key] = time.time()
            self.count("kills of workers")

    def signal(self, worker, name, number):
        """Sends a signal, and surely to no other process."""
        try:
            pidfd = os.pidfd_open(worker["pid"])
        except ProcessLookupError:
            return False
        try:
            with open(f"/proc/{worker['pid']}/cgroup") as file:
                if f"/{name}/{worker['number']}@{worker['incarnation']}\n" not in file.read():
                    return False
            signal.pidfd_send_signal(pidfd, number)
            return True
        except (OSError, ProcessLookupError):
            return False
        finally:
            os.close(pidfd)

    async def overeat(self):
        _, services = await self.status()
        worker = self.random.choice(services["glutton"]["workers"])
        key = (worker["number"], worker["incarnation"])
        # Before its trap is set the signal would be its end, and once it eats as well.
        if worker["state"] == "ready" and (worker["uptimeSeconds"] or 0) > 1 and key not in self.gluttons:
            if self.signal(worker, "glutton", signal.SIGUSR1):
                self.gluttons.add(key)
                self.count("gluttons")

    async def halt(self):
        names = [f"halted/{self.random.randrange(self.counts['halted'])}" for _ in range(self.random.randint(1, 8))]
        await self.ask("stops", "/v1/stop", {"names": names})
        await self.ask("starts", "/v1/start", {"names": [self.random.choice(names), "halted"]})

    async def scale(self):
        count = self.random.randint(1, max(1, self.counts["elastic"]))
        await self.ask("scales", "/v1/scale", {"counts": {"elastic": str(count)}})

    async def restart(self):
        _, services = await self.status()
        number = self.random.randrange(len(services["elastic"]["workers"]))
        await self.ask("restarts", "/v1/restart", {"names": [f"elastic/{number}", "elastic/0"]})

    async def reload(self):
        self.release += 1
        self.write()
        if self.random.random() < 0.5:
            await self.ask("reloads", "/v1/apply")
        else:
            self.keeper.send_signal(signal.SIGHUP)
            self.count("reloads")

    async def bereave(self):
        pid, _ = await self.status()
        with open(f"/proc/{pid}/stat") as file:
            check(f" {self.keeper.pid} " in file.read().rpartition(")")[2], f"{pid} is no child of the keeper")
        os.kill(pid, signal.SIGKILL)
        self.count("supervisors killed")
        await self.successor(pid)

    async def upgrade(self):
        pid, _ = await self.status()
        await self.ask("upgrades", "/v1/upgrade", {})
        await self.successor(pid)

    async def successor(self, former):
        deadline = time.monotonic() + PATIENCE
        while (await self.status())[0] == former:
            check(time.monotonic() < deadline, f"nobody follows {former}")
            await asyncio.sleep(0.02)

    async def restart_journald(self):
        process = await asyncio.create_subprocess_exec("systemctl", "restart", "systemd-journald")
        check(await process.wait() == 0, "systemctl restart systemd-journald failed")
        self.count("journald restarts")

    async def trouble(self):
        """Does this and that until the time is over."""
        some = max(1, self.arguments.workers // 50)
        always = [
            lambda: self.kill("steady", some), lambda: self.kill("steady", 2), lambda: self.kill("elastic", 3),
            lambda: self.kill("rolled", 1), lambda: self.kill("talker", 2), self.halt, self.scale, self.restart, self.reload,
        ]
        if self.hasMemory:
            always += [self.overeat] * 2
        if self.arguments.journald:
            always.append(self.restart_journald)
        end = self.started + self.arguments.seconds
        while (now := time.monotonic()) < end:
            fatal = [self.bereave, self.upgrade] if now < self.started + self.arguments.seconds / 2 else []
            await self.random.choice(always + fatal)()
            await asyncio.sleep(self.random.uniform(0, 0.3))

    # Looking

    async def follow(self):
        """Reads the events of one supervisor after the other."""
        last = None
        gap = None
        while not self.isOver:
            try:
                async for kind, event, data in self.control.events(after=last):
                    if gap is not None:
                        self.kills.gaps.append((gap, time.time()))
                        gap = None
                    if kind == "snapshot":
                        last = data["lastEvent"]
                    else:
                        self.kills.note_event(data)
                        last = event
            except (OSError, HungUp, Failure, asyncio.IncompleteReadError, ValueError):
                # The next one doesn't know the events of this one.
                last = None
            gap = gap or time.time()
            await asyncio.sleep(0.02)

    async def look(self):
        interval = min(5.0, max(0.1, self.arguments.seconds / 200))
        while not self.isOver:
            pid, _ = await self.status()
            now = time.monotonic() - self.started
            self.memory["the supervisor"].take(now, pid)
            self.memory["the keeper"].take(now, self.keeper.pid)
            await asyncio.sleep(interval)

    async def rest(self):
        """Waits until all workers are ready; returns those that aren't."""
        deadline = time.monotonic() + PATIENCE
        while True:
            pid, services = await self.status()
            stuck = [
                f"{name}/{worker['number']} is {worker['state']}"
                for name, service in services.items()
                for worker in service["workers"]
                if worker["state"] != "ready" or worker.get("successor") is not None
            ]
            rolling = [name for name, service in services.items() if service.get("rollout") in ("running", "rolling-back")]
            count = sum(len(service["workers"]) for service in services.values())
            if not stuck and not rolling and count == sum(self.counts.values()) or time.monotonic() > deadline:
                return pid, services, stuck + rolling
            await asyncio.sleep(0.1)

    # All of it

    async def run(self):
        report(f"{self.arguments.workers} workers, {self.arguments.seconds} s, seed {self.arguments.seed}")
        self.begin()
        pid, _, stuck = await self.rest()
        check(not stuck, f"before any trouble: {stuck[:5]}")
        before = {name: len(await Supervisor(process).calm()) for name, process in self.processes(pid).items()}
        self.started = time.monotonic()
        tasks = [asyncio.create_task(self.follow()), asyncio.create_task(self.look())]
        await self.trouble()
        # Back to what it was at the beginning.
        await self.ask("scales", "/v1/scale", {"counts": {"elastic": str(self.counts["elastic"])}})
        await self.ask("starts", "/v1/start", {"names": list(self.counts)})
        pid, services, stuck = await self.rest()
        self.isOver = True
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        table = await self.account(pid, services, stuck, before)
        table.print()
        check(table.isGood, "the account has lines that are not as they should be")

    def processes(self, pid):
        return {"the supervisor": pid, "the keeper": self.keeper.pid}

    async def account(self, pid, services, stuck, before):
        table = Table()
        for what, number in sorted(self.caused.items()):
            table.add(what, number, "", True)
        table.add("workers that aren't ready", len(stuck), f"0 {' '.join(stuck[:3])}", not stuck)
        self.commands.add_to(table, f"{self.directory}/log")
        self.kills.add_to(table, services, ["steady", "talker"])
        Lines(await self.lines(services["talker"])).add_to(table)
        reasons = Counter()
        for worker in services.get("glutton", {"workers": []})["workers"]:
            reasons.update(worker["restartsByReason"])
        table.equal("kills for want of memory that were counted", dict(reasons), {"oom-kill": len(self.gluttons)} if self.gluttons else {})
        workers = sum(self.counts.values())
        processes, groups = processes_below(self.cgroup)
        # A glutton has a child.
        table.equal("processes", processes, workers + 2 + self.counts.get("glutton", 0))
        table.equal("cgroups", groups, workers + len(self.counts) + 3)
        for name, process in self.processes(pid).items():
            table.equal(f"descriptors of {name}", len(await Supervisor(process).calm()), before[name])
            self.memory[name].add_to(table)
        self.keeper.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(self.keeper.wait, 2 * PATIENCE)
        table.equal("exit status of the keeper", code, 0)
        processes, groups = processes_below(self.cgroup)
        table.equal("processes that are left", processes, 0)
        table.add("cgroups that are left", groups, "at most 3", groups <= 3)
        return table

    async def lines(self, service):
        """What the talkers have printed, as soon as there is something of each."""
        deadline = time.monotonic() + PATIENCE
        while True:
            lines = await self.printed()
            heard = {line.partition(" ")[0] for line in lines}
            silent = {f"{worker['number']}@{worker['incarnation']}" for worker in service["workers"]} - heard
            if not silent:
                return lines
            check(time.monotonic() < deadline, f"these workers print nothing: {sorted(silent)}")
            await asyncio.sleep(0.1)

    async def printed(self):
        if not self.arguments.journald:
            with open(f"{self.directory}/lines") as file:
                return file.read().splitlines()
        await self.journalctl("--sync")
        identifiers = [f"SYSLOG_IDENTIFIER=talker/{number}" for number in range(self.counts["talker"])]
        return (await self.journalctl("-o", "cat", f"--since=@{self.epoch:.0f}", *identifiers)).splitlines()

    async def journalctl(self, *arguments):
        process = await asyncio.create_subprocess_exec("journalctl", *arguments, stdout=asyncio.subprocess.PIPE)
        output, _ = await process.communicate()
        check(process.returncode == 0, f"journalctl {' '.join(arguments)} failed")
        return output.decode()

    def clean(self):
        if self.keeper is not None and self.keeper.poll() is None:
            self.keeper.kill()
            self.keeper.wait()
        if os.path.isdir(self.cgroup):
            with open(f"{self.cgroup}/cgroup.kill", "w") as file:
                file.write("1")
            deadline = time.monotonic() + PATIENCE
            while processes_below(self.cgroup)[0] and time.monotonic() < deadline:
                time.sleep(0.05)
            for directory, _, _ in os.walk(self.cgroup, topdown=False):
                os.rmdir(directory)
        shutil.rmtree(self.directory, ignore_errors=True)


async def soak(arguments):
    trial = Soak(arguments)
    try:
        await trial.run()
    except BaseException:
        with open(f"{trial.directory}/log") as file:
            report("".join(file.readlines()[-40:]))
        report(f"it was seed {arguments.seed}")
        raise
    finally:
        trial.clean()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cadre")
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--journald", action="store_true")
    main(soak(parser.parse_args()))
