"""What the phone carries of sales: prices, the last orders, and the screens on which an order is taken without signal.

The slots of an account's row: `price_list` (id; also of an account whose page was opened), `addresses` (options of the
delivery place, as HTML), `last_order` (JSON: {id, place, note, lines: [[product, quantity, discount in percent, name
where it is no longer sold]]}) and `last_number`; the last two are empty where nothing was ordered.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from markupsafe import Markup

from app.accounts.forms import country_name, home_country
from app.accounts.queries import find_usual_place, list_places_of
from app.accounts.rules import address_line
from app.catalogue.queries import find_applying, find_standard, price_lists_for, priced
from app.identity.permissions import P
from app.identity.queries import get_company
from app.kernel.access import Actor
from app.kernel.dates import today_in
from app.kernel.money import currency_of
from app.sales.queries import Rows, again, list_last_orders
from app.sales.rules import percent
from app.sync.ports import Carried, Screen, Subjects
from app.visits.queries import list_day

MOST_PRODUCTS = 500


def addresses(actor: Actor, now: datetime, accounts: Subjects) -> list[str]:
    """Pages to carry whole: the lists, and the last orders of the customers of today. `accounts` are those carried."""
    day = list_day(actor, actor.person_id, today_in(actor.zone, now), now)
    today = {line.row.account_id for line in day}.intersection(accounts)
    return ["/orders", "/quotes", *(f"/orders/{order.id}" for order, _ in list_last_orders(actor, today).values())]


def rows(actor: Actor, now: datetime, accounts: Subjects) -> dict[UUID, dict[str, str]]:
    """Account -> the slots above, of the carried accounts."""
    places = list_places_of(actor, accounts)
    lists = price_lists_for(actor, places, today_in(get_company().zone, now))
    last = list_last_orders(actor, accounts)
    wanted: dict[UUID, set[UUID]] = {}
    for account_id, (_, lines) in last.items():
        if account_id in lists:
            wanted.setdefault(lists[account_id].id, set()).update(line.product_id for line in lines)
    sold = {list_id: priced(list_id, products, actor.language).keys() for list_id, products in wanted.items()}
    found = {}
    for account_id in {place.account_id for place in places}:
        price_list = lists.get(account_id)
        slots = {
            "price_list": str(price_list.id) if price_list else "",
            "addresses": _options(address_choices([each for each in places if each.account_id == account_id])),
        }
        if account_id in last:
            order, lines = last[account_id]
            slots["last_order"] = _as_json(order, lines, sold[price_list.id] if price_list else ())
            slots["last_number"] = order.number
        found[account_id] = slots
    return found


def screens(actor: Actor, now: datetime, accounts: Subjects) -> list[Screen]:
    """The order form of each price list that is carried, for whoever is known to buy from it; the last one for accounts
    that are made on the phone, in the country that its form names. Any other account gets none: better no prices than
    another's."""
    today = today_in(get_company().zone, now)
    country = _usual_country(actor)
    usual = find_standard(currency_of(country) or "") or find_standard(get_company().currency)
    lists = {each.id for each in price_lists_for(actor, list_places_of(actor, accounts), today).values()}
    orders = [
        Screen(ORDER, f"/offline/orders/new?list={each}", where=("price_list", str(each)))
        for each in sorted(lists | ({usual.id} if usual else set()))
    ]
    if usual and country:
        made_here = ("country", country_name(country, actor.language))
        orders.append(Screen(ORDER, f"/offline/orders/new?list={usual.id}", where=made_here))
    return [*orders, Screen("/orders/*", "/offline/order"), Screen("/quotes/*", "/offline/quote")]


def known_of(actor: Actor, account_id: UUID) -> dict[str, str]:
    """The slots of an account whose page was opened: with them its order form opens without signal, if its price list
    is carried."""
    price_list = find_applying(actor, account_id, today_in(get_company().zone, datetime.now(UTC)))
    return {"price_list": str(price_list) if price_list else ""}


ORDER = "/accounts/*/orders/new"
CARRIED = Carried(P.SALES_WRITE, addresses=addresses, rows=rows, screens=screens)


def address_choices(places: Sequence[Any]) -> list[tuple[str, str]]:
    """(address, label) of an account's places that have one."""
    found: dict[str, str] = {}
    for place in places:
        address = address_line(place.address, place.district, place.city)[:200]
        if address:
            found.setdefault(address, f"{place.label}: {address}" if place.label else address)
    return list(found.items())


def _usual_country(actor: Actor) -> str:
    """Where this person's next account likely is, as the form of a new one says it; '' where that is not known."""
    near = find_usual_place(actor)
    return near.country if near else home_country(actor.zone)


def _options(choices: Sequence[tuple[str, str]]) -> str:
    """As the form has them: the first is chosen."""
    options = "".join(Markup('<option value="{}">{}</option>').format(*each) for each in choices)
    return options.replace("<option", "<option selected", 1)


def _as_json(order: Any, lines: Rows, sold: Any) -> str:
    names = {line.product_id: line.name for line in lines if line.product_id not in sold}
    given = [
        [str(line.product_id), line.quantity, percent(line.discount_bp) if line.discount_bp else ""]
        + ([names[line.product_id]] if line.product_id in names else [])
        for line in again(lines)
    ]
    return json.dumps(
        {"id": str(order.id), "place": order.delivery_place, "note": order.note, "lines": given},
        ensure_ascii=False,
        separators=(",", ":"),
    )
