"""Somebody who wants more than is theirs: other people's rows, other prices, other roles, other pages' scripts."""

import io
import re
import struct
import warnings
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import String, select, update

from app.accounts.models import Account
from app.contracts.plugs import contract_html
from app.identity import actions
from app.identity.administration import reset_password, set_active, set_logo
from app.identity.models import Company, FailedSignIn, Person
from app.identity.permissions import ROLES
from app.identity.queries import actor_of
from app.infra import files
from app.infra.db import _writing, db, transact
from app.kernel.access import SYSTEM, Actor
from app.kernel.errors import InvalidError
from app.kernel.ids import new_id
from app.sales.models import Order, OrderLine
from app.sales.plugs import quote_html
from app.visits.models import Photo
from app.web.guard import PUBLIC, mark_of
from tests.conftest import NOW, PASSWORD, Browser, Cast
from tests.house.world import NONSENSE, PHOTO, RANDOM, World, address, build, dump, picture, told

Open = Callable[[Actor | None], Browser]
on_sqlite = pytest.mark.parametrize("made_app", ["sqlite"], indirect=True)  # the same queries; the walk is long

# --- Other people's rows ---------------------------------------------------------------------------------------------

GIVEN = {
    "version": "1", "reason": "Mine now", "name": "Mine", "text": "Mine", "outcome": "order", "minutes": "30",
    "steps": "1", "kind": "skipped", "rating": "A", "language": "en", "zone": "Asia/Shanghai", "radius": "150",
    "owner_id": "none", "price_list_id": "", "planned_on": "2026-03-11", "accuracy_m": "5", "lat": "31", "lon": "121",
}  # fmt: skip
FRESH = "sale_id", "visit_id", "order_id", "contract_id", "document_id", "new_id", "run_id"


def filled(world: World, place_id: Any) -> dict[str, Any]:
    """A body that most forms would take."""
    return {
        **GIVEN, **{name: str(new_id()) for name in FRESH}, "place_id": place_id, f"quantity-{world.product}": "1",
        f"price-{world.product}": "39900",
    }  # fmt: skip


@on_sqlite
@pytest.mark.parametrize("role", ["rep", "manager", "office", "admin", "nobody"])
def test_what_is_hidden_looks_like_what_is_not_there(app: Flask, browser: Open, cast: Cast, role: str) -> None:
    """Each address with ids: of rows that belong to somebody else, of no row, and no ids at all."""
    world = build(cast)
    theirs, mine = world.of["ren"], world.of["ada"]
    actor = {"rep": cast.rita, "manager": cast.mona, "office": cast.otto, "admin": cast.ada, "nobody": None}[role]
    somebody, before, tried = browser(actor), dump(), 0
    for rule in (each for each in app.url_map.iter_rules() if each.arguments):
        owned = theirs.owned(rule)
        missing = dict.fromkeys(rule.arguments, RANDOM)
        may = actor is not None and (mark_of(app, rule.endpoint) or PUBLIC) in ROLES[role][2]
        sees_all = role in ("office", "admin")
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):

            def ask(ids: dict[str, Any], body: dict[str, Any], m: str = method, r: Any = rule) -> tuple[int, str]:
                path = address(app, r, ids)
                files_ = {"photo": (io.BytesIO(PHOTO), "a.jpg")} if body else {}
                answer = somebody.get(path, buffered=True) if m == "GET" else somebody.post(path, **body, **files_)
                return answer.status_code, told(answer.get_data().decode(errors="replace"))

            for body in ({}, filled(world, theirs.place_id)) if method == "POST" else ({},):
                absent = ask(missing, body)
                where = (method, rule.rule, role, sorted(body)[:3])
                refused = (404, 422) if not body else (404,)
                if actor is None and mark_of(app, rule.endpoint) != PUBLIC:
                    refused = (302 if method == "GET" else 401,)
                assert absent[0] in refused, where
                if owned is not None and not (sees_all and may):
                    tried += 1
                    hidden = ask(owned, body)
                    assert hidden[0] == absent[0], where
                    assert hidden[1] == absent[1] or actor is None, where
            for word in NONSENSE if actor is not None else ():
                assert ask(dict.fromkeys(rule.arguments, word), {})[0] in (404, 405), (method, rule.rule, word)
        if owned and "GET" in (rule.methods or ()):  # else nothing was hidden: whose it is, sees it
            assert browser(cast.ada).get(address(app, rule, mine.owned(rule) or {}), buffered=True).status_code == 200
    assert tried > 50 or sees_all
    assert dump() == before


def test_nothing_of_other_people_stands_on_any_page(app: Flask, browser: Open, cast: Cast) -> None:
    """Lists, searches, counts, panels, pins and suggestions of Rita, and of Mona whose team Ren is not in."""
    world = build(cast)
    theirs = world.of["ren"]
    traces = ["Ren's Deli", "Ren's Kiosk", *(str(value) for value in vars(theirs).values())]
    asked = [
        "/accounts?q=Ren", f"/accounts?owner={cast.ren.id}", "/accounts?q=5550", "/nearby?lat=31.2397&lon=121.4903",
        "/plan?from=near", "/plan?from=search&q=Ren", f"/nearby?account={theirs.account_id}", "/nearby?q=Ren",
        f"/orders?rep={cast.ren.id}", "/orders?q=Ren", f"/quotes?rep={cast.ren.id}", "/quotes?q=O-", "/contracts?q=Ren",
        "/contracts?q=C-", "/accounts/duplicates?name=Ren%27s+Deli&phone=021+5550+1234&lat=31.2397&lon=121.4903",
        f"/accounts/{world.of['rita'].account_id}/orders/new?copy={theirs.order}",
        f"/accounts/{world.of['rita'].account_id}/orders/new?visit={theirs.visit_id}", "/board", "/board/pins",
    ]  # fmt: skip
    for actor in (cast.rita, cast.mona):
        somebody = browser(actor)
        paths = [
            address(app, rule, world.of["rita"].owned(rule) or world.shared)
            for rule in app.url_map.iter_rules()
            if "GET" in (rule.methods or ())
        ]
        for path in (*paths, *asked):
            answer = somebody.get(path, buffered=True)
            text = answer.get_data().decode(errors="replace").replace("&#39;", "'")
            found = [trace for trace in traces if trace in text and trace not in path]
            assert not found, (actor.name, path, found)
    alike = browser(cast.rita).get(asked[14]).text
    assert "Ren&#39;…" in alike, "masked, so that the two can talk"


def test_no_post_reaches_other_people_s_rows_through_its_fields(browser: Open, cast: Cast) -> None:
    """Ids in bodies instead of addresses: places, visits, products, row ids of others."""
    world = build(cast)
    mine, theirs = world.of["rita"], world.of["ren"]
    rita, before = browser(cast.rita), dump()
    basket = {f"quantity-{world.product}": "1"}
    here = {"lat": "31.2397", "lon": "121.4903", "accuracy_m": "5"}
    account = f"/accounts/{mine.account_id}"
    for path, body in (
        (f"{account}/orders", {**basket, "sale_id": theirs.order}),
        (f"{account}/orders", {**basket, "sale_id": new_id(), "visit_id": theirs.visit_id}),
        (f"{account}/quotes", {**basket, "sale_id": theirs.quote}),
        (f"{account}/check-in", {**here, "visit_id": new_id(), "place_id": theirs.place_id}),
        (f"{account}/check-in", {**here, "visit_id": theirs.visit_id, "place_id": mine.place_id}),
        (f"{account}/visits/new", {"visit_id": new_id(), "place_id": theirs.place_id, "planned_on": "2030-01-01",
                                   "minutes": "30"}),
        (f"/quotes/{mine.quote}/order", {"order_id": theirs.order}),
        (f"/quotes/{mine.quote}/document", {"document_id": theirs.document_id}),
        (f"/orders/{mine.order}/contract", {"contract_id": theirs.contract_id, "language": "en"}),
        ("/plan/visits", {"account": theirs.account_id}),
        ("/plan/visits", {"account": mine.account_id, "place": theirs.place_id, "day": "2026-12-01"}),
        ("/contracts/printings", {"contract": theirs.contract_id, "document_id": new_id()}),
    ):  # fmt: skip
        assert rita.post(path, **body).status_code in (404, 422), (path, body)
    for path, key in ((f"{account}/contacts", theirs.contact_id), (f"{account}/places", theirs.place_id)):
        body = {"name": "Mine", "zone": "Asia/Shanghai", "radius": "150"}
        assert rita.post(path, once=key, **body).status_code == 404, path
    assert rita.post("/accounts", once=theirs.account_id, name="Fresh Pots", rating="A").status_code == 404
    assert dump() == before


# --- More than one's role --------------------------------------------------------------------------------------------

RISEN = {
    "role": "admin", "permissions": "people:manage", "reach": "all", "team_id": "", "discount_limit": "100", "id": "",
    "person_id": "", "email": "rita@elsewhere.example", "session_version": "9", "deactivated_at": "",
    "password_hash": "x", "demo": "1", "created_at": "2020-01-01", "archived_at": "2020-01-01", "version_id": "9",
}  # fmt: skip


def test_settings_change_what_they_show_and_nothing_else(browser: Open, cast: Cast) -> None:
    before = db.session.get_one(Person, cast.rita.id)
    kept = {c.name: getattr(before, c.name) for c in Person.__table__.c if c.name in (*RISEN, "session_version")}
    sent = {
        "name": "Rita R.", "zone": "Asia/Tokyo", "language": "en", "work_from": "08:00", "work_to": "17:00",
        "lunch_from": "12:00", "lunch_minutes": "30", "version": "1",
    }  # fmt: skip
    risen = {**RISEN, "team_id": str(cast.teams["sales"]), "id": str(cast.ada.id), "person_id": str(cast.ada.id)}
    assert browser(cast.rita).post("/settings", **risen, **sent).status_code == 303
    after = db.session.get_one(Person, cast.rita.id)
    assert after.name == "Rita R."
    assert {name: getattr(after, name) for name in kept} == kept


def test_a_rep_s_customers_are_the_rep_s_own_whatever_is_posted(browser: Open, cast: Cast) -> None:
    rita = browser(cast.rita)
    sent = {"name": "Fresh Pots", "rating": "A", "owner_id": str(cast.ren.id), "created_by": str(cast.ren.id)}
    assert rita.post("/accounts", **sent, archived_at="2020-01-01", search="x").status_code == 303
    made = db.session.scalars(select(Account)).one()
    assert (made.owner_id, made.created_by, made.archived_at) == (cast.rita.id, cast.rita.id, None)
    assert "freshpots" in made.search
    change = {"name": "Fresh Pots", "rating": "B", "language": "en", "version": "1", "owner_id": "", "identity": "x"}
    assert rita.post(f"/accounts/{made.id}", **change).status_code == 303
    made = db.session.scalars(select(Account)).one()
    assert (made.rating, made.owner_id, made.identity[:3]) == ("B", cast.rita.id, "at:")


def test_prices_totals_and_states_are_not_taken_from_posts(browser: Open, cast: Cast) -> None:
    world = build(cast)
    path = f"/accounts/{world.of['rita'].account_id}"
    order = new_id()
    lies = {
        "price": "1", "unit_price": "1", f"unit_price-{world.product}": "1", "net": "1", "tax": "0", "gross": "1",
        "currency": "TWD", "rep_id": str(cast.ren.id), "number": "O-1", "state": "approved", "approved": "1",
        "account_id": str(world.of["ren"].account_id), "price_list_id": str(RANDOM), "discount": "99",
    }  # fmt: skip
    basket = {"sale_id": order, f"quantity-{world.product}": "2"}
    assert browser(cast.rita).post(f"{path}/orders", **basket, **lies).status_code == 303
    made = db.session.get_one(Order, order)
    assert (made.gross, made.currency, made.rep_id) == (79_800, "CNY", cast.rita.id)
    assert made.account_id == world.of["rita"].account_id
    assert made.number.startswith("O-20")
    assert browser(cast.rita).post(f"/orders/{order}/approval").status_code == 404
    # A price that was not the one shown is asked about, never taken.
    tampered = {"sale_id": str(new_id()), f"quantity-{world.product}": "1", f"price-{world.product}": "1"}
    assert browser(cast.rita).post(f"{path}/orders", **tampered).status_code == 422


@pytest.mark.parametrize("discount", ["5.01", "6", "100", "１００", "-5", "1e3", "5,5", "0x99"])
def test_no_discount_beyond_one_s_limit(browser: Open, cast: Cast, discount: str) -> None:
    """Rita's is 5 %: not by an order, not by a quote first, not in a second field of the same name."""
    world = build(cast)
    product, path = world.product, f"/accounts/{world.of['rita'].account_id}"
    before = dump()
    for kind in ("orders", "quotes"):
        for posted in (discount, ["", discount]):
            sent = {"sale_id": str(new_id()), f"quantity-{product}": "1", f"discount-{product}": posted}
            assert browser(cast.rita).post(f"{path}/{kind}", **sent).status_code == 422
    assert dump() == before
    name, order = str(product).upper(), new_id()
    upper = {"sale_id": order, f"quantity-{name}": "1", f"discount-{name}": "99"}
    assert browser(cast.rita).post(f"{path}/orders", **upper).status_code == 303
    assert db.session.scalars(select(OrderLine.discount).where(OrderLine.order_id == order)).one() == 0


def test_whoever_lost_a_role_opens_no_more_what_was_printed_in_it(app: Flask, browser: Open, cast: Cast) -> None:
    world = build(cast)
    paths = f"/documents/{world.batch}", f"/documents/{world.batch}/file.pdf"
    assert [browser(cast.ada).get(path, buffered=True).status_code for path in paths] == [200, 200]
    assert [browser(cast.otto).get(path).status_code for path in paths] == [404, 404], "others' prints are theirs"

    def demote() -> Actor:
        ada = db.session.get_one(Person, cast.ada.id)
        ada.role = "rep"
        return actor_of(ada)

    demoted = transact(demote)
    assert [browser(demoted).get(path).status_code for path in paths] == [404, 404]


# --- Scripts in texts ------------------------------------------------------------------------------------------------

CHOSEN = {  # columns whose texts are chosen from lists or made here, never written by people
    "role", "zone", "language", "currency", "password_hash", "digest", "verdict", "verdict_reason", "certainty", "kind",
    "rating", "identity", "search", "country", "fingerprint", "logo", "outcome", "position_error", "hours",
    "problem_file", "how", "from_how", "to_how", "geojson", "calendar", "token_hash",
}  # fmt: skip
UNTOUCHED = {"journal", "event", "job", "receipt", "failed_sign_in", "imported"}  # tables that no page shows


def payload(where: str) -> str:
    return f"</script></title></textarea></style><img src=x onerror=alert(1)>\"'`{{{{7*7}}}}{where}"


class Suspicious(HTMLParser):
    """Collects what only our payload would have made of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        if any(name.startswith("on") or "`" in name or '"' in name for name in names) or dict(attrs).get("src") == "x":
            self.found.append(self.get_starttag_text() or tag)
        for name, value in attrs:
            if name in ("href", "src", "action", "formaction") and re.match(
                r"\s*(javascript|data|vbscript):", value or ""
            ):
                self.found.append(f"{tag} {name}={value}")


def poison() -> set[str]:
    """Put the payload into every text column that people fill; gives their names."""

    def write() -> set[str]:
        written = set()
        for table in db.metadata.sorted_tables:
            texts = [c for c in table.c if type(c.type) is String and c.name not in CHOSEN and not c.primary_key]
            for column in texts if table.name not in UNTOUCHED else ():
                name = f"{table.name}.{column.name}"
                spoilt = payload(name)
                written.add(name)
                if "id" not in table.c:  # facts about a visit or an order have no id of their own, and no unique text
                    db.session.execute(update(table).values({column: spoilt}))
                    continue
                for number, row in enumerate(db.session.scalars(select(table.c.id)).all()):
                    db.session.execute(update(table).where(table.c.id == row).values({column: f"{spoilt} {number}"}))
        return written

    return transact(write)


NO_MARKUP = {
    "application/json", "application/manifest+json", "application/pdf", "image/jpeg", "image/png", "text/csv",
    "text/javascript",
}  # fmt: skip


def test_no_text_becomes_markup(app: Flask, browser: Open, cast: Cast) -> None:
    """In pages, attributes, JSON in pages, JSON, error pages, conflicts, and the paper that PDFs are made from."""
    world = build(cast)
    columns = poison()
    seen: set[str] = set()
    checked = 0

    def check(text: str, where: str) -> None:
        nonlocal checked, seen
        assert Suspicious(text).found == [], where
        assert "<img src=x" not in text, where
        assert "}}49" not in text
        checked += 1
        seen |= {column for column in columns if column in text}

    for actor in (cast.ada, cast.rita, cast.mona, cast.otto):
        mine = world.of["rita" if actor in (cast.rita, cast.mona) else "ada"]
        somebody = browser(actor)
        paths = [
            address(
                app, rule, mine.owned(rule) or {**world.shared, "rep_id": actor.id, "day": datetime.now(UTC).date()}
            )
            for rule in app.url_map.iter_rules()
            if "GET" in (rule.methods or ())
        ]
        odd = "%3C/script%3E%3Cimg%20src=x%20onerror=alert(1)%3E%22%27"
        words = "q", "name", "category", "role", "source", "kind", "below", "from", "next", "day", "state"
        paths += [f"{path}?{'&'.join(f'{word}={odd}' for word in words)}" for path in paths]
        paths += ["/nearby?lat=31.2397&lon=121.4903", "/nearby?lat=31.2397&lon=121.4903&view=map", "/plan?from=near"]
        paths += [f"/nearby?account={mine.account_id}", "/accounts/duplicates?phone=021+5550+1234&name=script"]
        paths += [f"/documents/{world.batch}", f"/sign-in?next=/{odd}", f"/nowhere/{odd}"]
        for path in paths:
            answer = somebody.get(path, buffered=True)
            if answer.mimetype == "text/html":
                check(answer.text, f"{actor.name} {path}")
            else:
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.mimetype in NO_MARKUP
    mine = world.of["ada"]
    spoilt = {"name": payload("typed"), "rating": "A", "language": "en", "version": "9", "reason": payload("typed")}
    for path in (f"/accounts/{mine.account_id}", "/settings", f"/orders/{mine.order}/cancellation", "/accounts"):
        check(browser(cast.ada).post(path, **spoilt).text, path)
    for language in ("en", "zh_Hans", "zh_Hant"):
        check(contract_html(mine.contract_id, language), "contract")
        check(quote_html(mine.quote, language), "quote")
    assert checked > 200
    unseen = columns - seen
    assert len(seen) > 40, sorted(unseen)


# --- Files -----------------------------------------------------------------------------------------------------------


def png(width: int, height: int) -> bytes:
    """A small file that says it is a huge picture."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


def cut(content: bytes) -> bytes:
    return content[: len(content) * 2 // 3]


SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
HTML = b"<!doctype html><script>alert(1)</script>"
NO_PICTURES = {
    "svg": SVG, "html": HTML, "zip": b"PK\x03\x04" + b"\0" * 99, "bomb": png(15_000, 15_000),
    "wide": png(70_000, 9_000),
    "over": png(9_000, 9_000), "jpeg": cut(picture("JPEG", (400, 300))), "webp": cut(picture("WEBP", (400, 300))),
    "png": cut(picture("PNG", (400, 300))), "empty": png(40, 40), "script": b"\xff\xd8\xff\xe0" + HTML,
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(NO_PICTURES))
def test_what_is_no_whole_picture_is_no_photo_and_no_logo(browser: Open, cast: Cast, kind: str) -> None:
    """WeasyPrint lets Pillow fill up cut-off pictures with grey; app/infra/pdf.py takes that back."""
    world = build(cast)
    path = f"/visits/{world.of['rita'].visit_id}/photos"
    sent = browser(cast.rita).post(path, photo=(io.BytesIO(NO_PICTURES[kind]), "a.jpg", "image/jpeg"))
    assert sent.status_code == 422
    assert len(transact(lambda: db.session.scalars(select(Photo)).all())) == 3
    logo = browser(cast.ada).post("/company/logo", logo=(io.BytesIO(NO_PICTURES[kind]), "a.png", "image/png"))
    assert logo.status_code == 422
    assert transact(lambda: db.session.scalar(select(Company.logo))) is None


@pytest.mark.parametrize("pixels", [png(15_000, 15_000), png(10_000, 9_500)])
def test_a_bomb_is_refused_without_a_warning_filter(cast: Cast, pixels: bytes) -> None:
    """Above Pillow's limit it raises, below it only warns: both are too large for us, whatever filters there are."""
    with pytest.raises(InvalidError) as refused, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        transact(lambda: set_logo(cast.ada, pixels, NOW))
    assert refused.value.reason == "The picture has too many pixels."


def test_files_come_as_what_they_are_and_for_their_readers_only(browser: Open, cast: Cast) -> None:
    """Re-encoded, of our type, with nothing left of a script that stood behind the pixels; kept by no shared cache."""
    world = build(cast)
    polyglot = picture("JPEG") + HTML
    exif = Image.Exif()
    exif[0x010E] = "<script>alert(1)</script>"
    with_comment = io.BytesIO()
    Image.new("RGB", (30, 30)).save(with_comment, "JPEG", exif=exif, comment=HTML)
    path = f"/visits/{world.of['rita'].visit_id}/photos"
    rita = browser(cast.rita)
    for content in (polyglot, with_comment.getvalue()):
        assert rita.post(path, photo=(io.BytesIO(content), "../../a.html", "text/html")).status_code == 303
    photos = transact(
        lambda: db.session.scalars(select(Photo.id).where(Photo.visit_id == world.of["rita"].visit_id)).all()
    )
    assert len(photos) == 3
    assert browser(cast.ada).post("/company/logo", logo=(io.BytesIO(polyglot), "a.html")).status_code == 303
    for asked in (
        *(f"{path}/{photo}" for photo in photos),
        "/company/logo",
        f"/documents/{world.of['rita'].document_id}/file.pdf",
    ):
        served = rita.get(asked, buffered=True)
        assert served.status_code == 200
        assert served.mimetype in ("image/jpeg", "image/png", "application/pdf")
        assert b"<script" not in served.data
        assert served.headers["X-Content-Type-Options"] == "nosniff"
        assert served.headers["Cache-Control"].startswith("private")
        assert "Cookie" in served.headers["Vary"]
        assert "default-src 'self'" in served.headers["Content-Security-Policy"]
        assert browser(None).get(asked).status_code == 302


def test_a_lost_file_is_missing_and_no_defect(browser: Open, cast: Cast) -> None:
    world = build(cast)
    ids = world.of["rita"]
    assert browser(cast.ada).post("/company/logo", logo=(io.BytesIO(PHOTO), "a.jpg")).status_code == 303
    for digest in transact(
        lambda: [*db.session.scalars(select(Photo.digest)), db.session.scalar(select(Company.logo))]
    ):
        files.path_of(digest).unlink(missing_ok=True)
    rita = browser(cast.rita)
    assert rita.get(f"/visits/{ids.visit_id}/photos/{ids.photo_id}").status_code == 404
    assert rita.get("/company/logo").status_code == 404


@pytest.mark.parametrize("path", ["/static/../app/config.py", "/static/%2e%2e/secret", "/static//etc/passwd", "/secret",
                                  "/static/..%5c..%5csecret", "/files", "/imports/../secret"])  # fmt: skip
def test_no_address_leads_out_of_the_house(browser: Open, cast: Cast, path: str) -> None:
    assert browser(cast.ada).get(path).status_code in (404, 405)


# --- Sign-in and sessions --------------------------------------------------------------------------------------------


def test_signing_in_takes_as_much_work_for_nobody_as_for_somebody(
    browser: Open, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One hash is verified whoever it is, and the answers are alike but for what was typed."""
    transact(lambda: set_active(cast.ada, cast.ren.person_id, False, NOW))
    verified: list[str] = []
    fits = actions._hasher.verify

    class Counting:
        def verify(self, hashed: str, password: str) -> bool:
            verified.append(hashed)
            return fits(hashed, password)

    monkeypatch.setattr(actions, "_hasher", Counting())
    answers = []
    for email, password in (
        ("rita@harbour.example", "wrong password"), ("nobody@harbour.example", "wrong password"),
        ("ren@harbour.example", PASSWORD), ("ren@harbour.example", "wrong password"),
    ):  # fmt: skip
        answer = browser(None).post("/sign-in", email=email, password=password)
        answers.append((answer.status_code, told(answer.text).replace(email, "")))
    assert len(verified) == 4
    assert len(set(answers)) == 1


def test_behind_a_proxy_failures_are_the_browser_s_not_the_proxy_s(
    app: Flask, browser: Open, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else sixty wrong passwords of one attacker close sign-in for the whole company."""
    from dataclasses import replace

    def fail(told: str) -> None:
        headers = {"X-Forwarded-For": told}
        browser(None).post("/sign-in", headers=headers, email="rita@harbour.example", password="wrong password")

    fail("198.51.100.7")  # nobody stands between: the header is anybody's
    settings = app.config["SETTINGS"]
    monkeypatch.setitem(app.config, "SETTINGS", replace(settings, public_url="https://field.example"))
    fail("203.0.113.9, 198.51.100.7")
    found = transact(lambda: db.session.scalars(select(FailedSignIn.address).order_by(FailedSignIn.id)).all())
    assert found == ["127.0.0.1", "198.51.100.7"], "the proxy's own word is the last"


def test_a_session_that_was_planted_is_not_the_one_that_signs_in(app: Flask, browser: Open, cast: Cast) -> None:
    somebody = browser(None)
    with somebody.client.session_transaction() as session:
        session["planted"] = "x"
        session["_user_id"] = f"{cast.ada.id}.7"
    assert somebody.get("/people").status_code == 302
    assert somebody.post("/sign-in", email="rita@harbour.example", password=PASSWORD).status_code == 303
    with somebody.client.session_transaction() as session:
        assert "planted" not in session
        assert str(session["_user_id"]).startswith(str(cast.rita.id))


def test_a_cookie_of_another_installation_or_changed_by_hand_is_nobody(app: Flask, browser: Open, cast: Cast) -> None:
    from flask.sessions import SecureCookieSessionInterface

    class Other:
        secret_key = "other"
        config = {"SECRET_KEY_FALLBACKS": None}

    signer = SecureCookieSessionInterface().get_signing_serializer(Other())  # type: ignore[arg-type]
    assert signer is not None
    for forged in (signer.dumps({"_user_id": f"{cast.ada.id}.1"}), "x.y.z", "", "\u20ac"):
        with app.app_context():
            answer = app.test_client().get("/people", headers={"Cookie": f"fieldbook={forged}"})
        assert answer.status_code == 302


@pytest.mark.parametrize("what", ["password", "role", "closed"])
def test_ended_sessions_end_at_once_in_this_process_although_people_are_remembered(
    app: Flask, browser: Open, cast: Cast, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setitem(app.config, "ACTOR_CACHE_SECONDS", 30)
    rita, ada = browser(cast.rita), browser(cast.ada)
    assert rita.get("/today").status_code == 200
    body = {
        "name": "Rita", "email": "rita@harbour.example", "role": "manager", "team_id": str(cast.teams["shanghai"]),
        "language": "en", "zone": "Asia/Shanghai", "discount_limit": "5", "version": "1",
    }  # fmt: skip
    person = f"/people/{cast.rita.id}"
    sent = {
        "password": lambda: ada.post(f"{person}/password", password="another good one"),
        "role": lambda: ada.post(person, **body),
        "closed": lambda: ada.post(f"{person}/close"),
    }[what]()
    assert sent.status_code == 303
    assert rita.get("/today").status_code == 302


def test_a_receipt_is_not_answered_to_somebody_else(browser: Open, cast: Cast) -> None:
    """The key of a post, overheard, gives nothing away."""
    world, key = build(cast), new_id()
    sent = {"name": "Lin", "title": "Owner"}
    path = f"/accounts/{world.of['ren'].account_id}/contacts"
    assert browser(cast.ren).post(path, once=key, **sent).status_code == 303
    assert browser(cast.rita).post(path, once=key, **sent).status_code == 404
    transact(lambda: reset_password(SYSTEM, cast.ren.person_id, "another good one", NOW))
    assert browser(cast.ren).post(path, once=key, **sent).status_code == 401


ELSEWHERE = ("https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example", "\\\\elsewhere.example",
             "/\t/elsewhere.example", "javascript:alert(1)", " //elsewhere.example", "/\r\nSet-Cookie: a=b",
             "///x.example",
             "http:elsewhere.example", "/\u2028/x", "%2f%2felsewhere.example")  # fmt: skip


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_no_redirect_leaves_the_house(browser: Open, cast: Cast, wanted: str) -> None:
    signed = browser(None).post("/sign-in", email="rita@harbour.example", password=PASSWORD, next=wanted)
    assert signed.headers["Location"] == "/"
    chosen = browser(None).post("/language", language="zh_Hans\r\nX: y", next=wanted)
    assert chosen.headers["Location"] == "/"
    assert "Set-Cookie" not in chosen.headers
    world = build(cast)
    for headers in ({}, {"HX-Request": "true"}):
        back = {"account": world.of["rita"].account_id, "day": "2026-12-01", "back": wanted}
        added = browser(cast.rita).post("/plan/visits", headers=headers, **back)
        place = added.headers.get("Location") or added.headers.get("HX-Redirect") or ""
        assert place.startswith("/plan?day=") or added.status_code == 422


def test_the_language_cookie_is_one_of_ours_and_secure_by_https(
    app: Flask, browser: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "SESSION_COOKIE_SECURE", True)
    line = browser(None).post("/language", language="zh_Hant").headers["Set-Cookie"]
    assert "Secure" in line
    assert "HttpOnly" in line
    for value in ("xx", "../..", "en; Path=/x", "<script>", "\u20ac"):
        with app.app_context():
            page = app.test_client().get("/sign-in", headers={"Cookie": f"language={value}; theme={value}"})
        assert page.status_code == 200
        assert "<script>" not in page.text


def test_a_slow_line_keeps_nobody_from_writing(app: Flask, browser: Open, cast: Cast) -> None:
    """A body is read before the one write of the database begins, whoever sends it, signed in or not."""
    read_while_writing: list[bool] = []

    class Line(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            read_while_writing.append(_writing.get())
            return super().read(size)

        def readinto(self, buffer: Any) -> int:
            read_while_writing.append(_writing.get())
            return super().readinto(buffer)

    form = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    for somebody, path, body in (
        (browser(None), "/sign-in", f"email=rita@harbour.example&password={PASSWORD}"),
        (browser(cast.rita), "/accounts", f"once={new_id()}&name=Fresh+Pots&rating=A"),
    ):
        sent = somebody._send("POST", path, input_stream=Line(body.encode()), content_length=len(body), headers=form)
        assert sent.status_code == 303
    assert len(read_while_writing) >= 2
    assert not any(read_while_writing)
