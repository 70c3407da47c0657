"""Names the routes that nothing has come through to: whoever tries them hears of nothing but refusals.

    reached.py <address of the shop>
"""

import json
import re
import sys
import urllib.request

BASE = sys.argv[1]
FIGURE = re.compile(r'^cartage_http_request_seconds_count\{(.*)\} (\d+)')


def get(path):
    with urllib.request.urlopen(BASE + path, timeout=10) as answer:
        return answer.read().decode()


reached = set()
for line in get("/metrics").splitlines():
    found = FIGURE.match(line)
    if found:
        labels = dict(re.findall(r'(\w+)="([^"]*)"', found[1]))
        if labels["status"].startswith("2"):
            reached.add((labels["method"].lower(), labels["route"]))
routes = {
    (method, path)
    for path, item in json.loads(get("/api/openapi.json"))["paths"].items()
    for method in item
}
missed = sorted(routes - reached)
print(f"{len(routes) - len(missed)} of {len(routes)} routes have answered well; never:")
for method, path in missed:
    print(f"    {method.upper()} {path}")
