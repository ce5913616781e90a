"""What the design system promises: contrast, weight, icons that exist, nothing that the content policy forbids."""

import gzip
import re
from pathlib import Path

import pytest

from app.assets import minified

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
CSS = (ROOT / "static/css/app.css").read_text()
SPRITE = (ROOT / "static/icons/icons.svg").read_text()


def themes() -> dict[str, dict[str, str]]:
    """The colour tokens of :root, of the chosen and of the device's dark theme."""
    blocks = re.findall(r"color-scheme: \w+;(.*?)}", CSS.partition("/* Paper */")[0], re.DOTALL)
    names = ("light", "dark", "device dark")
    return {name: dict(re.findall(r"--([\w-]+): (#\w+)", block)) for name, block in zip(names, blocks, strict=True)}


def luminance(colour: str) -> float:
    """Relative luminance of #rgb or #rrggbb (WCAG 2.2)."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours (WCAG 2.2)."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", themes().values(), ids=themes())
def test_text_is_readable_in_sunlight_and_edges_are_seen(theme: dict[str, str]) -> None:
    texts = [(text, ground) for text in ("ink", "soft", "accent", "ok", "warn", "bad") for ground in ("paper", "sheet")]
    texts += [(tone, f"{tone}-tint") for tone in ("ok", "warn", "bad")]
    texts += [("accent", "tint"), ("ink", "tint"), ("on-accent", "accent"), ("sheet", "bad")]
    assert {
        pair: contrast(theme[pair[0]], theme[pair[1]]) for pair in texts if contrast(*map(theme.get, pair)) < 7
    } == {}
    assert all(contrast(theme["edge"], theme[ground]) >= 3 for ground in ("paper", "sheet"))


def test_dark_is_the_same_whether_chosen_or_the_devices() -> None:
    assert themes()["dark"] == themes()["device dark"]


def test_a_first_visit_weighs_little() -> None:
    def weight(path: str) -> int:
        content = (ROOT / path).read_text()
        as_sent = minified("application/javascript", content) if path.endswith(".js") else content
        return len(gzip.compress(as_sent.encode(), 9))

    assert weight("static/css/app.css") <= 6 * 1024
    parts = ("static/css/app.css", "static/js/app.js", "static/icons/icons.svg", "static/icons/favicon.svg")
    assert sum(map(weight, parts)) <= 11 * 1024  # with the other scripts, htmx (13.3 KB) and the page below 30 KB


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_templates_hold_nothing_that_the_content_policy_forbids(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|hx-on|js:", text), (
        "use a class, or a module in static/js"
    )
    assert all("src=" in tag or "application/json" in tag for tag in re.findall(r"<script[^>]*>", text))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_script_is_fetched_before_the_page_is_seen(path: Path) -> None:
    """Browsers give a module the priority of a style sheet, unless told otherwise (`make audit`: LCP)."""
    text = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)
    fetched = re.findall(r'<script(?! type="later")[^>]*src=[^>]*>|<link rel="modulepreload"[^>]*>', text)
    assert all('fetchpriority="low"' in tag for tag in fetched), fetched


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_icons_exist(path: Path) -> None:
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', SPRITE))
    text = path.read_text()
    used = set(re.findall(r'\bicon\("([\w-]+)"', text)) | set(re.findall(r'icon_name="([\w-]+)"', text))
    assert used <= drawn, f"draw it in static/icons/icons.svg: {used - drawn}"
