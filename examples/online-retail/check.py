#!/usr/bin/env python3
"""Checks a replayed trade from its exported facts alone.

    check.py EXPORT.jsonl REPORT.json      the export may be `-` for standard input
    check.py --self-test                   shows that each check finds what it is for

EXPORT.jsonl is what `cartage journal export` writes, one fact per line in the order of positions.
Nothing of Cartage's own code is used: this is a second, small reading of the same rules, so that a
mistake in the program does not hide itself. Prints a table, and ends with 1 when a check fails.
Python 3.9 or newer, standard library only.
"""

import io
import json
import sys
from collections import defaultdict

# --- The form of the facts: every name that this program relies on -------------------------------

ORDER_REQUESTED = "orders/requested"  # lines: [{sku, units, unit_price, stock_kept=true}], shipping?
ORDER_PLACED = "orders/placed"
ORDER_PACKED = "orders/packed"  # fulfilment, lines: [[line, units]], amount
ORDER_SHIPPED = "orders/shipped"  # fulfilment
ORDER_DELIVERED = "orders/delivered"  # fulfilment? (none: nothing had to be sent), amount?
ORDER_LOST = "orders/lost"  # fulfilment, amount: to be given back
ORDER_CANCELLED = "orders/cancelled"  # lines, refund?: to be given back
ORDER_RETURNED = "orders/returned"  # lines, refund, goodwill
PAYMENT_CAPTURED = "payments/captured"  # amount
PAYMENT_REFUNDED = "payments/refunded"  # amount
CREDIT_ISSUED = "credit_notes/issued"  # amount, reason, return_id?
LEDGER_ADJUSTED = "ledger/adjusted"  # amount
RETURN_REQUESTED = "returns/requested"
STOCK_RECEIVED = "inventory/received"  # site, units
STOCK_ADJUSTED = "inventory/adjusted"  # site, change
STOCK_HELD = "inventory/held"  # line, units
STOCK_COMMITTED = "inventory/committed"  # line
STOCK_RELEASED = "inventory/released"  # line, units, stage, short=0
STOCK_ALLOCATED = "inventory/allocated"  # line, site, units
STOCK_PICKED = "inventory/picked"  # line, units
STOCK_SHORT_PICKED = "inventory/short_picked"  # line, units
STOCK_PACKED = "inventory/packed"  # line, units
STOCK_HANDED_OVER = "inventory/handed_over"  # line, units
STOCK_PUT_BACK = "inventory/put_back"  # site, units
STOCK_RESTOCKED = "inventory/restocked"  # site, return_id, line, units, disposition="restock"
STOCK_SHORTFALL = "inventory/shortfall"  # line, units; stated before what makes it so
STOCK_COVERED = "inventory/covered"  # line, units
STOCK_BLOCKED = "inventory/blocked"  # site, units
STOCK_UNBLOCKED = "inventory/unblocked"  # site, units

RETURN_WITHOUT_ORDER = "return_without_order"  # reasons of a credit note
GOODWILL = "goodwill"
RESTOCK = "restock"  # the disposition that can be sold again

HELD, COMMITTED, ALLOCATED, PICKED, PACKED = range(5)
STAGES = ("held", "committed", "allocated", "picked", "packed")


def minor(money):
    """Minor units of an amount; nothing where there is none."""
    return 0 if money is None else money["minor"]


def order_of(part):
    """The order in the id of one of its parts, `<order>.<number>`."""
    return part.rpartition(".")[0]


# --- What is checked -----------------------------------------------------------------------------

CHECKS = {
    "positions_gapless": "positions count up from 1 without a gap",
    "versions_gapless": "versions of every stream count up from 1 without a gap",
    "stages_never_negative": "no stage of a promise, nor stock on hand or blocked, is ever below 0",
    "stock_equation": "sellable on hand + short = promised + available, with none below 0",
    "stock_accounts": "received - handed over + restocked +- corrections = on hand",
    "handed_over_as_shipped": "stock handed over is what the orders shipped, line by line",
    "restocked_as_returned": "stock that came back is what the orders took back, line by line",
    "captured_is_delivered": "each order: captured = value of what was delivered",
    "delivered_is_ordered": "each delivered order: its value is that of its lines",
    "refunded_within_captured": "each order: refunded is at no position more than captured",
    "refunds_are_paid": "each order: refunds and goodwill promised were paid",
    "returns_add_up": "refunds + goodwill = return_minor",
    "cash_ledger_balances": "no customer owes or is owed anything",
    "nothing_promised_left": "no unit is still promised to anybody",
    "orders_as_reported": "orders, lines and gross are those of the report",
    "delivered_as_reported": "delivered orders are those of the report",
    "returns_as_reported": "return parts are those of the report",
    "credits_as_reported": "credit notes without an order are those of the report",
    "corrections_as_reported": "stock corrections are those of the report",
    "adjustments_as_reported": "ledger adjustments are those of the report",
    "facts_as_reported": "the export has as many facts as the report",
    "rows_accounted_for": "the report accounts for every row",
    "never_oversold": "nothing was ever short, and the report says so",
}


class Stock:
    """All of one SKU."""

    __slots__ = ("on_hand", "blocked", "promises", "promised", "short", "flows")

    def __init__(self):
        self.on_hand = defaultdict(int)  # by site
        self.blocked = defaultdict(int)  # by site
        self.promises = {}  # line -> [units by stage, short, site]
        self.promised = 0
        self.short = 0
        self.flows = 0  # received + restocked +- corrections, from this SKU's facts


class Order:
    """What one order asked for and what became of it."""

    __slots__ = (
        "lines", "shipping", "placed", "parts", "shipped", "delivered", "value", "captured",
        "refunded", "given_back", "refund", "goodwill", "issued", "returned", "handed_over",
        "restocked", "cancelled",
    )

    def __init__(self):
        self.lines = []  # (sku, units, unit price, stock kept)
        self.shipping = 0
        self.placed = False
        self.parts = {}  # fulfilment -> [lines, amount, shipped, delivered, lost]
        self.delivered = False  # what had not to be sent
        self.value = 0  # of what was delivered
        self.captured = self.refunded = self.given_back = 0
        self.refund = self.goodwill = self.issued = 0
        self.cancelled = 0
        # Only for orders in which they happen:
        self.returned = self.handed_over = self.restocked = self.shipped = None


def count(table, line, units):
    """Adds to a small table that is made when it is needed."""
    table = {} if table is None else table
    table[line] = table.get(line, 0) + units
    return table


class Check:
    """Reads the facts in order, then looks at where they led."""

    def __init__(self):
        self.failed = {}
        self.facts = 0
        self.versions = {}
        self.position = {}
        self.stocks = defaultdict(Stock)
        self.orders = defaultdict(Order)
        self.return_requests = 0
        self.credits = [0, 0]
        self.corrections = [0, 0]
        self.adjustments = 0
        self.shortfalls = 0
        self.where = ""
        self.hears = {
            ORDER_REQUESTED: self.order_requested,
            ORDER_PLACED: self.order_placed,
            ORDER_PACKED: self.order_packed,
            ORDER_SHIPPED: self.order_shipped,
            ORDER_DELIVERED: self.order_delivered,
            ORDER_LOST: self.order_lost,
            ORDER_CANCELLED: self.order_cancelled,
            ORDER_RETURNED: self.order_returned,
            PAYMENT_CAPTURED: self.payment_captured,
            PAYMENT_REFUNDED: self.payment_refunded,
            CREDIT_ISSUED: self.credit_issued,
            LEDGER_ADJUSTED: self.ledger_adjusted,
            RETURN_REQUESTED: self.return_requested,
            STOCK_RECEIVED: self.stock_received,
            STOCK_ADJUSTED: self.stock_adjusted,
            STOCK_HELD: self.stock_held,
            STOCK_COMMITTED: self.stock_committed,
            STOCK_RELEASED: self.stock_released,
            STOCK_ALLOCATED: self.stock_allocated,
            STOCK_PICKED: self.stock_picked,
            STOCK_SHORT_PICKED: self.stock_short_picked,
            STOCK_PACKED: self.stock_packed,
            STOCK_HANDED_OVER: self.stock_handed_over,
            STOCK_PUT_BACK: self.stock_unblocked,
            STOCK_RESTOCKED: self.stock_restocked,
            STOCK_SHORTFALL: self.stock_shortfall,
            STOCK_COVERED: self.stock_covered,
            STOCK_BLOCKED: self.stock_blocked,
            STOCK_UNBLOCKED: self.stock_unblocked,
        }

    def must(self, true, name, told="", where=None):
        """Notes the first place where a check fails."""
        if not true and name not in self.failed:
            self.failed[name] = (where or self.where) + (": " + told if told else "")

    def read(self, lines):
        """Hears every fact."""
        load = json.loads
        for line in lines:
            if line.isspace():
                continue
            fact = load(line)
            stream, position, kind = fact["stream"], fact["position"], fact["type"]
            self.where = f"{stream} at {position}"
            self.facts += 1
            partition = fact.get("partition", 0)
            expected = self.position.get(partition, 0) + 1
            self.must(position == expected, "positions_gapless", f"expected {expected}")
            self.position[partition] = position
            version = self.versions.get(stream, 0) + 1
            self.must(fact["version"] == version, "versions_gapless", f"expected {version}")
            self.versions[stream] = fact["version"]
            hear = self.hears.get(kind.partition("@")[0])
            if hear is not None:
                hear(stream.partition("/")[2], fact.get("body") or {})

    # Orders.

    def order_requested(self, order, body):
        asked = self.orders[order]
        asked.shipping = minor(body.get("shipping"))
        asked.lines = [
            (sys.intern(line["sku"]), line["units"], minor(line["unit_price"]),
             line.get("stock_kept", True))
            for line in body["lines"]
        ]

    def order_placed(self, order, _):
        self.orders[order].placed = True

    def order_packed(self, order, body):
        lines, amount = body["lines"], minor(body["amount"])
        self.orders[order].parts[body["fulfilment"]] = [lines, amount, False, False, False]

    def part(self, order, body):
        part = self.orders[order].parts.get(body["fulfilment"])
        self.must(part is not None, "handed_over_as_shipped", "went out without being packed")
        return part or [[], 0, False, False, False]

    def order_shipped(self, order, body):
        part, shipped = self.part(order, body), self.orders[order]
        part[2] = True
        for line, units in part[0]:
            if shipped.lines[line - 1][3]:
                shipped.shipped = count(shipped.shipped, line, units)

    def order_delivered(self, order, body):
        delivered = self.orders[order]
        if body.get("fulfilment") is None:
            delivered.delivered = True
            delivered.value += minor(body.get("amount"))
            return
        part = self.part(order, body)
        # What was lost has been given back; that it arrives after all makes no new claim.
        if not part[3] and not part[4]:
            delivered.value += part[1]
        part[3] = True

    def order_lost(self, order, body):
        self.part(order, body)[4] = True
        self.orders[order].given_back += minor(body["amount"])

    def order_cancelled(self, order, body):
        cancelled = self.orders[order]
        cancelled.given_back += minor(body.get("refund"))
        cancelled.cancelled += sum(units for _, units in body["lines"])

    def order_returned(self, order, body):
        returned = self.orders[order]
        returned.refund += minor(body["refund"])
        returned.goodwill += minor(body["goodwill"])
        for line, units in body["lines"]:
            if returned.lines[line - 1][3]:
                returned.returned = count(returned.returned, line, units)

    # Money.

    def payment_captured(self, payment, body):
        self.orders[order_of(payment)].captured += minor(body["amount"])

    def payment_refunded(self, payment, body):
        order = self.orders[order_of(payment)]
        order.refunded += minor(body["amount"])
        told = f"{order.refunded} of {order.captured}"
        self.must(order.refunded <= order.captured, "refunded_within_captured", told)

    def credit_issued(self, _, body):
        amount = minor(body["amount"])
        if body["reason"] == RETURN_WITHOUT_ORDER:
            self.credits[0] += 1
            self.credits[1] += amount
        elif body.get("return_id"):
            self.orders[order_of(body["return_id"])].issued += amount
        else:
            self.must(False, "refunds_are_paid", "a goodwill credit that belongs to no return")

    def ledger_adjusted(self, _, body):
        self.adjustments += 1

    def return_requested(self, _, body):
        self.return_requests += 1

    # Stock.

    def balance(self, stock):
        """The stock equation: what is sellable, and what is known to be short, covers promises."""
        sellable = sum(stock.on_hand.values()) - sum(stock.blocked.values())
        available = sellable + stock.short - stock.promised
        told = f"{sellable} sellable, {stock.short} short, {stock.promised} promised"
        self.must(available >= 0 and stock.short >= 0, "stock_equation", told)
        if available < 0:
            self.shortfalls += 1

    def change(self, stock, site, on_hand=0, blocked=0):
        stock.on_hand[site] += on_hand
        stock.blocked[site] += blocked
        there, kept = stock.on_hand[site], stock.blocked[site]
        told = f"{there} on hand, {kept} of them blocked at {site}"
        self.must(0 <= kept <= there, "stages_never_negative", told)
        self.balance(stock)

    def promise(self, stock, line):
        promise = stock.promises.get(line)
        self.must(promise is not None, "stages_never_negative", f"nothing is promised to {line}")
        return promise or [[0] * 5, 0, None]

    def shift(self, promise, source, target, units):
        stages = promise[0]
        stages[source] -= units
        if target is not None:
            stages[target] += units
        self.must(stages[source] >= 0 and units >= 0, "stages_never_negative", STAGES[source])

    def stock_received(self, sku, body):
        stock = self.stocks[sku]
        stock.flows += body["units"]
        self.change(stock, body["site"], on_hand=body["units"])

    def stock_adjusted(self, sku, body):
        stock, change = self.stocks[sku], body["change"]
        stock.flows += change
        self.corrections[change < 0] += 1
        self.change(stock, body["site"], on_hand=change)

    def stock_held(self, sku, body):
        stock, line, units = self.stocks[sku], body["line"], body["units"]
        self.must(line not in stock.promises, "stock_equation", f"{line} is held twice")
        stock.promises[line] = [[units, 0, 0, 0, 0], 0, None]
        stock.promised += units
        self.balance(stock)

    def stock_committed(self, sku, body):
        promise = self.promise(self.stocks[sku], body["line"])
        self.shift(promise, HELD, COMMITTED, promise[0][HELD])

    def stock_released(self, sku, body):
        stock, line, units = self.stocks[sku], body["line"], body["units"]
        promise, stage = self.promise(stock, line), STAGES.index(body["stage"])
        self.shift(promise, stage, None, units)
        self.fall_short(stock, promise, -body.get("short", 0))
        if stage in (PICKED, PACKED):
            self.change(stock, promise[2], blocked=units)
        self.forget(stock, line, promise, units)

    def forget(self, stock, line, promise, units):
        stock.promised -= units
        if not any(promise[0]):
            stock.promises.pop(line, None)
        self.balance(stock)

    def stock_allocated(self, sku, body):
        promise = self.promise(self.stocks[sku], body["line"])
        promise[2] = body["site"]
        self.shift(promise, COMMITTED, ALLOCATED, body["units"])

    def stock_picked(self, sku, body):
        self.shift(self.promise(self.stocks[sku], body["line"]), ALLOCATED, PICKED, body["units"])

    def stock_short_picked(self, sku, body):
        promise = self.promise(self.stocks[sku], body["line"])
        self.shift(promise, ALLOCATED, COMMITTED, body["units"])

    def stock_packed(self, sku, body):
        self.shift(self.promise(self.stocks[sku], body["line"]), PICKED, PACKED, body["units"])

    def stock_handed_over(self, sku, body):
        stock, line, units = self.stocks[sku], body["line"], body["units"]
        promise = self.promise(stock, line)
        self.shift(promise, PACKED, None, units)
        stock.on_hand[promise[2]] -= units
        self.forget(stock, line, promise, units)
        self.change(stock, promise[2])
        order, _, number = line.rpartition(".")
        lines, at = self.orders[order].lines, int(number) - 1
        self.must(at < len(lines) and lines[at][0] == sku, "handed_over_as_shipped", "another SKU")
        self.orders[order].handed_over = count(self.orders[order].handed_over, int(number), units)

    def stock_restocked(self, sku, body):
        stock, units = self.stocks[sku], body["units"]
        if body.get("disposition", RESTOCK) == RESTOCK:
            stock.flows += units
            self.change(stock, body["site"], on_hand=units)
        order = self.orders[order_of(body["return_id"])]
        order.restocked = count(order.restocked, body["line"], units)

    def fall_short(self, stock, promise, units):
        promise[1] += units
        stock.short += units
        self.must(0 <= promise[1], "stock_equation", "covered beyond what was short")

    def stock_shortfall(self, sku, body):
        stock = self.stocks[sku]
        self.shortfalls += 1
        promise = self.promise(stock, body["line"])
        self.fall_short(stock, promise, body["units"])
        self.must(promise[1] <= sum(promise[0]), "stock_equation", "more short than promised")

    def stock_covered(self, sku, body):
        stock = self.stocks[sku]
        self.fall_short(stock, self.promise(stock, body["line"]), -body["units"])
        self.balance(stock)

    def stock_blocked(self, sku, body):
        self.change(self.stocks[sku], body["site"], blocked=body["units"])

    def stock_unblocked(self, sku, body):
        self.change(self.stocks[sku], body["site"], blocked=-body["units"])

    # Where it all led.

    def finish(self, report):
        """Compares the end of the journal with itself and with the report."""
        shipped = self.shipped_by_sku()
        for sku, stock in self.stocks.items():
            self.finish_stock(sku, stock, shipped[sku])
        for name, order in self.orders.items():
            if order.lines:
                self.finish_order("order/" + name, order)
            else:
                told = "a fact about an order that was never requested"
                self.must(False, "handed_over_as_shipped", told, "order/" + name)
        self.finish_report(report)

    def shipped_by_sku(self):
        """What the orders say was sent: not read from the stock's own facts."""
        shipped = defaultdict(int)
        for order in self.orders.values():
            for line, units in (order.shipped or {}).items():
                shipped[order.lines[line - 1][0]] += units
        return shipped

    def finish_stock(self, sku, stock, shipped):
        where = f"stock/{sku} at the end"
        self.where = where
        self.balance(stock)
        on_hand = sum(stock.on_hand.values())
        told = f"{stock.flows} came in, {shipped} went out, {on_hand} on hand"
        self.must(stock.flows - shipped == on_hand, "stock_accounts", told)
        self.must(stock.promised == 0, "nothing_promised_left", f"{stock.promised} units")

    def finish_order(self, where, order):
        self.where = where
        told = f"shipped {order.shipped}, handed over {order.handed_over}"
        self.must(order.shipped == order.handed_over, "handed_over_as_shipped", told)
        told = f"returned {order.returned}, restocked {order.restocked}"
        self.must(order.returned == order.restocked, "restocked_as_returned", told)
        told = f"captured {order.captured}, delivered {order.value}, given back {order.given_back}"
        captured_is_delivered = order.captured - order.given_back == order.value
        self.must(captured_is_delivered, "captured_is_delivered", told)
        worth = order.shipping + sum(units * price for _, units, price, _ in order.lines)
        told = f"ordered {worth}, delivered {order.value}"
        whole = self.is_delivered(order) and not order.cancelled
        self.must(not whole or worth == order.value, "delivered_is_ordered", told)
        promised = order.refund + order.goodwill + order.given_back
        paid = order.refunded + order.issued
        self.must(promised == paid, "refunds_are_paid", f"promised {promised}, paid {paid}")

    @staticmethod
    def is_delivered(order):
        """Whether all that was not cancelled has arrived, and that is something."""
        arrived = [part for part in order.parts.values() if part[3]]
        asked = sum(units for _, units, _, _ in order.lines) - order.cancelled
        if order.delivered:
            return asked > 0
        return asked > 0 and sum(units for part in arrived for _, units in part[0]) == asked

    def finish_report(self, report):
        self.where = "report"

        def same(check, **found):
            for name, value in found.items():
                told = f"{name}: {report.get(name)} reported, {value} found"
                self.must(report.get(name) == value, check, told)

        placed = [order for order in self.orders.values() if order.placed]
        gross = sum(units * price for order in placed for _, units, price, _ in order.lines)
        same("orders_as_reported", orders=len(placed), gross_minor=gross,
             order_lines=sum(len(order.lines) for order in placed))
        same("delivered_as_reported", delivered_orders=sum(map(self.is_delivered, placed)))
        # A row of the trade that returns goods of several orders falls into as many parts.
        parts, rows = self.return_requests, report.get("return_lines", 0)
        if "return_parts" in report:
            same("returns_as_reported", return_parts=parts)
        told = f"{rows} rows reported, {parts} parts found"
        self.must(rows <= parts and (rows > 0) == (parts > 0), "returns_as_reported", told)
        same("credits_as_reported", credit_lines=self.credits[0], credit_minor=self.credits[1])
        for direction, found in zip(("in", "out"), self.corrections):
            found += report.get(f"corrections_{direction}_without_stock", 0)
            same("corrections_as_reported", **{f"corrections_{direction}": found})
        same("adjustments_as_reported", adjustments=self.adjustments)
        same("facts_as_reported", facts=self.facts)
        same("never_oversold", oversold=0)
        self.must(self.shortfalls == 0, "never_oversold", f"{self.shortfalls} shortfalls")
        kinds = ("order_lines", "return_lines", "credit_lines", "corrections_in",
                 "corrections_out", "adjustments", "malformed")
        same("rows_accounted_for", rows=sum(count_of(report, kind) for kind in kinds))
        self.finish_money(report)

    def finish_money(self, report):
        orders = self.orders.values()
        returned = sum(order.refund + order.goodwill for order in orders)
        told = f"{report.get('return_minor')} reported, {returned} promised"
        self.must(returned == report.get("return_minor"), "returns_add_up", told)
        # Double entry: what was delivered and taken back is the customers' debt, cash and credit
        # notes settle it; nothing may be left of it.
        owed = sum(order.value - order.refund - order.goodwill for order in orders)
        cash = sum(order.captured - order.refunded for order in orders)
        credited = sum(order.issued for order in orders)
        left = owed - cash + credited
        told = f"customers {left}, cash {cash}, goodwill credits {credited}"
        self.must(left == 0, "cash_ledger_balances", told)
        if "cash_minor" in report:
            told = f"{report['cash_minor']} reported, {cash} found"
            self.must(report["cash_minor"] == cash, "cash_ledger_balances", told)


def count_of(report, kind):
    """A number of rows; `malformed` may also be the list of them."""
    value = report.get(kind, 0)
    return len(value) if isinstance(value, list) else value


def check(lines, report):
    """The checks that fail, each with the first place where it does."""
    checking = Check()
    try:
        checking.read(lines)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        # What follows cannot be judged, so nothing is said to hold.
        told = f"not a fact as this program knows them: {error!r} after {checking.where or 'none'}"
        return dict.fromkeys(CHECKS, told)
    checking.finish(report)
    return checking.failed


# --- Self-test -----------------------------------------------------------------------------------

A, B = "00000000-0000-7000-8000-00000000000a", "00000000-0000-7000-8000-00000000000b"


def pounds(pence):
    return {"minor": pence, "currency": "GBP"}


def small_trade():
    """Two orders: one of goods and postage of which a piece comes back, one of postage alone."""
    line, part, cup = f"{A}.1", f"{A}.1", "stock/22633"
    goods = [{"sku": "22633", "units": 3, "unit_price": pounds(100)},
             {"sku": "POST", "units": 1, "unit_price": pounds(50), "stock_kept": False}]
    postage = [{"sku": "POST", "units": 1, "unit_price": pounds(50), "stock_kept": False}]
    told = [
        (cup, STOCK_RECEIVED, {"site": "MAIN", "units": 5}),
        (f"order/{A}", ORDER_REQUESTED, {"lines": goods}),
        (cup, STOCK_HELD, {"line": line, "units": 3}),
        (f"order/{A}", ORDER_PLACED, {"number": 100001}),
        (cup, STOCK_COMMITTED, {"line": line}),
        (cup, STOCK_ALLOCATED, {"line": line, "fulfilment": part, "site": "MAIN", "units": 3}),
        (cup, STOCK_PICKED, {"line": line, "units": 3}),
        (cup, STOCK_PACKED, {"line": line, "units": 3}),
        (f"order/{A}", ORDER_PACKED,
         {"fulfilment": 1, "lines": [[1, 3], [2, 1]], "amount": pounds(350)}),
        (f"payment/{A}.1", PAYMENT_CAPTURED, {"capture": 1, "amount": pounds(350)}),
        (cup, STOCK_HANDED_OVER, {"line": line, "units": 3}),
        (f"order/{A}", ORDER_SHIPPED, {"fulfilment": 1}),
        (f"order/{A}", ORDER_DELIVERED, {"fulfilment": 1}),
        (f"return/{A}.1", RETURN_REQUESTED, {}),
        (f"order/{A}", ORDER_RETURNED,
         {"return_id": 1, "lines": [[1, 1]], "refund": pounds(100), "goodwill": pounds(20)}),
        (cup, STOCK_RESTOCKED, {"site": "MAIN", "return_id": f"{A}.1", "line": 1, "units": 1}),
        (f"payment/{A}.1", PAYMENT_REFUNDED, {"refund": 1, "amount": pounds(100)}),
        ("credit-note/1", CREDIT_ISSUED,
         {"amount": pounds(20), "reason": GOODWILL, "return_id": f"{A}.1"}),
        ("credit-note/2", CREDIT_ISSUED, {"amount": pounds(70), "reason": RETURN_WITHOUT_ORDER}),
        (cup, STOCK_HELD, {"line": f"{B}.1", "units": 2}),
        (cup, STOCK_RELEASED, {"line": f"{B}.1", "units": 2, "stage": "held"}),
        (cup, STOCK_ADJUSTED, {"site": "MAIN", "change": -1, "reason": "loss"}),
        (f"order/{B}", ORDER_REQUESTED, {"lines": postage}),
        (f"order/{B}", ORDER_PLACED, {"number": 100002}),
        (f"payment/{B}.1", PAYMENT_CAPTURED, {"capture": 0, "amount": pounds(50)}),
        (f"order/{B}", ORDER_DELIVERED, {"amount": pounds(50)}),
        ("ledger/cash", LEDGER_ADJUSTED, {"amount": pounds(-5), "reason": "bad debt"}),
    ]
    report = {"rows": 7, "orders": 2, "order_lines": 3, "gross_minor": 400, "return_lines": 1,
              "return_parts": 1, "return_minor": 120, "credit_lines": 1, "credit_minor": 70,
              "corrections_in": 0, "corrections_out": 1, "adjustments": 1, "malformed": 0,
              "delivered_orders": 2, "oversold": 0, "facts": len(told)}
    return told, report


def exported(told):
    """The facts as an export would have them."""
    versions, lines = {}, []
    for position, (stream, kind, body) in enumerate(told, 1):
        versions[stream] = versions.get(stream, 0) + 1
        lines.append({"partition": 0, "position": position, "stream": stream,
                      "version": versions[stream], "type": kind + "@1", "body": body})
    return lines


def planted():
    """Each check with a mistake that it must find: a change of facts, lines or report."""
    def fact(kind, nth=0, drop=False, **changes):
        def change(told, _report):
            at = [at for at, (_, name, _) in enumerate(told) if name == kind][nth]
            stream, name, body = told[at]
            told[at:at + 1] = [] if drop else [(stream, name, {**body, **changes})]
        return change

    def later(kind, nth=0):
        def change(told, _report):
            at = [at for at, (_, name, _) in enumerate(told) if name == kind][nth]
            told.append(told.pop(at))
        return change

    def reported(**changes):
        return lambda _told, report: report.update(changes)

    def one_more(*added):
        return lambda told, _report: told.append(added)

    cup, other = "stock/22633", f"{B}.1"
    return [
        ("stages_never_negative", fact(STOCK_PICKED, units=4)),
        ("stages_never_negative", fact(STOCK_COMMITTED, drop=True)),
        ("stages_never_negative", fact(STOCK_HANDED_OVER, units=4)),
        ("stages_never_negative", fact(STOCK_RECEIVED, units=2)),
        ("stages_never_negative", later(STOCK_PACKED)),
        ("stages_never_negative", fact(STOCK_RELEASED, units=3)),
        ("stages_never_negative", fact(STOCK_RELEASED, stage="committed")),
        ("stages_never_negative", one_more(cup, STOCK_UNBLOCKED, {"site": "MAIN", "units": 1})),
        ("stock_equation", fact(STOCK_RECEIVED, units=2)),
        ("stock_equation", fact(STOCK_RELEASED, short=1)),
        ("stock_equation", one_more(cup, STOCK_HELD, {"line": other, "units": 3})),
        ("stock_accounts", fact(STOCK_HANDED_OVER, drop=True)),
        ("stock_accounts", fact(ORDER_SHIPPED, drop=True)),
        ("handed_over_as_shipped", fact(STOCK_HANDED_OVER, drop=True)),
        ("handed_over_as_shipped", fact(ORDER_SHIPPED, drop=True)),
        ("handed_over_as_shipped", fact(ORDER_PACKED, lines=[[1, 2], [2, 1]])),
        ("restocked_as_returned", fact(STOCK_RESTOCKED, drop=True)),
        ("restocked_as_returned", fact(STOCK_RESTOCKED, units=2)),
        ("captured_is_delivered", fact(PAYMENT_CAPTURED, drop=True)),
        ("captured_is_delivered", fact(PAYMENT_CAPTURED, nth=1, amount=pounds(51))),
        ("captured_is_delivered", fact(ORDER_DELIVERED, drop=True)),
        ("delivered_is_ordered", fact(ORDER_PACKED, amount=pounds(349))),
        ("delivered_is_ordered", fact(ORDER_DELIVERED, nth=1, amount=pounds(49))),
        ("refunded_within_captured", fact(PAYMENT_REFUNDED, amount=pounds(351))),
        ("refunded_within_captured", later(PAYMENT_CAPTURED)),
        ("refunds_are_paid", fact(PAYMENT_REFUNDED, drop=True)),
        ("refunds_are_paid", fact(CREDIT_ISSUED, drop=True)),
        ("returns_add_up", fact(ORDER_RETURNED, goodwill=pounds(21))),
        ("cash_ledger_balances", fact(PAYMENT_REFUNDED, amount=pounds(99))),
        ("cash_ledger_balances", reported(cash_minor=1)),
        ("nothing_promised_left", fact(STOCK_RELEASED, drop=True)),
        ("nothing_promised_left", one_more(cup, STOCK_HELD, {"line": other, "units": 1})),
        ("orders_as_reported", reported(orders=3)),
        ("orders_as_reported", reported(order_lines=4)),
        ("orders_as_reported", reported(gross_minor=401)),
        ("orders_as_reported", fact(ORDER_PLACED, drop=True)),
        ("delivered_as_reported", reported(delivered_orders=1)),
        ("delivered_as_reported", fact(ORDER_DELIVERED, nth=1, drop=True)),
        ("returns_as_reported", reported(return_parts=2)),
        ("returns_as_reported", fact(RETURN_REQUESTED, drop=True)),
        ("credits_as_reported", fact(CREDIT_ISSUED, nth=1, amount=pounds(71))),
        ("corrections_as_reported", fact(STOCK_ADJUSTED, drop=True)),
        ("adjustments_as_reported", fact(LEDGER_ADJUSTED, drop=True)),
        ("facts_as_reported", reported(facts=1)),
        ("rows_accounted_for", reported(rows=8)),
        ("never_oversold", reported(oversold=1)),
        ("never_oversold", one_more(cup, STOCK_SHORTFALL, {"line": other, "units": 1})),
    ]


def planted_in_lines():
    """Mistakes in the envelopes."""
    def gap(lines):
        lines[4]["position"] += 1

    def repeated(lines):
        lines[4]["version"] -= 1

    return [("positions_gapless", gap), ("versions_gapless", repeated)]


def as_text(lines):
    return io.StringIO("".join(json.dumps(line) + "\n" for line in lines))


def self_test():
    """The small trade passes; every planted mistake is found; every check has a mistake."""
    told, report = small_trade()
    wrong = [f"sound, yet {name} failed: {where}"
             for name, where in check(as_text(exported(told)), report).items()]
    seen = set()
    for number, (name, change) in enumerate(planted(), 1):
        told, report = small_trade()
        change(told, report)
        if name not in check(as_text(exported(told)), report):
            wrong.append(f"{name} did not find planted mistake {number}")
        seen.add(name)
    for name, change in planted_in_lines():
        told, report = small_trade()
        lines = exported(told)
        change(lines)
        if name not in check(as_text(lines), report):
            wrong.append(f"{name} did not find what was planted")
        seen.add(name)
    if len(check(io.StringIO('{"position": 1}\n'), report)) != len(CHECKS):
        wrong.append("a line that is no fact went unnoticed")
    wrong += [f"nothing was planted for {name}" for name in CHECKS if name not in seen]
    print("\n".join(wrong) or f"self-test passed: {len(CHECKS)} checks, each finds its mistakes")
    return 1 if wrong else 0


# --- Command line --------------------------------------------------------------------------------

def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    export, report = arguments
    with open(report, encoding="utf-8") as file:
        told = json.load(file)
    if export == "-":
        failed = check(sys.stdin, told)
    else:
        with open(export, encoding="utf-8", buffering=1 << 20) as lines:
            failed = check(lines, told)
    for name, meaning in CHECKS.items():
        print(f"{'FAILED' if name in failed else 'ok':7} {name:25} {meaning}")
        if name in failed:
            print(f"{'':7} first: {failed[name]}")
    print(f"{len(CHECKS) - len(failed)} of {len(CHECKS)} checks hold")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
