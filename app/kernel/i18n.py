"""Languages: which there are, and which one a browser gets. Texts themselves live in app/translations."""

LANGUAGES = {"en": "English", "zh_Hans": "简体中文", "zh_Hant": "繁體中文"}

# The libraries' matching finds neither Chinese catalogue for these, so the map is ours (FINDINGS 3).
_HANS = ("zh-cn", "zh-sg", "zh-my", "zh-hans")
_HANT = ("zh-tw", "zh-hk", "zh-mo", "zh-hant")


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for "mark, translate later"
    """Mark a msgid for the catalogues; it is translated where it is shown."""
    return text


def language_of(tag: str) -> str | None:
    """Our language for one browser tag such as zh-HK or en-GB, None where we have none."""
    tag = tag.strip().lower().replace("_", "-")
    if tag.startswith(_HANT):
        return "zh_Hant"
    if tag == "zh" or tag.startswith(_HANS):
        return "zh_Hans"
    return "en" if tag == "en" or tag.startswith("en-") else None


def negotiate(tags: list[str]) -> str:
    """The first of the reader's tags (best first) that we have, else English."""
    return next((found for tag in tags if (found := language_of(tag))), "en")


def label_in(text: str, language: str) -> str:
    """The reader's part of a short text that a company writes in its languages at once: "case | 箱 | 箱" in the order
    of LANGUAGES. Where one's own part is missing it is the nearest; written once, it is for all. The bar may be a wide
    one, as a Chinese keyboard writes it."""
    parts = [part.strip() for part in text.replace("｜", "|").split("|")]
    wanted = list(LANGUAGES).index(language)
    nearest = sorted((abs(n - wanted), -n) for n, part in enumerate(parts) if part)
    return parts[-nearest[0][1]] if nearest else ""


def html_lang(language: str) -> str:
    """BCP 47 tag for the lang attribute."""
    return language.replace("_", "-")
