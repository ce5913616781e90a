"""Static files: copied, hashed, compressed, and left alone while nothing changes."""

import gzip
import io
from pathlib import Path

import brotli
import pytest
from PIL import Image

from app import assets
from app.assets import AssetsMissingError, build, current_build

MARK = """<svg viewBox="0 0 24 24"><path fill="#005468" d="M0 0h24v24H0z"/>
<path d="M7.5 4.5h11v15h-11zM13 12l1.5 1.7 2.3-3.4M5.5 8H9M10 5V6" fill="none" stroke="#fff" stroke-width="1.5"/>"""
STYLE = "body { margin: 0; color: black }\n" * 20


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout in small, with every package that is used; the outline of the mainland is not drawn here."""
    monkeypatch.setattr(assets.mainland, "build", lambda topology, out: out.write_bytes(topology.read_bytes()))
    return checkout(tmp_path / "one")


def checkout(root: Path) -> Path:
    for package, (folder, names) in assets.VENDOR.items():
        for name in (*(f"{folder}/{name}" for name in names), "LICENSE"):
            write(root / "node_modules" / package / name, f"{package} {name} " * 50)
    write(root / "node_modules/world-atlas/countries-10m.json", "{}")
    write(root / "static/css/app.css", STYLE)
    write(root / "static/js/map/pins.js", "export const pins = []\n")
    write(root / "static/icons/favicon.svg", MARK)
    write(root / "static/.swp", "an editor's own")
    return root


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def builds(root: Path) -> set[str]:
    return {path.name for path in (root / "static/built").iterdir() if path.is_dir()}


def test_own_files_packages_and_licences_are_served_from_one_folder(root: Path) -> None:
    name, is_new = build(root)
    files = contents(root / "static/built" / name)
    assert is_new
    assert current_build(root) == name
    assert files["css/app.css"] == STYLE.encode()
    assert "js/map/pins.js" in files
    assert "vendor/htmx.org/htmx.min.js" in files
    assert "vendor/leaflet/images/marker-icon.png" in files  # leaflet.css asks for it beside itself
    assert {f"vendor/{package}/LICENSE" for package in assets.VENDOR} <= files.keys()
    assert not any(".swp" in path for path in files)


def test_text_is_compressed_beside_itself_and_pictures_are_not(root: Path) -> None:
    files = contents(root / "static/built" / build(root)[0])
    assert brotli.decompress(files["css/app.css.br"]) == gzip.decompress(files["css/app.css.gz"]) == STYLE.encode()
    assert "vendor/leaflet/images/layers.png.br" not in files


@pytest.mark.skipif(assets.minified.__module__ == assets.__name__, reason="no minifier for this processor")
def test_our_scripts_lose_their_remarks_and_nothing_else(root: Path) -> None:
    said = "export const said = `keeps  // this\n  ${1 /* not this */ + 1}`;"
    write(root / "static/js/map/pins.js", f"/** What a pin is. */\n{said} // and why\nconst at = /[/*]/u;\n")
    files = contents(root / "static/built" / build(root)[0])
    slim = files["js/map/pins.js"].decode()
    assert "keeps  // this\n  ${" in slim and "/[/*]/u" in slim
    assert "What a pin is" not in slim and "and why" not in slim
    assert files["vendor/htmx.org/htmx.min.js"].startswith(b"htmx.org dist/htmx.min.js ")


def test_what_is_done_first_stays_first() -> None:
    """2.24.11 of the minifier put the second line first, as if it did not need the other."""
    lines = ("const at = now();", "const { best } = await look({ at });", "return [at, best];")
    slim = assets.minified("application/javascript", f"export const f = async () => {{ {' '.join(lines)} }};")
    assert slim.index("now()") < slim.index("look(")


def test_another_minifier_makes_another_build(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = build(root)
    monkeypatch.setattr(assets, "MINIFIER", "0")
    assert build(root)[1] and current_build(root) != first


def test_the_same_sources_give_the_same_bytes(root: Path, tmp_path: Path) -> None:
    other = checkout(tmp_path / "two")
    assert build(root)[0] == build(other)[0]
    assert contents(root / "static/built") == contents(other / "static/built")


def test_nothing_is_written_where_nothing_changed(root: Path) -> None:
    name, _ = build(root)
    before = {path: path.stat().st_mtime_ns for path in (root / "static/built").rglob("*")}
    assert build(root) == (name, False)
    assert {path: path.stat().st_mtime_ns for path in (root / "static/built").rglob("*")} == before


def test_a_change_gets_a_new_address_and_the_build_before_stays(root: Path) -> None:
    first, _ = build(root)
    write(root / "static/css/app.css", "body { margin: 1px }")
    second, is_new = build(root)
    assert is_new
    assert builds(root) == {first, second}
    (root / "static/js/map/pins.js").unlink()
    third, _ = build(root)
    assert builds(root) == {second, third}
    assert current_build(root) == third


def test_what_scripts_say_is_a_module_for_each_language(root: Path) -> None:
    write(root / "static/js/hint.js", 'export const say = () => _("Not \\"now\\"");\n')
    for language, text in (("zh_Hans", "暂不"), ("zh_Hant", "暫時不要")):
        write(
            root / f"app/translations/{language}/house.po",
            f'msgid "Not \\"now\\""\nmsgstr "{text}"\n\nmsgid "More"\nmsgstr "多"\n',
        )
    first, _ = build(root)
    words = root / "static/built" / first / "words"
    assert (words / "zh-Hans.js").read_text() == 'export default {\n"Not \\"now\\"": "暂不"\n};\n'
    assert "暫時不要" in (words / "zh-Hant.js").read_text()
    write(root / "app/translations/zh_Hans/house.po", 'msgid "Not \\"now\\""\nmsgstr "以后"\n')
    second, is_new = build(root)
    assert is_new
    assert "以后" in (root / "static/built" / second / "words/zh-Hans.js").read_text()


def test_unchanged_files_take_their_compressed_copies_along(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = build(root)
    compressed: list[str] = []
    real = assets.Compressor.compress
    monkeypatch.setattr(assets.Compressor, "compress", lambda self, path: (compressed.append(path), real(self, path)))
    write(root / "static/css/app.css", STYLE + "p { margin: 0 }")
    second, _ = build(root)
    assert [Path(path).name for path in compressed] == ["app.css"]
    atlas = "vendor/world-atlas/countries-50m.json.br"
    assert (root / "static/built" / second / atlas).read_bytes() == (root / "static/built" / first / atlas).read_bytes()


def test_a_build_that_was_cut_off_is_made_again(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_off(self: object, path: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(assets.Compressor, "compress", cut_off)
        with pytest.raises(KeyboardInterrupt):
            build(root)
    with pytest.raises(AssetsMissingError, match="assets build"):
        current_build(root)
    name, is_new = build(root)
    assert is_new
    assert builds(root) == {name}
    assert "css/app.css.br" in contents(root / "static/built" / name)


def test_the_mainland_is_drawn_again_only_for_another_atlas(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(root)
    monkeypatch.setattr(assets.mainland, "build", lambda topology, out: out.write_bytes(b"drawn again"))
    build(root)
    assert (root / "static/built/mainland.wkb").read_bytes() == b"{}"
    write(root / "node_modules/world-atlas/countries-10m.json", "{ }")
    build(root)
    assert (root / "static/built/mainland.wkb").read_bytes() == b"drawn again"


def test_the_app_s_icons_are_drawn_from_the_mark(root: Path) -> None:
    first, _ = build(root)
    sizes = {"app-192.png": 192, "app-512.png": 512, "app-maskable-512.png": 512, "apple-touch-icon.png": 180}
    icons = {name: (root / "static/built" / first / "icons" / name).read_bytes() for name in sizes}
    for name, size in sizes.items():
        icon = Image.open(io.BytesIO(icons[name])).convert("RGB")
        assert (icon.size, icon.getpixel((2, 2))) == ((size, size), (0, 84, 104)), name
        drawn = size * (0.85 if "maskable" in name else 1)
        edge = (round(size / 2 - 4.5 / 24 * drawn), size // 2)  # the book's left side
        assert min(icon.getpixel(edge)) > 245, name  # type: ignore[type-var] # a triple
        assert len(icons[name]) < 8000
    write(root / "static/icons/favicon.svg", MARK.replace("#005468", "#680000"))
    second, _ = build(root)
    red = (root / "static/built" / second / "icons/app-192.png").read_bytes()
    assert Image.open(io.BytesIO(red)).convert("RGB").getpixel((2, 2)) == (104, 0, 0)


def test_nothing_of_a_maskable_icon_is_cut_off(root: Path) -> None:
    """Any mask leaves the circle of 80 % in the middle (W3C manifest, "maskable")."""
    name, _ = build(root)
    icon = Image.open(root / "static/built" / name / "icons/app-maskable-512.png").convert("RGB")
    ink = [
        (x, y) for x in range(0, 512, 4) for y in range(0, 512, 4) if icon.getpixel((x, y)) != (0, 84, 104)
    ]  # fmt: skip
    assert ink
    assert max((x - 256) ** 2 + (y - 256) ** 2 for x, y in ink) <= (0.4 * 512) ** 2


def test_what_npm_brings_is_missed_with_the_command_that_brings_it(root: Path) -> None:
    (root / "node_modules/htmx.org/dist/htmx.min.js").unlink()
    with pytest.raises(AssetsMissingError, match=r"htmx\.min\.js is missing: run `npm ci`"):
        build(root)
