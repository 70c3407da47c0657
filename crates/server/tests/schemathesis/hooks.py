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
    for name, value in list(case.headers.items()):
        if name.lower() == "idempotency-key" and is_key(value):
            case.headers[name] = str(uuid.uuid5(SPACE, str(next(NAMES))))
        if name.lower() == "if-match" and (not value or value.startswith('"')):
            case.headers[name] = "*"
        # A position that is still to come is answered 503 after two seconds, as it has to be.
        if name.lower() == "cartage-after" and is_key(value) and value.isdigit():
            case.headers[name] = "0"
