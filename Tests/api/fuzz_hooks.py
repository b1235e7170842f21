"""What Schemathesis is told besides the OpenAPI document, by SCHEMATHESIS_HOOKS: which names there are.

Random names are of nothing, so that all would be answered with 404. Half of them become names that the supervisor knows,
by their hash, so that a failure can be repeated.
"""

import re
import zlib

import schemathesis

NAMES = ["web", "web/0", "job/1", "w*", "*", "web/[0-2]"]
# So that a machine is not filled with workers.
MOST_WORKERS = 8


def known(text, names):
    number = zlib.crc32(text.encode("utf-8", "surrogatepass"))
    return text if number % 2 else names[number // 2 % len(names)]


def few(count):
    if not isinstance(count, str) or not re.fullmatch("[+-]?[0-9]+", count):
        return count
    sign = count[0] if count[0] in "+-" else ""
    return f"{sign}{int(count.lstrip('+-')) % MOST_WORKERS}" if sign != "+" else "+1"


@schemathesis.hook
def before_call(context, case, kwargs):
    body = case.body
    if isinstance(body, dict):
        names, counts = body.get("names"), body.get("counts")
        if isinstance(names, list):
            body = {**body, "names": [known(name, NAMES) if isinstance(name, str) else name for name in names]}
        if isinstance(counts, dict):
            body = {**body, "counts": {known(name, ["web", "job"]): few(count) for name, count in counts.items()}}
        case.body = body
    parameters = case.path_parameters
    if isinstance(parameters.get("service"), str):
        parameters["service"] = known(parameters["service"], ["web", "job"])
    if "wait" in case.query:
        # Some wait in vain, as one that is frozen does to be ready.
        case.query["timeout"] = "50ms"
