"""Translations: one po file per slice and language, merged and compiled into what gettext reads, and checked.

    app/translations/<language>/<slice>.po                  written by hand; a msgid stands in one slice's file
    app/translations/<language>/LC_MESSAGES/messages.mo     made by `flask translations compile` (and by `assets build`)

English is the source: a text is marked in code (`_()`, `N_()`, `ngettext()`), template (`{{ _() }}`, `{% trans %}`) or
script (`_()` of static/js/words.js).
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import click
from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, PoFileParser, escape, write_po
from flask.cli import AppGroup

from app.kernel.i18n import LANGUAGES, html_lang

ROOT = Path(__file__).resolve().parent.parent
KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "lazy_gettext", "_l", "N_")),
    **dict.fromkeys(("ngettext", "lazy_ngettext"), (1, 2)),
    **dict.fromkeys(("pgettext", "lazy_pgettext"), ((1, "c"), 2)),
    "npgettext": ((1, "c"), 2, 3),
}
# As the application sets up Jinja (app/factory.py), so that the msgids of {% trans %} are the same.
JINJA = {"silent": "false", "trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true"}
Source = tuple[str, str, dict[str, str]]  # babel's name of the language, files, options
SCRIPTS: Source = ("javascript", "static/js/*.js", {"parse_template_string": "true"})
SOURCES: tuple[Source, ...] = (("python", "app/**/*.py", {}), ("jinja2", "templates/**/*.*", JINJA), SCRIPTS)
TRANSLATED = tuple(language for language in LANGUAGES if language != "en")
HOUSE = {"kernel", "infra", "web"}  # folders of app/ whose texts stand in house.po

PLACEHOLDER = re.compile(r"%\(\w*\)[-+# 0-9.]*[a-zA-Z]")
# Common characters that only one of the two scripts has: enough to notice a text in the wrong file.
SIMPLIFIED_ONLY = frozenset(
    "个们这国时会来对开关见现车东长门问间书买卖图单价户访约报销产业务员录号码区电话说让认请语费资购货账贵质运还进"
    "过边选邮针钟钱错键锁随险难页项须预领题额风饭马验点热当头实审宽导将尔层属岁师带帮广应库废异弃张归径态总恶战扫"
    "担择换据摄数断无显权条标样检楼档汇没测浏满灵状独环画监盘确离种称积签类级纪纸线组细终经结给统继续维编网联职脑"
    "节获虑补装规视觉计订记设许证评识诉词试该详误谁调谢负败贴赶转轮载辑输达迁连迟适递遗释闭队阶际陆隐静顺顾颜飞驾"
    "鱼齐笔缩优传伤内为与动别温决况体历发处备变团场块够愿拟损旧机极构栏欢毕气济滤烦盖筛红纬绑绝绩胜范荐蓝览触读贸"
    "赢轻较违远阅频协厂县双义仓从众亿仅"
)
TRADITIONAL_ONLY = frozenset(
    "個們這國時會來對開關見現車東長門問間書買賣圖單價戶訪約報銷產業務員錄號碼區電話說讓認請語費資購貨賬貴質運還進"
    "過邊選郵針鐘錢錯鍵鎖隨險難頁項須預領題額風飯馬驗點熱當頭實審寬導將爾層屬歲師帶幫廣應庫廢異棄張歸徑態總惡戰掃"
    "擔擇換據攝數斷無顯權條標樣檢樓檔匯沒測瀏滿靈狀獨環畫監盤確離種稱積簽類級紀紙線組細終經結給統繼續維編網聯職腦"
    "節獲慮補裝規視覺計訂記設許證評識訴詞試該詳誤誰調謝負敗貼趕轉輪載輯輸達遷連遲適遞遺釋閉隊階際陸隱靜順顧顏飛駕"
    "魚齊筆縮優傳傷內為與動別溫決況體歷發處備變團場塊夠願擬損舊機極構欄歡畢氣濟濾煩蓋篩紅緯綁絕績勝範薦藍覽觸讀貿"
    "贏輕較違遠閱頻協廠縣雙義倉從眾億僅後裡並準週於"
)
FOREIGN: dict[str, frozenset[str]] = {"zh_Hans": TRADITIONAL_ONLY, "zh_Hant": SIMPLIFIED_ONLY}

Key = tuple[str | None, str]  # context, msgid (the singular)

translations_cli = AppGroup("translations", help="The Chinese catalogues.")


class CatalogueError(ValueError):
    """A po file cannot be used as it is; the text says where and why."""


@dataclass
class Text:
    """One msgid of the source: its plural if any, and the places (file, line) where it is used."""

    plural: str | None
    places: list[tuple[str, int]] = field(default_factory=list)


class _Strict(Catalog):
    """A catalogue into which a msgid can be put only once; babel would merge silently."""

    file = ""

    def __setitem__(self, key: object, message: Message) -> None:
        if message.id and (known := self.get(message.id, message.context)):
            raise CatalogueError(
                f"{self.file}:{message.lineno}: {_quoted(message)} stands in {known.locations[0][0]} too"
            )
        message.locations = [(self.file, message.lineno or 0)]
        super().__setitem__(message.id, message)


def read_catalogue(language: str, root: Path = ROOT) -> Catalog:
    """All po files of a language as one. CatalogueError for a msgid that stands twice, or a file that is no po."""
    catalogue = _Strict(locale=Locale.parse(language), fuzzy=False)
    for path in sorted((root / "app" / "translations" / language).glob("*.po")):
        catalogue.file = path.relative_to(root).as_posix()
        try:
            with path.open("rb") as lines:
                PoFileParser(catalogue, abort_invalid=True).parse(lines)
        except (PoFileError, UnicodeDecodeError) as error:
            raise CatalogueError(f"{catalogue.file}: {error}") from error
        catalogue.fuzzy = False  # a file's own header may say so
    return catalogue


def compile_all(root: Path = ROOT) -> None:
    """Write every language's messages.mo, where its contents changed."""
    for language in TRANSLATED:
        path = root / "app" / "translations" / language / "LC_MESSAGES" / "messages.mo"
        buffer = BytesIO()
        write_mo(buffer, read_catalogue(language, root))
        if not path.exists() or path.read_bytes() != buffer.getvalue():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(buffer.getvalue())


def source_texts(root: Path = ROOT) -> dict[Key, Text]:
    """Every text that is marked for translation in app/, templates/, scripts. A template's syntax error is raised."""
    return _texts(root, *SOURCES)


def script_words(root: Path = ROOT) -> dict[str, bytes]:
    """Path inside the build -> a JS module with what the scripts say in that language: {msgid: text}."""
    wanted = [msgid for _, msgid in sorted(_texts(root, SCRIPTS), key=lambda key: key[1])]
    found = {}
    for language in TRANSLATED:
        catalogue = read_catalogue(language, root)
        words = {msgid: message.string for msgid in wanted if (message := catalogue.get(msgid)) and message.string}
        text = json.dumps(words, ensure_ascii=False, indent=0)
        found[f"words/{html_lang(language)}.js"] = f"export default {text};\n".encode()
    return found


def _texts(root: Path, *sources: Source) -> dict[Key, Text]:
    texts: dict[Key, Text] = {}
    for method, pattern, options in sources:
        for path in sorted(root.glob(pattern)):
            with path.open("rb") as lines:
                for line, msgid, _, context in extract(method, lines, KEYWORDS, options=options):
                    singular, plural = (msgid[0], msgid[1]) if isinstance(msgid, tuple) else (msgid, None)
                    text = texts.setdefault((context, singular), Text(plural))
                    text.plural = text.plural or plural
                    text.places.append((path.relative_to(root).as_posix(), line))
    return texts


def problems(root: Path = ROOT) -> Iterator[str]:
    """What is wrong with the translations, one line each; none where they are complete."""
    texts = source_texts(root)
    for language in TRANSLATED:
        try:
            catalogue = read_catalogue(language, root)
        except CatalogueError as error:
            yield f"{language}: {error}"
            continue
        written = {(message.context, _singular(message)): message for message in catalogue if message.id}
        for key, text in texts.items():
            if key not in written:
                file, line = text.places[0]
                yield f"{language}: missing: {escape(key[1])} {file}:{line}"
        for key, message in written.items():
            file, line = message.locations[0]
            for wrong in _wrong(language, message, texts.get(key)):
                yield f"{language}: {wrong}: {_quoted(message)} {file}:{line}"


def _wrong(language: str, message: Message, text: Text | None) -> Iterator[str]:
    """What is wrong with one entry of a po file."""
    if text is None:
        yield "obsolete (nowhere used)"
        return
    if message.fuzzy:
        yield "fuzzy"
    plural = message.id[1] if isinstance(message.id, (tuple, list)) else None
    if plural != text.plural:
        yield f"plural should be {text.plural!r}"
    string = message.string
    strings = [form or "" for form in string] if isinstance(string, (tuple, list)) else [string or ""]
    if not all(strings):
        yield "empty"
        return
    expected = sorted(PLACEHOLDER.findall(plural or _singular(message)))
    for form in strings:
        if sorted(PLACEHOLDER.findall(form)) != expected:
            yield f"placeholders should be {' '.join(expected) or 'none'}"
        if foreign := FOREIGN[language].intersection(form):
            yield f"wrong script ({''.join(sorted(foreign))})"


def slice_of(file: str, root: Path = ROOT) -> str:
    """Whose po file holds the texts of a source file: app/visits/… and templates/visits/… belong to visits."""
    folder = Path(file).parts[1]
    return folder if folder not in HOUSE and (root / "app" / folder).is_dir() else "house"


def skeleton(name: str, root: Path = ROOT) -> str:
    """Po entries, ready to fill, for what a slice uses and some language lacks; noted where other slices use it too."""
    written = [read_catalogue(language, root) for language in TRANSLATED]
    lacking = Catalog(locale=Locale.parse(TRANSLATED[0]))  # one plural form, as both have
    for (context, singular), text in source_texts(root).items():
        slices = {slice_of(file, root) for file, _ in text.places}
        if name in slices and not all(catalogue.get(singular, context) for catalogue in written):
            others = ", ".join(sorted(slices - {name}))
            lacking.add(
                (singular, text.plural) if text.plural else singular,
                locations=text.places,
                context=context,
                auto_comments=[f"Also used by {others}: does it belong into house.po?"] if others else [],
            )
    buffer = BytesIO()
    write_po(buffer, lacking, omit_header=True, width=0)
    return buffer.getvalue().decode()


def _singular(message: Message) -> str:
    return str(message.id[0] if isinstance(message.id, (tuple, list)) else message.id)


def _quoted(message: Message) -> str:
    return escape(_singular(message))


@translations_cli.command("compile", with_appcontext=False)
def compile_command() -> None:
    """Merge the po files of each language and compile them."""
    try:
        compile_all()
    except CatalogueError as error:
        raise click.ClickException(str(error)) from None


@translations_cli.command("check", with_appcontext=False)
def check_command() -> None:
    """Fail where a translation is missing, obsolete, empty, fuzzy, or plainly wrong."""
    found = list(problems())
    for problem in found:
        click.echo(problem)
    if found:
        raise click.ClickException(f"{len(found)} problems in the translations")
    click.echo(f"Translations complete: {', '.join(TRANSLATED)}")


@translations_cli.command("missing", with_appcontext=False)
@click.argument("slice_name", metavar="SLICE")
def missing_command(slice_name: str) -> None:
    """Print what a slice lacks as po entries, ready to fill and to append to its file."""
    click.echo(skeleton(slice_name), nl=False)


if __name__ == "__main__":  # `make translations` needs no database, so it does not start the application
    translations_cli()
