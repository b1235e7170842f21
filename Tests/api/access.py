#!/usr/bin/env python3
"""Asks for everything that the OpenAPI document describes, as somebody else.

Usage: access.py SOCKET all|look|nothing GROUP

Runs as root, becomes a member of GROUP (a number) and of nothing else, and checks that it may do everything, that it may
look, or nothing. What is asked to be done would do nothing, as it makes no sense.
"""

import os
import sys

from control import Connection, Control, check, main, report, request_text

NOBODY = 65534


async def ask(control, method, path):
    """The status of the answer; of a stream its head will do."""
    connection = await Connection.open(control.path)
    connection.writer.write(request_text(method, path, {"nonsense": 1} if method == "POST" else None))
    status, headers = await connection.head()
    connection.abort()
    return status, headers.get("content-type")


async def program():
    control, rights, group = Control(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    document = await control.expect(200, "GET", "/v1/openapi.json")
    os.setgroups([group])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    count = 0
    for path, operations in document["paths"].items():
        path = path.replace("{service}", "web").replace("{worker}", "0")
        described = {method.upper() for method in operations} & {"GET", "POST"}
        for method in [*sorted(described), "HEAD", "DELETE", "PUT"]:
            looks = method in ("GET", "HEAD")
            is_allowed = rights == "all" or (rights == "look" and looks)
            status, kind = await ask(control, method, path)
            if is_allowed:
                expected = {"GET": {200, 503}, "POST": {400}, "HEAD": {200, 503, 405}}.get(method, {405})
            else:
                expected = {403}
            check(status in expected, f"{method} {path} as a member of {group}: {status}, not {expected}")
            if status == 403 and method != "HEAD":
                check(kind == "application/problem+json", f"{method} {path}: {kind}")
            count += 1
    check(count > 80, f"only {count} requests are described")
    report(f"{count} requests as who may {rights}: as it should be")


main(program())
