from zoneinfo import ZoneInfo

import pytest

from app.kernel import zones
from app.kernel.zones import zone_of


@pytest.mark.parametrize(
    ("country", "region", "lon", "zone"),
    [
        ("CN", "新疆", 87.6, "Asia/Shanghai"),
        ("TW", "臺北市", None, "Asia/Taipei"),
        ("HK", "", None, "Asia/Hong_Kong"),
        ("GB", "London", -0.1, "Europe/London"),
        ("DE", "", None, "Europe/Berlin"),
        ("US", "AK", -149.9, "America/Anchorage"),
        ("US", "California", None, "America/Los_Angeles"),
        ("US", "az", -112.0, "America/Phoenix"),
        ("US", "TX", -96.8, "America/Chicago"),
        ("US", "TX", -106.5, "America/Denver"),  # El Paso
        ("US", "FL", -87.2, "America/Chicago"),  # Pensacola
        ("US", "FL", None, "America/New_York"),
        ("US", "TN", -83.9, "America/New_York"),  # Knoxville
        ("US", "TN", None, "America/Chicago"),
        ("US", "HI", -157.8, "Pacific/Honolulu"),
        ("US", "", -77.0, "America/New_York"),
        ("US", "", -157.8, "Pacific/Honolulu"),
        ("CA", "Saskatchewan", -106.6, "America/Regina"),
        ("CA", "", -52.7, "America/St_Johns"),
        ("AU", "Queensland", 153.0, "Australia/Brisbane"),
        ("AU", "", 115.9, "Australia/Perth"),
        ("BR", "São Paulo", None, "America/Sao_Paulo"),
        ("BR", "AM", -60.0, "America/Manaus"),
        ("RU", "", 131.9, "Asia/Vladivostok"),
        ("ES", "", -15.4, "Atlantic/Canary"),
        ("MX", "", -86.8, "America/Cancun"),
        ("UA", "", 34.1, "Europe/Kyiv"),
        ("ZZ", "", 10.0, None),
        ("", "", 10.0, None),
        (None, "", None, None),
    ],
)
def test_zone_of_places(country: str | None, region: str, lon: float | None, zone: str | None) -> None:
    assert zone_of(country, region, lon) == zone


def test_every_zone_named_exists_and_bands_run_east() -> None:
    tables = [zones._COUNTRIES, *zones._STATES.values()]
    for main, *bands in (entry for table in tables for entry in table.values()):
        assert [limit for limit, _ in bands] == sorted(limit for limit, _ in bands)
        for zone in (main, *(zone for _, zone in bands)):
            assert ZoneInfo(zone).key == zone


def test_the_contiguous_states_are_all_there() -> None:
    assert len({name for name in zones._STATES["US"] if len(name) == 2}) == 56
