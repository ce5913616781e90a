"""How long 36,300 shops take to come in, as new ones and once more, with everything that an account is found by.

    python -m tests.bench.bench_import

Needs the shared data (`FIELDBOOK_SHARED`, default ../shared). Prints name=value lines: `import_us_stores_s` is the
first import on SQLite (as safe as in production: synchronous FULL), `import_rows_per_s` the same as a rate,
`import_again_s` the same file once more, `import_peak_mb` the most memory that the process had; the same for
PostgreSQL where one can be started. Ends with status 1 if a row was lost.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

import flask_migrate

from app.config import ROOT
from app.factory import create_app
from tests.conftest import settings_for
from tests.postgres import PostgresUnavailable, temporary_postgres
from tests.shared import SHARED
from tests.transfer.stage import bring

FILE, ROWS = SHARED / "data" / "places" / "us_stores_open.csv", 36_300


def timed(prefix: str, url: str = "") -> bool:
    """Import the file twice into an empty database; False where the counts are wrong."""
    content = FILE.read_bytes()
    with tempfile.TemporaryDirectory() as data:
        app = create_app(settings_for(Path(data), url))
        with app.app_context():
            flask_migrate.upgrade(directory=str(ROOT / "migrations"))
            start = time.perf_counter()
            first = bring(content, FILE.name)
            middle = time.perf_counter()
            again = bring(content, FILE.name)
            end = time.perf_counter()
    print(f"{prefix}_us_stores_s={middle - start:.2f}")
    print(f"{prefix}_rows_per_s={ROWS / (middle - start):.0f}")
    print(f"{prefix}_again_s={end - middle:.2f}", flush=True)
    return (first, again) == ((ROWS, ROWS, 0, 0, 0), (ROWS, 0, 0, ROWS, 0))


def main() -> int:
    is_right = timed("import")
    print(f"import_peak_mb={resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}")  # KiB on Linux
    try:
        with temporary_postgres() as url:
            is_right &= timed("import_postgresql", url)
    except PostgresUnavailable as reason:
        print(f"no PostgreSQL: {reason}", file=sys.stderr)
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
