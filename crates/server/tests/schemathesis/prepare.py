"""Fills a shop that was just started: products, stock, an order on its way and one that is packed."""

import json
import os
import sys
import time
import urllib.request

BASE = sys.argv[1] + "/api/v1"
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


def order(sku):
    cart = call("POST", "/carts", {}, {})
    token = {"Cartage-Token": cart["token"]}
    call("POST", f"/carts/{cart['id']}/lines", {"sku": sku, "quantity": 1}, token)
    checkout = {
        "cart": cart["id"],
        "email": "a@example.org",
        "ship_to": {"name": "A", "line1": "1 High St", "city": "Leeds", "country": "GB"},
        "payment": {"method": "card", "token": "tok_ok"},
    }
    call("POST", "/orders", checkout, {**token, "Idempotency-Key": cart["id"]})
    path = f"/orders/{cart['id']}"
    until(lambda: call("GET", path)["status"] == "released")
    return cart["id"]


for nth in range(3):
    sku = f"MUG-{nth}"
    price = {"minor": 1250, "currency": "GBP"}
    variants = [{"sku": sku, "price": price}]
    call("POST", "/products", {"name": "Mug", "slug": f"mug-{nth}", "variants": variants})
    call("POST", f"/products/mug-{nth}/publish", {})
    call("POST", f"/stock/{sku}/receive", {"quantity": 100000, "reference": "PO-1"})
for nth in range(6):
    order("MUG-0")
packed = order("MUG-1")
call("POST", f"/picks/{packed}.1/start", {"worker": "w-1"})
call("POST", f"/picks/{packed}.1/lines/1", {"picked": 1})
call("POST", f"/packs/{packed}.1/lines/1/verify", {"quantity": 1})
call("POST", f"/packs/{packed}.1/seal", {"weight_grams": 500})
