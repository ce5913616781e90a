"""Fictional customers on real streets: name parts, trades and streets of Shanghai, Taipei and London.

A street is its name, its district, and where it begins and ends (WGS-84, read off maps to about 100 m); a customer
stands at a house number on it, so that pins lie along streets as real ones do. All names are invented.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from app.kernel.geo import Position


@dataclass(frozen=True)
class Customer:
    """One made-up customer. `hours` as people write them; `rating` A, B or C."""

    id: UUID
    name: str
    name_en: str
    category: str
    rating: str
    phone: str
    address: str
    district: str
    postcode: str
    hours: str
    position: Position | None
    contact: str
    title: str


@dataclass(frozen=True)
class City:
    """What a city's customers have in common."""

    key: str
    name: str
    region: str
    country: str
    zone: str
    language: str
    first: tuple[str, ...]
    second: tuple[str, ...]
    trades: tuple[tuple[str, str, str, str], ...]  # ending of the name, category, opening hours, in English
    people: tuple[str, ...]
    given: tuple[str, ...]
    titles: tuple[str, ...]
    streets: tuple[tuple[str, str, str, float, float, float, float], ...]  # street, district, postcode, from, to


SHANGHAI = City(
    "shanghai", "上海", "上海市", "CN", "Asia/Shanghai", "zh_Hans",
    ("海棠", "云锦", "静水", "朗悦", "松涛", "锦鲤", "知味", "禾田", "半山", "青禾", "东篱", "沐春", "望潮", "拾光",
     "朴野", "星屿", "鹿鸣", "长乐", "闲云", "映月"),
    ("里", "轩", "阁", "坊", "小筑", "记", "园", "庭", "荟", "居"),
    (
        ("餐厅", "餐饮", "Mon-Sun 10:30-14:00 17:00-21:30", "Restaurant"),
        ("便利店", "便利店", "Mon-Sun 07:00-23:00", "Convenience Store"),
        ("咖啡馆", "咖啡", "Mon-Sun 08:00-20:00", "Café"),
        ("生鲜超市", "超市", "Mon-Sun 08:00-21:00", "Supermarket"),
        ("茶饮店", "茶饮", "Mon-Sun 10:00-22:00", "Tea Bar"),
        ("酒店", "酒店", "Mon-Fri 09:00-18:00", "Hotel"),
        ("烘焙坊", "烘焙", "Tue-Sun 08:00-19:00", "Bakery"),
    ),
    ("王", "李", "张", "刘", "陈", "杨", "黄", "周", "吴", "徐", "孙", "朱", "胡", "林", "何"),
    ("建国", "晓燕", "志强", "丽华", "海波", "敏", "俊杰", "雅琴", "文斌", "佳怡", "立新", "秀英"),
    ("店长", "采购经理", "总经理", "老板", "餐饮总监"),
    (
        ("南京西路", "静安区", "200041", 31.2276, 121.4476, 31.2327, 121.4695),
        ("南京东路", "黄浦区", "200001", 31.2345, 121.4735, 31.2399, 121.4872),
        ("淮海中路", "黄浦区", "200021", 31.2146, 121.4490, 31.2243, 121.4745),
        ("四川北路", "虹口区", "200080", 31.2466, 121.4830, 31.2625, 121.4787),
        ("陆家嘴环路", "浦东新区", "200120", 31.2385, 121.4975, 31.2350, 121.5055),
        ("世纪大道", "浦东新区", "200120", 31.2354, 121.5060, 31.2200, 121.5450),
        ("张杨路", "浦东新区", "200122", 31.2290, 121.5150, 31.2370, 121.5480),
        ("长宁路", "长宁区", "200050", 31.2213, 121.4190, 31.2262, 121.3950),
        ("延安西路", "长宁区", "200052", 31.2190, 121.4400, 31.2040, 121.4050),
        ("漕溪北路", "徐汇区", "200030", 31.1945, 121.4365, 31.1835, 121.4368),
        ("衡山路", "徐汇区", "200031", 31.2052, 121.4445, 31.1965, 121.4385),
        ("复兴中路", "黄浦区", "200025", 31.2112, 121.4520, 31.2185, 121.4790),
        ("打浦路", "黄浦区", "200023", 31.2060, 121.4660, 31.1985, 121.4675),
        ("西藏中路", "黄浦区", "200001", 31.2275, 121.4755, 31.2385, 121.4720),
        ("大连路", "杨浦区", "200082", 31.2590, 121.5115, 31.2725, 121.5060),
        ("淞沪路", "杨浦区", "200433", 31.3005, 121.5130, 31.3130, 121.5135),
        ("曹杨路", "普陀区", "200063", 31.2385, 121.4170, 31.2480, 121.4010),
        ("中山公园路", "长宁区", "200042", 31.2195, 121.4160, 31.2230, 121.4225),
        ("江宁路", "静安区", "200060", 31.2310, 121.4560, 31.2475, 121.4445),
        ("共和新路", "静安区", "200070", 31.2555, 121.4635, 31.2860, 121.4520),
        ("虹桥路", "长宁区", "200336", 31.1960, 121.4350, 31.1965, 121.4000),
        ("沪闵路", "闵行区", "201100", 31.1560, 121.4250, 31.1130, 121.3850),
        ("七莘路", "闵行区", "201100", 31.1530, 121.3560, 31.1180, 121.3700),
        ("杨高中路", "浦东新区", "200135", 31.2510, 121.5680, 31.2330, 121.5530),
    ),
)  # fmt: skip

TAIPEI = City(
    "taipei", "臺北市", "臺北市", "TW", "Asia/Taipei", "zh_Hant",
    ("永晨", "山月", "好日", "青田", "暖光", "日和", "禾豐", "松風", "茶舟", "小滿", "木棉", "晴川", "豐味", "初心",
     "海島", "春水", "巷口", "福來", "金禾", "一隅"),
    ("屋", "堂", "號", "食集", "館", "棧", "園", "亭", "舖", "房"),
    (
        ("餐館", "餐飲", "Mon-Sun 11:00-14:30 17:00-21:00", "Restaurant"),
        ("超商", "超商", "24/7", "Convenience Store"),
        ("咖啡", "咖啡", "Tue-Sun 09:00-18:00", "Coffee"),
        ("生活百貨", "百貨", "Mon-Sun 10:00-21:30", "General Store"),
        ("手搖飲", "飲料", "Mon-Sun 10:30-22:00", "Drinks"),
        ("旅店", "旅宿", "Mon-Fri 09:00-18:00", "Hotel"),
        ("麵包店", "烘焙", "Mon-Sat 07:30-20:00", "Bakery"),
    ),
    ("陳", "林", "黃", "張", "李", "王", "吳", "劉", "蔡", "楊", "許", "鄭", "謝", "郭", "洪"),
    ("志明", "淑芬", "俊宏", "雅婷", "家豪", "怡君", "建宏", "美玲", "冠宇", "佩珊", "宗翰", "惠雯"),
    ("店長", "採購經理", "負責人", "老闆", "餐飲部主任"),
    (
        ("忠孝東路四段", "大安區", "106", 25.0416, 121.5436, 25.0410, 121.5650),
        ("信義路五段", "信義區", "110", 25.0330, 121.5585, 25.0325, 121.5720),
        ("仁愛路四段", "大安區", "106", 25.0378, 121.5430, 25.0375, 121.5580),
        ("南京東路三段", "中山區", "104", 25.0520, 121.5360, 25.0517, 121.5450),
        ("中山北路二段", "中山區", "104", 25.0520, 121.5226, 25.0630, 121.5228),
        ("民生東路五段", "松山區", "105", 25.0582, 121.5530, 25.0584, 121.5650),
        ("復興南路一段", "大安區", "106", 25.0465, 121.5438, 25.0335, 121.5434),
        ("敦化南路一段", "大安區", "106", 25.0480, 121.5493, 25.0340, 121.5490),
        ("和平東路二段", "大安區", "106", 25.0257, 121.5355, 25.0245, 121.5475),
        ("羅斯福路三段", "中正區", "100", 25.0255, 121.5235, 25.0165, 121.5330),
        ("永康街", "大安區", "106", 25.0332, 121.5297, 25.0290, 121.5297),
        ("延平北路二段", "大同區", "103", 25.0560, 121.5113, 25.0635, 121.5114),
        ("迪化街一段", "大同區", "103", 25.0540, 121.5101, 25.0625, 121.5093),
        ("西門町漢中街", "萬華區", "108", 25.0445, 121.5070, 25.0410, 121.5065),
        ("承德路四段", "士林區", "111", 25.0795, 121.5222, 25.0900, 121.5225),
        ("天母東路", "士林區", "111", 25.1178, 121.5275, 25.1170, 121.5350),
        ("內湖路一段", "內湖區", "114", 25.0845, 121.5560, 25.0790, 121.5750),
        ("成功路四段", "內湖區", "114", 25.0830, 121.5930, 25.0790, 121.5945),
        ("南港路一段", "南港區", "115", 25.0545, 121.6000, 25.0555, 121.6180),
        ("松仁路", "信義區", "110", 25.0405, 121.5680, 25.0270, 121.5685),
        ("光復北路", "松山區", "105", 25.0480, 121.5575, 25.0570, 121.5578),
        ("林森北路", "中山區", "104", 25.0490, 121.5255, 25.0640, 121.5255),
        ("木柵路一段", "文山區", "116", 24.9880, 121.5550, 24.9885, 121.5680),
        ("石牌路二段", "北投區", "112", 25.1145, 121.5155, 25.1175, 121.5225),
    ),
)  # fmt: skip

LONDON = City(
    "london", "London", "England", "GB", "Europe/London", "en",
    ("Copper", "Linden", "Harbour", "Willow", "Foxglove", "Kestrel", "Marlow", "Juniper", "Saffron", "Bramble",
     "Old Quay", "Larkfield", "Pepper", "Golden", "Ivy", "Wren", "Orchard", "Tolly", "Ember", "Thistle"),
    ("& Rye", "Corner", "& Sons", "Row", "House", "Yard", "& Oak", "Street", "Lane", "& Co"),
    (
        ("Kitchen", "Restaurant", "Mon-Sun 12:00-15:00 17:30-22:30", "Kitchen"),
        ("Stores", "Convenience store", "Mon-Sun 07:00-22:00", "Stores"),
        ("Coffee", "Café", "Mon-Fri 07:30-17:00; Sat-Sun 09:00-16:00", "Coffee"),
        ("Grocers", "Grocer", "Mon-Sat 08:00-20:00", "Grocers"),
        ("Tavern", "Pub", "Mon-Sun 11:00-23:00", "Tavern"),
        ("Hotel", "Hotel", "Mon-Fri 09:00-18:00", "Hotel"),
        ("Bakehouse", "Bakery", "Tue-Sat 07:00-16:00", "Bakehouse"),
    ),
    ("Ashdown", "Barrow", "Coates", "Denby", "Ellery", "Farrant", "Goring", "Hale", "Imrie", "Jessop", "Kerr", "Lyle",
     "Marsh", "Norris", "Okafor"),
    ("Amelia", "Benedict", "Clara", "Dev", "Esther", "Farah", "George", "Hannah", "Imran", "Joanna", "Kit", "Leila"),
    ("Manager", "Head buyer", "Owner", "General manager", "Head chef"),
    (
        ("Oxford Street", "Westminster", "W1D 1BS", 51.5145, -0.1480, 51.5163, -0.1310),
        ("Regent Street", "Westminster", "W1B 4HH", 51.5100, -0.1360, 51.5150, -0.1415),
        ("Strand", "Westminster", "WC2R 0EU", 51.5085, -0.1245, 51.5125, -0.1150),
        ("Fleet Street", "City of London", "EC4A 2DY", 51.5136, -0.1110, 51.5140, -0.1045),
        ("Borough High Street", "Southwark", "SE1 1LL", 51.5050, -0.0895, 51.5005, -0.0945),
        ("Tooley Street", "Southwark", "SE1 2QH", 51.5058, -0.0865, 51.5030, -0.0765),
        ("Upper Street", "Islington", "N1 0PQ", 51.5335, -0.1055, 51.5445, -0.1030),
        ("Camden High Street", "Camden", "NW1 0JH", 51.5345, -0.1385, 51.5395, -0.1425),
        ("Kentish Town Road", "Camden", "NW5 2JU", 51.5420, -0.1440, 51.5520, -0.1420),
        ("King's Road", "Kensington and Chelsea", "SW3 4UD", 51.4915, -0.1595, 51.4835, -0.1780),
        ("Fulham Road", "Hammersmith and Fulham", "SW6 1EX", 51.4890, -0.1735, 51.4800, -0.1965),
        ("Kensington High Street", "Kensington and Chelsea", "W8 5SA", 51.5020, -0.1870, 51.4985, -0.2010),
        ("Portobello Road", "Kensington and Chelsea", "W11 2QB", 51.5125, -0.2035, 51.5195, -0.2080),
        ("Brick Lane", "Tower Hamlets", "E1 6RF", 51.5185, -0.0715, 51.5245, -0.0715),
        ("Commercial Street", "Tower Hamlets", "E1 6LY", 51.5165, -0.0735, 51.5225, -0.0760),
        ("Mare Street", "Hackney", "E8 3RH", 51.5365, -0.0575, 51.5470, -0.0555),
        ("Kingsland Road", "Hackney", "E2 8AG", 51.5280, -0.0775, 51.5450, -0.0760),
        ("Brixton Road", "Lambeth", "SW9 8HE", 51.4800, -0.1120, 51.4645, -0.1145),
        ("Clapham High Street", "Lambeth", "SW4 7UR", 51.4655, -0.1290, 51.4620, -0.1370),
        ("Northcote Road", "Wandsworth", "SW11 6QB", 51.4605, -0.1675, 51.4545, -0.1650),
        ("Greenwich High Road", "Greenwich", "SE10 8NN", 51.4800, -0.0125, 51.4745, -0.0215),
        ("Lordship Lane", "Southwark", "SE22 8HF", 51.4605, -0.0750, 51.4520, -0.0765),
        ("High Street Stratford", "Newham", "E15 2PR", 51.5395, 0.0000, 51.5330, -0.0085),
        ("Finchley Road", "Camden", "NW3 6LN", 51.5440, -0.1755, 51.5560, -0.1855),
    ),
)  # fmt: skip

CITIES = (SHANGHAI, TAIPEI, LONDON)


def customers_of(city: City, count: int, dice: random.Random) -> Iterator[Customer]:
    """`count` customers with names of their own; the same for the same dice. One in thirty has no position yet."""
    names = [(a, b, trade) for trade in city.trades for a in city.first for b in city.second]
    dice.shuffle(names)
    for number, (first, second, trade) in enumerate(names[:count]):
        street, district, postcode, lat, lon, to_lat, to_lon = city.streets[number % len(city.streets)]
        along, aside = dice.random(), dice.uniform(-0.0004, 0.0004)
        house = 1 + round(along * 400)
        position = Position(
            round(lat + (to_lat - lat) * along + aside, 6), round(lon + (to_lon - lon) * along - aside, 6)
        )
        ending, category, hours, _english = trade
        yield Customer(
            id=UUID(int=dice.getrandbits(128), version=4),
            name=f"{first} {second} {ending}" if city.language == "en" else f"{first}{second}{ending}",
            name_en="",
            category=category,
            rating=dice.choices("ABC", (2, 3, 5))[0],
            phone=_phone(city, dice),
            address=_address(city, street, district, house),
            district=district,
            postcode=postcode,
            hours=hours if dice.random() < 0.8 else "",
            position=None if number % 30 == 29 else position,
            contact=_contact(city, dice),
            title=dice.choice(city.titles),
        )


def _address(city: City, street: str, district: str, house: int) -> str:
    if city.country == "GB":
        return f"{house} {street}, {district}"
    return f"{city.region}{district}{street}{house}{'號' if city.country == 'TW' else '号'}"


def _phone(city: City, dice: random.Random) -> str:
    """Numbers that reach nobody: 5550 blocks, and Ofcom's range for drama (020 7946 0xxx)."""
    if city.country == "GB":
        return f"020 7946 0{dice.randrange(1000):03}"
    if city.country == "TW":
        return f"02-5550-{dice.randrange(10000):04}"
    return f"021-5550 {dice.randrange(10000):04}"


def _contact(city: City, dice: random.Random) -> str:
    family, given = dice.choice(city.people), dice.choice(city.given)
    return f"{given} {family}" if city.language == "en" else f"{family}{given}"
