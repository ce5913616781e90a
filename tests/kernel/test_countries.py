import pytest

from app.kernel.countries import country_code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("CN", "CN"),
        ("tw", "TW"),
        ("中国", "CN"),
        ("中華民國", "TW"),
        ("臺灣", "TW"),
        ("香港", "HK"),
        ("Macau", "MO"),
        ("UK", "GB"),
        ("U.S.A.", "US"),
        ("United  States", "US"),
        ("德國", "DE"),
        ("Brazil", "BR"),
        ("ＪＰ", "JP"),
        ("Narnia", None),
        ("EU", None),
        ("", None),
    ],
)
def test_codes_and_names(text: str, code: str | None) -> None:
    assert country_code(text) == code
