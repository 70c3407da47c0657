"""What a generator cannot know: keys that nobody has used, and versions that are the newest."""

import itertools
import uuid

import schemathesis

NAMES = itertools.count()
# Made the same in every run.
SPACE = uuid.UUID("018f2f4e-7c1a-7d3e-9a55-3f5b2c9e8a10")


def is_key(value):
    return isinstance(value, str) and 1 <= len(value) <= 255 and all(" " <= c <= "~" for c in value)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Good values are replaced by others that are good now; whatever is not good stays as it is."""
    pay_well(case)
    name_what_is_there(case)
    for name, value in list(case.headers.items()):
        if name.lower() == "idempotency-key" and is_key(value):
            case.headers[name] = str(uuid.uuid5(SPACE, str(next(NAMES))))
        elif name.lower() == "idempotency-key" and isinstance(value, str) and is_key(value.strip()):
            # Blanks at the ends do not arrive: something else has to be wrong with it.
            case.headers[name] = ""
        if name.lower() == "if-match" and (not value or value.startswith('"')):
            case.headers[name] = "*"
        # A position that is still to come is answered 503 after two seconds, as it has to be.
        if name.lower() == "cartage-after" and is_key(value) and value.isdigit():
            case.headers[name] = "0"


def pay_well(case):
    """What pays is known to the sandbox, and an order is answered once it is known whether it is paid for:
    so that a chain of requests comes as far as a shopper and a picker do."""
    if case.method != "POST" or case.path not in ("/api/v1/orders", "/api/v1/orders/{id}/payments"):
        return
    if not isinstance(case.body, dict):
        return
    payment = case.body.get("payment") if case.path == "/api/v1/orders" else case.body
    if isinstance(payment, dict) and is_key(payment.get("token")):
        payment["token"] = "tok_ok"
    if case.path == "/api/v1/orders":
        case.headers["Prefer"] = "wait=5"


def name_what_is_there(case):
    """What comes back is some of what was sent: the first line, one piece of it. And a moment is named in
    one way."""
    if case.path in ("/api/v1/returns/{id}/receive", "/api/v1/returns/{id}/inspect"):
        lines = case.body.get("lines") if isinstance(case.body, dict) else None
        for line in lines if isinstance(lines, list) and len(lines) == 1 else []:
            for name in ("line", "quantity"):
                if isinstance(line, dict) and type(line.get(name)) is int and line[name] >= 1:
                    line[name] = 1
    if case.path == "/api/v1/orders/{id}/at" and case.query and str(case.query.get("position", "")).isdigit():
        case.query.pop("time", None)
