"""Fills a shop that was just started: products, stock, carts and orders at every stage but the last.

    prepare.py <address of the shop> <folder into which the names of all that go>
"""

import json
import os
import pathlib
import sys
import time
import urllib.request

BASE = sys.argv[1] + "/api/v1"
FOLDER = pathlib.Path(sys.argv[2])
STAFF = {"Authorization": "Bearer " + os.environ["CARTAGE_STAFF_KEY"]}


def call(method, path, body=None, headers=STAFF):
    data = None if body is None else json.dumps(body).encode()
    headers = {**headers, "Content-Type": "application/json"}
    request = urllib.request.Request(BASE + path, data=data, headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


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


def names(kind, values):
    lines = "".join(f'"{value}"\n' for value in values)
    (FOLDER / f"{kind}.dict").write_text(lines)


for nth in range(3):
    sku = f"MUG-{nth}"
    variants = [{"sku": sku, "price": {"minor": 1250, "currency": "GBP"}}]
    call("POST", "/products", {"name": "Mug", "slug": f"mug-{nth}", "variants": variants})
    call("POST", f"/products/mug-{nth}/publish", {})
    call("POST", f"/stock/{sku}/receive", {"quantity": 100000, "reference": "PO-1"})
orders = [order("MUG-0") for _ in range(8)]
orders.append(order("MUG-1", "tok_declined"))
for packed in orders[:3]:
    pack(packed)
# It is paid for when its carton is sealed, and leaves when that is known.
sent = f"/parcels/{orders[0]}.1"
until(lambda: call("GET", f"/orders/{orders[0]}")["payments"][0]["status"] == "captured")
until(lambda: call("GET", sent)["status"] == "labelled")
call("POST", f"{sent}/hand-over", {})

names("products", [f"mug-{nth}" for nth in range(3)])
names("skus", [f"MUG-{nth}" for nth in range(3)])
names("carts", [cart("MUG-2")[0] for _ in range(8)])
names("orders", orders)
names("parts", [f"{order}.1" for order in orders])
