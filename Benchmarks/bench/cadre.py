"""Cadre."""

import json
import socket

from .common import Failure
from .subject import Subject

# What workers are walled off from: the stage with next to nothing to do, and all kinds of walls.
SANDBOXES = {
    "stage": 'landlock = { execute = ["/"], read_write = ["/"] }',
    "walls": (
        'private_tmp = true\nprotect_system = "strict"\nprotect_home = true\nprivate_devices = true\n'
        'private_network = true\nread_write_paths = ["/dev/shm"]\nsystem_call_filter = ["@system-service"]'
    ),
}


class Cadre(Subject):
    name = "cadre"
    title = "Cadre"
    makes_cgroups = True
    sandbox = None

    @classmethod
    def unavailable(cls, bench):
        if not bench.cadre.exists():
            return f"there is no {bench.cadre}; build it with: make release"
        return None

    def command(self):
        config = self.directory / "cadre.toml"
        config.write_text(self.configuration())
        return [
            self.bench.cadre, "supervise", "--config", config, "--cgroup", self.cgroup,
            "--runtime-directory", self.directory / "run",
        ]  # fmt: skip

    def configuration(self):
        command = json.dumps([str(self.bench.worker), *self.worker_arguments("{worker}")])
        log = f'to = "file"\nfile = "{self.directory}/log-{{worker}}"' if self.lines else 'to = "none"'
        return (
            f"[service.bench]\ncommand = {command}\nworkers = {self.count}\n"
            f'[service.bench.restart]\npolicy = "always"\ndelay = "0s"\nbudget = 1000000\n'
            f"[service.bench.log]\n{log}\n"
            + (f"[service.bench.sandbox]\n{SANDBOXES[self.sandbox]}\n" if self.sandbox else "")
        )

    def processes(self):
        """The keeper, which was started here, and the core."""
        leaves = [self.cgroup / name / "cgroup.procs" for name in ("keeper", "supervisor")]
        found = [int(line) for leaf in leaves for line in leaf.read_text().split()]
        if len(found) != 2 or self.process.pid not in found:
            raise Failure(f"{self.name}: {found} are not a keeper and a core")
        return found

    def request(self, method, target, body=b"", seconds=60, accepted=(200,)):
        """What the control socket answers."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(seconds)
            client.connect(str(self.directory / "run" / "control.sock"))
            head = f"{method} {target} HTTP/1.1\r\nHost: cadre\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
            if body:
                head += "Content-Type: application/json\r\n"
            client.sendall(head.encode() + b"\r\n" + body)
            chunks = []
            while chunk := client.recv(1 << 20):
                chunks.append(chunk)
        answer = b"".join(chunks)
        if not any(answer.startswith(b"HTTP/1.1 %d " % status) for status in accepted):
            raise Failure(f"{target} could not be had: {answer[:300]}")
        return answer

    def metrics(self):
        """The answer to one request for the metrics."""
        return self.request("GET", "/metrics")

    def scrape(self):
        self.metrics()
        return 0


class Staged(Cadre):
    """With workers behind a stage that does next to nothing."""

    name = "stage"
    sandbox = "stage"


class Walled(Cadre):
    """With workers behind all kinds of walls."""

    name = "walls"
    sandbox = "walls"
