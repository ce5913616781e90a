"""Orders to print, as the worker gets them."""

from datetime import date
from typing import Any
from uuid import UUID

from app.contracts.queries import ContractOnPaper
from app.sales.queries import PaperLine, SaleOnPaper
from app.sales.rules import Line, price

CONTRACT = ContractOnPaper("C-2026-000123", date(2026, 3, 10), UUID(int=1))
GOODS = {
    "en": ("Extra virgin olive oil, first cold pressing", "can"),
    "zh_Hans": ("特级初榨橄榄油 5 升装", "桶"),
    "zh_Hant": ("特級初榨橄欖油 5 公升裝", "桶"),
}
CUSTOMERS = {
    "en": ("Harbour & Sons Provisions Ltd", "GB 123 4567 89", "14 Shad Thames, London SE1 2YT", "020 7946 0000"),
    "zh_Hans": ("上海恒隆餐饮管理有限公司", "91310106MA1FY0A00X", "上海市静安区南京西路1266号", "021-6288 0000"),
    "zh_Hant": ("臺北永康生活百貨股份有限公司", "12345675", "臺北市信義區松壽路12號", "02-2720 0000"),
}


def sale(
    language: str, lines: int = 3, *, currency: str = "CNY", tax_included: bool = False, **given: Any
) -> SaleOnPaper:
    """An order of so many lines, at two tax rates, every fifth line with a discount; `given` replaces fields."""
    name, unit = GOODS[language]
    wanted = [
        Line(UUID(int=n), 1 + n % 37, 3_990 + 1_250 * (n % 11), 500 if n % 5 == 4 else 0, 1300 if n % 3 else 900)
        for n in range(lines)
    ]
    pricing = price(wanted, currency, prices_include_tax=tax_included)
    printed = tuple(
        PaperLine(
            n, f"OIL-{n + 1:03}", f"{name} {n + 1}", unit, each.line.quantity, each.line.unit_price,
            each.line.discount_bp, each.discount, each.line.tax_bp, each.net, each.tax, each.gross,
        )
        for n, each in enumerate(pricing.lines)
    )  # fmt: skip
    customer, tax_number, address, phone = CUSTOMERS[language]
    values = {
        "id": CONTRACT.order_id, "number": "O-2026-000456", "dated_on": date(2026, 3, 9), "valid_until": None,
        "quote_number": None, "language": language, "currency": currency, "tax_included": tax_included,
        "account_id": UUID(int=2), "customer": customer, "customer_address": address, "customer_phone": phone,
        "customer_email": "", "customer_tax_number": tax_number, "rep": "Rita", "rep_phone": "", "rep_email": "",
        "delivery_on": date(2026, 3, 20), "delivery_place": address, "customer_reference": "PO-7788", "note": "",
        "lines": printed, "taxes": pricing.taxes, "discount": pricing.discount, "net": pricing.net,
        "tax": pricing.tax, "gross": pricing.gross,
    }  # fmt: skip
    return SaleOnPaper(**{**values, **given})
