"""Fills a shop that was just started: products, stock, carts, orders and returns at every stage, and
letters about what its partners did not do.

    prepare.py <address of the shop> <folder into which the names of all that go> <log of the shop>
"""

import json
import os
import pathlib
import re
import sys
import time
import urllib.request

BASE = sys.argv[1] + "/api/v1"
FOLDER = pathlib.Path(sys.argv[2])
LOG = pathlib.Path(sys.argv[3]).read_text()
STAFF = {"Authorization": "Bearer " + os.environ["CARTAGE_STAFF_KEY"]}


def call(method, path, body=None, headers=STAFF):
    data = None if body is None else json.dumps(body).encode()
    headers = {**headers, "Content-Type": "application/json"}
    request = urllib.request.Request(BASE + path, data=data, headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def switch(partner, **switches):
    """How the sandbox behaves from now on."""
    url = re.search(partner + r'="?(http://[0-9.:]+)', LOG)[1] + "/control"
    body = json.dumps(switches).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data=body, method="PUT"), timeout=10):
        pass


def until(what, seconds=20):
    """Asks again until it is so: partners answer when they like."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.05)
    raise SystemExit("the shop does not come so far")


def cart(sku):
    made = call("POST", "/carts", {}, {})
    token = {"Cartage-Token": made["token"]}
    call("POST", f"/carts/{made['id']}/lines", {"sku": sku, "quantity": 1}, token)
    return made["id"], token


def order(sku, payment="tok_ok"):
    made, token = cart(sku)
    checkout = {
        "cart": made,
        "email": "a@example.org",
        "ship_to": {"name": "A", "line1": "1 High St", "city": "Leeds", "country": "GB"},
        "payment": {"method": "card", "token": payment},
    }
    call("POST", "/orders", checkout, {**token, "Idempotency-Key": made})
    pending = ["started"]
    until(lambda: call("GET", f"/orders/{made}")["payments"][0]["status"] not in pending)
    return made


def pack(order):
    until(lambda: call("GET", f"/orders/{order}")["status"] == "released")
    call("POST", f"/picks/{order}.1/start", {"worker": "w-1"})
    call("POST", f"/picks/{order}.1/lines/1", {"picked": 1})
    call("POST", f"/packs/{order}.1/lines/1/verify", {"quantity": 1})
    call("POST", f"/packs/{order}.1/seal", {"weight_grams": 500})


def status(path):
    return call("GET", path)["status"]


def facts_of(order):
    return call("GET", f"/orders/{order}/facts")["items"]


def send(orders):
    """Parcels are paid for when their cartons are sealed, and leave when that is known."""
    for sent in orders:
        until(lambda: call("GET", f"/orders/{sent}")["payments"][0]["status"] == "captured")
        until(lambda: status(f"/parcels/{sent}.1") == "labelled")
        call("POST", f"/parcels/{sent}.1/hand-over", {})


def give_back(orders):
    """Returns at every stage, two of each."""
    line = {"line": 1, "quantity": 1}
    made = []
    for order in orders:
        until(lambda: status(f"/parcels/{order}.1") == "delivered", 60)
        wish = {"lines": [{**line, "reason": "unwanted"}]}
        made.append(call("POST", f"/orders/{order}/returns", wish)["id"])
    for authorised in made[2:]:
        call("POST", f"/returns/{authorised}/authorise", {})
    for received in made[4:]:
        call("POST", f"/returns/{received}/receive", {"lines": [line]})
    return made


def names(kind, values):
    lines = "".join(f'"{value}"\n' for value in values)
    (FOLDER / f"{kind}.dict").write_text(lines)


for nth in range(3):
    sku = f"MUG-{nth}"
    variants = [{"sku": sku, "price": {"minor": 1250, "currency": "GBP"}}]
    call("POST", "/products", {"name": "Mug", "slug": f"mug-{nth}", "variants": variants})
    call("POST", f"/products/mug-{nth}/publish", {})
    call("POST", f"/stock/{sku}/receive", {"quantity": 100000, "reference": "PO-1"})
orders = [order("MUG-0") for _ in range(20)]
orders += [order("MUG-1", "tok_declined") for _ in range(3)]
for packed in orders[:11]:
    pack(packed)
send(orders[:7])
returns = give_back(orders[:6])
# What cannot be understood is no answer: people have to look at it. It stays like that, or the first who
# tries all letters again would leave none to anybody else.
switch("carrier", garbled=True)
for packed in orders[11:15]:
    pack(packed)
until(lambda: len(call("GET", "/dead-letters")["items"]) == 4)
letters = [letter["id"] for letter in call("GET", "/dead-letters")["items"]]
# Money that was refused can be asked for again.
switch("payments", refuse_captures=True)
pack(orders[15])
until(lambda: "payments/capture_failed@1" in [fact["type"] for fact in facts_of(orders[15])])
switch("payments")

names("products", [f"mug-{nth}" for nth in range(3)])
names("skus", [f"MUG-{nth}" for nth in range(3)])
names("carts", [cart("MUG-2")[0] for _ in range(8)])
names("orders", orders)
names("parts", [f"{order}.1" for order in orders])
names("returns", returns)
names("letters", letters)
