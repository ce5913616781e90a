"""Who is in mainland China, with places close to its borders (their published coordinates, WGS-84)."""

from pathlib import Path

import pytest

from app.infra.mainland import Mainland, build
from app.kernel.datum import to_gcj02
from app.kernel.geo import Position, distance_m

TOPOLOGY = Path("node_modules/world-atlas/countries-10m.json")


@pytest.fixture(scope="module")
def mainland(tmp_path_factory: pytest.TempPathFactory) -> Mainland:
    if not TOPOLOGY.exists():
        pytest.skip("world-atlas is not installed: npm ci")
    out = tmp_path_factory.mktemp("mainland") / "mainland.wkb"
    build(TOPOLOGY, out)
    assert out.stat().st_size < 1_000_000
    return Mainland(out)


@pytest.mark.parametrize(
    ("name", "lat", "lon"),
    [
        ("Beijing, Tiananmen", 39.9087, 116.3975),
        ("Shanghai, the Bund", 31.2400, 121.4903),
        ("Shanghai, Yangshan port", 30.6300, 122.0700),
        ("Xiamen, Gulangyu", 24.4466, 118.0670),
        ("Xiamen, Zhongshan Road", 24.4550, 118.0758),
        ("Xiamen, exhibition centre", 24.4680, 118.1890),
        ("Xiamen, Wutong ferry to Kinmen", 24.5260, 118.1890),
        ("Xiamen, Dadeng island", 24.5600, 118.3300),
        ("Zhuhai, Gongbei port", 22.2210, 113.5490),
        ("Zhuhai, Hengqin", 22.1300, 113.5200),
        ("Zhuhai, fisher girl", 22.2620, 113.5880),
        ("Shenzhen, Luohu station", 22.5320, 114.1130),
        ("Shenzhen, Futian civic centre", 22.5431, 114.0579),
        ("Shenzhen, Shekou", 22.4800, 113.9120),
        ("Shenzhen, Dameisha", 22.5950, 114.3050),
        ("Fuzhou, Huangqi (opposite Matsu)", 26.3330, 119.8830),
        ("Pingtan", 25.5030, 119.7910),
        ("Dandong, on the Yalu", 40.1250, 124.3800),
        ("Heihe, on the Amur", 50.2440, 127.5000),
        ("Sanya", 18.2470, 109.5070),
        ("Kashgar", 39.4700, 75.9900),
        ("Dalian", 38.9140, 121.6147),
        ("Qingdao, Zhanqiao pier", 36.0620, 120.3170),
    ],
)
def test_inside(mainland: Mainland, name: str, lat: float, lon: float) -> None:
    assert mainland(Position(lat, lon)), name


@pytest.mark.parametrize(
    ("name", "lat", "lon"),
    [
        ("Hong Kong, Central", 22.2819, 114.1580),
        ("Hong Kong, Victoria Harbour", 22.2880, 114.1700),
        ("Hong Kong, airport", 22.3080, 113.9185),
        ("Hong Kong, Sheung Shui", 22.5010, 114.1280),
        ("Hong Kong, Sai Kung", 22.3810, 114.2740),
        ("Hong Kong, Tai O", 22.2530, 113.8620),
        ("Hong Kong, Cheung Chau", 22.2080, 114.0290),
        ("Macao, ruins of St Paul", 22.1975, 113.5408),
        ("Macao, Outer Harbour ferry", 22.1970, 113.5590),
        ("Macao, airport", 22.1496, 113.5916),
        ("Macao, Cotai", 22.1480, 113.5650),
        ("Kinmen, Jincheng", 24.4330, 118.3170),
        ("Kinmen, Shuitou ferry", 24.4160, 118.2880),
        ("Kinmen, Mashan", 24.5290, 118.4080),
        ("Lieyu", 24.4330, 118.2400),
        ("Matsu, Nangan", 26.1600, 119.9500),
        ("Matsu, Beigan airport", 26.2240, 120.0030),
        ("Matsu, Dongyin", 26.3670, 120.4900),
        ("Wuqiu", 24.9910, 119.4520),
        ("Taipei 101", 25.0340, 121.5645),
        ("Penghu", 23.5650, 119.5660),
        ("Kaohsiung", 22.6120, 120.3000),
        ("Seoul", 37.5665, 126.9780),
        ("Sinuiju, on the Yalu", 40.1000, 124.3980),
        ("Blagoveshchensk, on the Amur", 50.2700, 127.5400),
        ("Hanoi", 21.0285, 105.8542),
        ("Ulaanbaatar", 47.9180, 106.9170),
        ("Tokyo", 35.6810, 139.7670),
        ("London", 51.5072, -0.1276),
        ("open sea, 60 km before Shanghai", 31.2000, 122.9000),
        ("North Pole", 90.0, 0.0),
    ],
)
def test_outside(mainland: Mainland, name: str, lat: float, lon: float) -> None:
    assert not mainland(Position(lat, lon)), name


def test_shifts_one_side_of_the_shenzhen_river_only(mainland: Mainland) -> None:
    shenzhen, hong_kong = Position(22.5320, 114.1130), Position(22.5010, 114.1280)
    assert 400 < distance_m(shenzhen, to_gcj02(shenzhen, mainland)) < 800
    assert to_gcj02(hong_kong, mainland) == hong_kong
