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
    """A good key is replaced by one that is new: else the second request is refused as it has to be."""
    for name, value in list(case.headers.items()):
        if name.lower() == "idempotency-key" and is_key(value):
            case.headers[name] = str(uuid.uuid5(SPACE, str(next(NAMES))))
        if name.lower() == "if-match" and (not value or value.startswith('"')):
            case.headers[name] = "*"
