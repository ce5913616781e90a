"""Static files: everything a browser gets is copied into one folder that is named after its contents.

`flask assets build` makes `static/built/<hash>/` from the project's own `static/`, its scripts minified, and from the
npm packages, each text also compressed (`.br`, `.gz`), to be served at `/static/<hash>/…` and cached for ever. Only
built files are served: `make run` builds again whenever one of the sources has changed. The build before stays for
pages that are still open.

    static/built/current.txt                            the hash of the build to serve
    static/built/<hash>/css/… js/… icons/…              our own, as in static/, and the app's icons as PNG
    static/built/<hash>/words/…                         what scripts say, one module per language (app/catalogues.py)
    static/built/<hash>/vendor/<package>/…              from npm, with the package's licence
    static/built/mainland.wkb                           for the server: where GCJ-02 applies (app/infra/mainland.py)
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import click
from flask.cli import AppGroup
from whitenoise.compress import Compressor

try:
    from minify import string as minified

    MINIFIER = version("tdewolff-minify")
except ImportError:  # there is no wheel for Apple's processors: scripts stay as they are written
    MINIFIER = ""

    def minified(mediatype: str, string: str) -> str:
        return string


from app import catalogues
from app.infra import icons, mainland

ROOT = Path(__file__).resolve().parent.parent

LEAFLET_IMAGES = ("layers", "layers-2x", "marker-icon", "marker-icon-2x", "marker-shadow")
# What is used of each package, below its folder; licences come along.
VENDOR = {
    "htmx.org": ("dist", ("htmx.min.js",)),
    "leaflet": ("dist", ("leaflet.js", "leaflet.css", *(f"images/{name}.png" for name in LEAFLET_IMAGES))),
    "topojson-client": ("dist", ("topojson-client.min.js",)),
    "world-atlas": (".", ("countries-50m.json", "countries-110m.json")),
}

MARK = "icons/favicon.svg"  # what the icons of the installed app are drawn from

assets_cli = AppGroup("assets", help="Static files.")


class AssetsMissingError(RuntimeError):
    """Something that set-up brings is not there; the text names the command that brings it."""


def current_build(root: Path = ROOT) -> str:
    """The hash of the build to serve: the files in `static/built/<hash>/`. AssetsMissingError before the first."""
    try:
        return (root / "static" / "built" / "current.txt").read_text().strip()
    except FileNotFoundError:
        raise AssetsMissingError(
            "The static files are not built: run `.venv/bin/flask --app wsgi assets build`"
        ) from None


def build(root: Path = ROOT) -> tuple[str, bool]:
    """Build what has changed; the same sources give the same bytes. Returns the hash, and whether it is a new build."""
    built = root / "static" / "built"
    sources, words = dict(sorted(_sources(root))), catalogues.script_words(root)
    name = _digest(sources, words)
    pointer = built / "current.txt"
    previous = pointer.read_text().strip() if pointer.exists() else ""
    is_new = name != previous or not (built / name).is_dir()
    if is_new:
        if not (built / name).is_dir():
            _make(built, name, sources, words, built / previous)
        _replace(pointer, f"{name}\n".encode())
        for folder in built.iterdir():
            if folder.is_dir() and folder.name not in {name, previous}:
                shutil.rmtree(folder)
    _build_mainland(root, built)
    return name, is_new


def _sources(root: Path) -> Iterator[tuple[str, Path]]:
    """(path inside the build, file to copy) of everything that is served."""
    static = root / "static"
    for path in static.rglob("*"):
        inside = path.relative_to(static)
        if path.is_file() and inside.parts[0] != "built" and not path.name.startswith("."):
            yield inside.as_posix(), path
    for package, (folder, names) in VENDOR.items():
        for name in names:
            yield f"vendor/{package}/{name}", _installed(root / "node_modules" / package / folder / name)
        yield f"vendor/{package}/LICENSE", _installed(root / "node_modules" / package / "LICENSE")


def _installed(path: Path) -> Path:
    if not path.is_file():
        raise AssetsMissingError(f"{path} is missing: run `npm ci`, or `make run`, which does it without node too")
    return path


def _digest(sources: dict[str, Path], words: dict[str, bytes]) -> str:
    total = hashlib.sha256(b"".join((MINIFIER.encode(), *words.values())))
    for name, path in sources.items():
        content = path.read_bytes()
        total.update(f"{name}\0{len(content)}\0".encode() + content)
    for code in (__file__, icons.__file__):
        total.update(Path(code).read_bytes())
    return total.hexdigest()[:16]


def _make(built: Path, name: str, sources: dict[str, Path], words: dict[str, bytes], previous: Path) -> None:
    """Fill a folder aside and move it into place: a build with its name is whole."""
    aside = built / f".{name}.{os.getpid()}"
    compressor = Compressor(quiet=True)
    files: dict[str, Path | bytes] = {**sources, **words}
    for inside, source in files.items():
        copy = aside / inside
        copy.parent.mkdir(parents=True, exist_ok=True)
        content = source if isinstance(source, bytes) else source.read_bytes()
        if inside.startswith("js/"):
            content = minified("application/javascript", content.decode()).encode()
        copy.write_bytes(content)
        if _same(previous / inside, copy):  # brotli at its best takes seconds for the atlas
            for suffix in (".br", ".gz"):
                if (done := previous / f"{inside}{suffix}").is_file():
                    shutil.copyfile(done, f"{copy}{suffix}")
        elif compressor.should_compress(copy.name):
            compressor.compress(str(copy))
    if MARK in sources:
        for icon, content in icons.draw(sources[MARK].read_text()):
            (aside / MARK).with_name(icon).write_bytes(content)
    aside.rename(built / name)


def _same(first: Path, second: Path) -> bool:
    return first.is_file() and first.read_bytes() == second.read_bytes()


def _build_mainland(root: Path, built: Path) -> None:
    """The polygon takes a moment, so it is made only when the atlas or the code that makes it is another."""
    topology = _installed(root / "node_modules" / "world-atlas" / "countries-10m.json")
    stamp, polygon = built / "mainland.txt", built / "mainland.wkb"
    key = hashlib.sha256(topology.read_bytes() + Path(mainland.__file__).read_bytes()).hexdigest()
    if polygon.is_file() and stamp.is_file() and stamp.read_text() == key:
        return
    aside = built / f".mainland.{os.getpid()}"
    mainland.build(topology, aside)
    aside.replace(polygon)
    _replace(stamp, key.encode())


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that a reader finds the old one or the new one, never half of it."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_bytes(content)
    aside.replace(path)


@assets_cli.command("build", with_appcontext=False)
def build_command() -> None:
    """Copy, hash and compress the static files, compile the translations."""
    try:
        catalogues.compile_all()
        name, is_new = build()
    except (AssetsMissingError, catalogues.CatalogueError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{'Built' if is_new else 'Unchanged:'} static/built/{name}")


if __name__ == "__main__":  # set-up calls `python -m app.assets build`, before the application can start
    assets_cli()
