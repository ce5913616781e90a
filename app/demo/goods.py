"""What the demo company sells: drinks and groceries for kitchens and shops, in three languages and three currencies."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Good:
    """`price` in fen of the Chinese list, tax included; the other lists follow by rate."""

    code: str
    name: str
    zh_hans: str
    zh_hant: str
    category: str
    unit: str
    price: int


_TABLE = """
TEA-001|Longjing green tea 250 g|龙井绿茶 250 克|龍井綠茶 250 克|Tea|tin|12800
TEA-002|Jasmine tea 500 g|茉莉花茶 500 克|茉莉花茶 500 克|Tea|bag|9600
TEA-003|Tieguanyin oolong 250 g|铁观音乌龙茶 250 克|鐵觀音烏龍茶 250 克|Tea|tin|15800
TEA-004|High mountain oolong 150 g|高山乌龙茶 150 克|高山烏龍茶 150 克|Tea|tin|18800
TEA-005|Keemun black tea 250 g|祁门红茶 250 克|祁門紅茶 250 克|Tea|tin|13200
TEA-006|Aged pu'er cake 357 g|陈年普洱茶饼 357 克|陳年普洱茶餅 357 克|Tea|cake|26800
TEA-007|Chrysanthemum buds 100 g|胎菊 100 克|胎菊 100 克|Tea|tin|5600
TEA-008|English breakfast 100 bags|英式早餐茶 100 包|英式早餐茶 100 包|Tea|box|6800
TEA-009|Earl grey 100 bags|伯爵茶 100 包|伯爵茶 100 包|Tea|box|7200
TEA-010|Matcha powder 500 g|抹茶粉 500 克|抹茶粉 500 克|Tea|bag|21800
COF-001|House espresso beans 1 kg|拼配意式咖啡豆 1 公斤|拼配義式咖啡豆 1 公斤|Coffee|bag|14800
COF-002|Yunnan single origin 1 kg|云南单品咖啡豆 1 公斤|雲南單品咖啡豆 1 公斤|Coffee|bag|16800
COF-003|Ethiopia single origin 1 kg|埃塞俄比亚单品咖啡豆 1 公斤|衣索比亞單品咖啡豆 1 公斤|Coffee|bag|19800
COF-004|Decaf beans 1 kg|低因咖啡豆 1 公斤|低因咖啡豆 1 公斤|Coffee|bag|18800
COF-005|Cold brew bags 20 × 60 g|冷萃咖啡包 20 × 60 克|冷萃咖啡包 20 × 60 克|Coffee|box|23800
COF-006|Instant sticks 100 × 3 g|速溶咖啡条 100 × 3 克|即溶咖啡條 100 × 3 克|Coffee|box|9900
COF-007|Oat milk for baristas 6 × 1 l|咖啡师燕麦奶 6 × 1 升|咖啡師燕麥奶 6 × 1 公升|Coffee|case|10800
COF-008|Caramel syrup 750 ml|焦糖糖浆 750 毫升|焦糖糖漿 750 毫升|Coffee|bottle|5800
COF-009|Vanilla syrup 750 ml|香草糖浆 750 毫升|香草糖漿 750 毫升|Coffee|bottle|5800
COF-010|Paper cups 12 oz, 1,000|纸杯 12 盎司 1000 只|紙杯 12 盎司 1000 個|Coffee|case|28800
JUI-001|Orange juice 12 × 1 l|橙汁 12 × 1 升|柳橙汁 12 × 1 公升|Juice|case|13800
JUI-002|Apple juice 12 × 1 l|苹果汁 12 × 1 升|蘋果汁 12 × 1 公升|Juice|case|12800
JUI-003|Grapefruit juice 12 × 1 l|西柚汁 12 × 1 升|葡萄柚汁 12 × 1 公升|Juice|case|14800
JUI-004|Mango purée 6 × 1 kg|芒果果泥 6 × 1 公斤|芒果果泥 6 × 1 公斤|Juice|case|17800
JUI-005|Passion fruit purée 6 × 1 kg|百香果果泥 6 × 1 公斤|百香果果泥 6 × 1 公斤|Juice|case|19800
JUI-006|Plum drink 24 × 330 ml|酸梅汤 24 × 330 毫升|酸梅湯 24 × 330 毫升|Juice|case|9600
JUI-007|Coconut water 12 × 1 l|椰子水 12 × 1 升|椰子水 12 × 1 公升|Juice|case|15800
JUI-008|Lemon juice 6 × 1 l|柠檬汁 6 × 1 升|檸檬汁 6 × 1 公升|Juice|case|9800
WAT-001|Still water 24 × 500 ml|饮用水 24 × 500 毫升|飲用水 24 × 500 毫升|Water|case|3600
WAT-002|Sparkling water 24 × 330 ml|气泡水 24 × 330 毫升|氣泡水 24 × 330 毫升|Water|case|6800
WAT-003|Mineral water glass 20 × 330 ml|玻璃瓶矿泉水 20 × 330 毫升|玻璃瓶礦泉水 20 × 330 毫升|Water|case|8800
WAT-004|Soda water 24 × 330 ml|苏打水 24 × 330 毫升|蘇打水 24 × 330 毫升|Water|case|6400
WAT-005|Tonic water 24 × 200 ml|汤力水 24 × 200 毫升|通寧水 24 × 200 毫升|Water|case|9800
WAT-006|Ginger ale 24 × 200 ml|干姜水 24 × 200 毫升|薑汁汽水 24 × 200 毫升|Water|case|9800
OIL-001|Extra virgin olive oil 5 l|特级初榨橄榄油 5 升|特級初榨橄欖油 5 公升|Kitchen|can|39800
OIL-002|Peanut oil 10 l|花生油 10 升|花生油 10 公升|Kitchen|can|22800
OIL-003|Sesame oil 1.8 l|芝麻香油 1.8 升|香油 1.8 公升|Kitchen|bottle|8800
OIL-004|Rapeseed oil 20 l|菜籽油 20 升|菜籽油 20 公升|Kitchen|can|25800
SAU-001|Light soy sauce 12 × 500 ml|生抽 12 × 500 毫升|淡色醬油 12 × 500 毫升|Kitchen|case|11800
SAU-002|Dark soy sauce 12 × 500 ml|老抽 12 × 500 毫升|濃色醬油 12 × 500 毫升|Kitchen|case|11200
SAU-003|Oyster sauce 6 × 2.3 kg|蚝油 6 × 2.3 公斤|蠔油 6 × 2.3 公斤|Kitchen|case|16800
SAU-004|Chilli crisp 12 × 210 g|油泼辣子 12 × 210 克|油潑辣子 12 × 210 克|Kitchen|case|13800
SAU-005|Rice vinegar 12 × 600 ml|米醋 12 × 600 毫升|米醋 12 × 600 毫升|Kitchen|case|7800
SAU-006|Tomato passata 12 × 690 g|番茄泥 12 × 690 克|番茄泥 12 × 690 克|Kitchen|case|14800
RIC-001|Northeastern rice 25 kg|东北大米 25 公斤|東北大米 25 公斤|Staples|bag|16800
RIC-002|Jasmine rice 20 kg|茉莉香米 20 公斤|茉莉香米 20 公斤|Staples|bag|18800
RIC-003|Taiwan rice 10 kg|台湾米 10 公斤|臺灣米 10 公斤|Staples|bag|13800
FLO-001|Bread flour 25 kg|高筋面粉 25 公斤|高筋麵粉 25 公斤|Staples|bag|14800
FLO-002|Cake flour 25 kg|低筋面粉 25 公斤|低筋麵粉 25 公斤|Staples|bag|13800
FLO-003|Wholemeal flour 16 kg|全麦面粉 16 公斤|全麥麵粉 16 公斤|Staples|bag|12800
SUG-001|White sugar 50 kg|白砂糖 50 公斤|白砂糖 50 公斤|Staples|bag|36800
SUG-002|Rock sugar 10 kg|冰糖 10 公斤|冰糖 10 公斤|Staples|case|11800
SAL-001|Sea salt 12 × 1 kg|海盐 12 × 1 公斤|海鹽 12 × 1 公斤|Staples|case|8400
SNA-001|Roasted almonds 5 kg|烤巴旦木 5 公斤|烤杏仁果 5 公斤|Snacks|case|33800
SNA-002|Cashews 5 kg|腰果 5 公斤|腰果 5 公斤|Snacks|case|36800
SNA-003|Pineapple cakes 48 pcs|凤梨酥 48 枚|鳳梨酥 48 入|Snacks|case|24800
SNA-004|Shortbread 24 × 160 g|黄油酥饼 24 × 160 克|奶油酥餅 24 × 160 克|Snacks|case|26800
SNA-005|Rice crackers 20 × 100 g|米饼 20 × 100 克|米果 20 × 100 克|Snacks|case|11800
SNA-006|Dark chocolate 70 % 5 kg|70% 黑巧克力 5 公斤|70% 黑巧克力 5 公斤|Snacks|case|42800
SNA-007|Dried mango 20 × 100 g|芒果干 20 × 100 克|芒果乾 20 × 100 克|Snacks|case|19800
"""


_LABELS = {
    "Coffee": "Coffee | 咖啡 | 咖啡",
    "Juice": "Juice | 果汁 | 果汁",
    "Water": "Water | 水 | 水",
    "Staples": "Staples | 米面 | 米麵",
    "Tea": "Tea | 茶 | 茶",
    "Kitchen": "Kitchen | 调味 | 調味",
    "Snacks": "Snacks | 零食 | 零食",
    "can": "can | 桶 | 桶",
    "bottle": "bottle | 瓶 | 瓶",
    "box": "box | 盒 | 盒",
    "case": "case | 箱 | 箱",
    "tin": "tin | 罐 | 罐",
    "bag": "bag | 袋 | 袋",
    "cake": "cake | 饼 | 餅",
}
"""Category or unit -> the same in the company's three languages."""


def _good(row: str) -> Good:
    code, name, hans, hant, category, unit, price = row.split("|")
    return Good(code, name, hans, hant, _LABELS[category], _LABELS[unit], int(price))


GOODS = tuple(_good(row) for row in _TABLE.strip().splitlines())
