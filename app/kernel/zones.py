"""The time zone of a place, estimated from its country, state and longitude.

Good enough to read opening hours and to put a visit on its day; a person can set a place's zone by hand. Zones follow
provinces and counties, not meridians, so along a border inside a state a place may get its neighbour's zone.
Sources: the IANA time zone database (zone.tab of the tzdata package) for countries with one zone; for the others the
legal zones of states and provinces as listed there, with meridians rounded to where the borders between zones run.
"""

from functools import lru_cache
from importlib.resources import files

# The zone where most people live, then what differs, from west to east: up to a longitude (degrees) its zone. East of
# the last one the first zone holds again; it is also taken where the longitude is not known.
_Zones = tuple[str, *tuple[tuple[float, str], ...]]
_EAST = 181.0  # to the antimeridian

_COUNTRIES: dict[str, _Zones] = {
    "AR": ("America/Argentina/Buenos_Aires",),
    "AU": ("Australia/Sydney", (129.0, "Australia/Perth"), (141.0, "Australia/Adelaide")),
    "BR": ("America/Sao_Paulo", (-67.0, "America/Rio_Branco"), (-56.0, "America/Manaus"), (-54.0, "America/Cuiaba")),
    "CA": (
        "America/Toronto",
        (-120.0, "America/Vancouver"),
        (-110.0, "America/Edmonton"),
        (-101.5, "America/Regina"),
        (-90.0, "America/Winnipeg"),
        (-67.5, "America/Toronto"),
        (-59.4, "America/Halifax"),
        (_EAST, "America/St_Johns"),
    ),
    "CD": ("Africa/Kinshasa", (21.5, "Africa/Kinshasa"), (_EAST, "Africa/Lubumbashi")),
    "CL": ("America/Santiago", (-100.0, "Pacific/Easter")),
    "CN": ("Asia/Shanghai",),  # all of mainland China keeps one legal time
    "CY": ("Asia/Nicosia",),
    "DE": ("Europe/Berlin",),
    "EC": ("America/Guayaquil", (-85.0, "Pacific/Galapagos")),
    "ES": ("Europe/Madrid", (-13.0, "Atlantic/Canary")),
    "FM": ("Pacific/Pohnpei", (154.5, "Pacific/Chuuk")),
    "GL": ("America/Nuuk", (-60.0, "America/Thule"), (-29.0, "America/Nuuk"), (_EAST, "America/Scoresbysund")),
    "ID": ("Asia/Jakarta", (114.0, "Asia/Jakarta"), (127.5, "Asia/Makassar"), (_EAST, "Asia/Jayapura")),
    "KI": ("Pacific/Tarawa", (-165.0, "Pacific/Kiritimati")),
    "KZ": ("Asia/Almaty",),  # one time since 2024-03-01
    "MH": ("Pacific/Majuro",),
    "MN": ("Asia/Ulaanbaatar", (94.5, "Asia/Hovd")),
    "MX": (
        "America/Mexico_City",
        (-114.8, "America/Tijuana"),
        (-109.0, "America/Hermosillo"),
        (-105.2, "America/Mazatlan"),
        (-89.2, "America/Mexico_City"),
        (_EAST, "America/Cancun"),
    ),
    "MY": ("Asia/Kuala_Lumpur",),
    "NZ": ("Pacific/Auckland", (-170.0, "Pacific/Chatham")),
    "PF": ("Pacific/Tahiti", (-142.0, "Pacific/Tahiti"), (-136.5, "Pacific/Marquesas"), (_EAST, "Pacific/Gambier")),
    "PG": ("Pacific/Port_Moresby", (154.0, "Pacific/Port_Moresby"), (_EAST, "Pacific/Bougainville")),
    "PS": ("Asia/Hebron",),
    "PT": ("Europe/Lisbon", (-20.0, "Atlantic/Azores"), (-15.0, "Atlantic/Madeira")),
    "RU": (
        "Europe/Moscow",
        (23.0, "Europe/Kaliningrad"),
        (48.5, "Europe/Moscow"),
        (54.0, "Europe/Samara"),
        (71.0, "Asia/Yekaterinburg"),
        (75.5, "Asia/Omsk"),
        (89.5, "Asia/Novosibirsk"),
        (97.5, "Asia/Krasnoyarsk"),
        (108.5, "Asia/Irkutsk"),
        (130.0, "Asia/Yakutsk"),
        (141.5, "Asia/Vladivostok"),
        (155.0, "Asia/Magadan"),
        (_EAST, "Asia/Kamchatka"),
    ),
    "UA": ("Europe/Kyiv",),
    "US": (
        "America/New_York",
        (-162.0, "America/Anchorage"),
        (-154.5, "Pacific/Honolulu"),
        (-130.0, "America/Anchorage"),
        (-114.5, "America/Los_Angeles"),
        (-102.0, "America/Denver"),
        (-86.8, "America/Chicago"),
    ),
    "UZ": ("Asia/Tashkent",),
}

_US: dict[tuple[str, str], _Zones] = {
    ("AL", "Alabama"): ("America/Chicago",),
    ("AK", "Alaska"): ("America/Anchorage", (-169.5, "America/Adak")),
    ("AZ", "Arizona"): ("America/Phoenix",),
    ("AR", "Arkansas"): ("America/Chicago",),
    ("CA", "California"): ("America/Los_Angeles",),
    ("CO", "Colorado"): ("America/Denver",),
    ("CT", "Connecticut"): ("America/New_York",),
    ("DE", "Delaware"): ("America/New_York",),
    ("DC", "District of Columbia"): ("America/New_York",),
    ("FL", "Florida"): ("America/New_York", (-85.0, "America/Chicago")),
    ("GA", "Georgia"): ("America/New_York",),
    ("HI", "Hawaii"): ("Pacific/Honolulu",),
    ("ID", "Idaho"): ("America/Boise",),
    ("IL", "Illinois"): ("America/Chicago",),
    ("IN", "Indiana"): ("America/Indiana/Indianapolis", (-86.9, "America/Chicago")),
    ("IA", "Iowa"): ("America/Chicago",),
    ("KS", "Kansas"): ("America/Chicago", (-101.5, "America/Denver")),
    ("KY", "Kentucky"): ("America/New_York", (-86.0, "America/Chicago")),
    ("LA", "Louisiana"): ("America/Chicago",),
    ("ME", "Maine"): ("America/New_York",),
    ("MD", "Maryland"): ("America/New_York",),
    ("MA", "Massachusetts"): ("America/New_York",),
    ("MI", "Michigan"): ("America/Detroit", (-87.6, "America/Chicago")),
    ("MN", "Minnesota"): ("America/Chicago",),
    ("MS", "Mississippi"): ("America/Chicago",),
    ("MO", "Missouri"): ("America/Chicago",),
    ("MT", "Montana"): ("America/Denver",),
    ("NE", "Nebraska"): ("America/Chicago", (-101.3, "America/Denver")),
    ("NV", "Nevada"): ("America/Los_Angeles",),
    ("NH", "New Hampshire"): ("America/New_York",),
    ("NJ", "New Jersey"): ("America/New_York",),
    ("NM", "New Mexico"): ("America/Denver",),
    ("NY", "New York"): ("America/New_York",),
    ("NC", "North Carolina"): ("America/New_York",),
    ("ND", "North Dakota"): ("America/Chicago", (-102.0, "America/Denver")),
    ("OH", "Ohio"): ("America/New_York",),
    ("OK", "Oklahoma"): ("America/Chicago",),
    ("OR", "Oregon"): ("America/Los_Angeles", (-118.2, "America/Los_Angeles"), (_EAST, "America/Boise")),
    ("PA", "Pennsylvania"): ("America/New_York",),
    ("RI", "Rhode Island"): ("America/New_York",),
    ("SC", "South Carolina"): ("America/New_York",),
    ("SD", "South Dakota"): ("America/Chicago", (-100.5, "America/Denver")),
    ("TN", "Tennessee"): ("America/Chicago", (-85.4, "America/Chicago"), (_EAST, "America/New_York")),
    ("TX", "Texas"): ("America/Chicago", (-104.9, "America/Denver")),
    ("UT", "Utah"): ("America/Denver",),
    ("VT", "Vermont"): ("America/New_York",),
    ("VA", "Virginia"): ("America/New_York",),
    ("WA", "Washington"): ("America/Los_Angeles",),
    ("WV", "West Virginia"): ("America/New_York",),
    ("WI", "Wisconsin"): ("America/Chicago",),
    ("WY", "Wyoming"): ("America/Denver",),
    ("PR", "Puerto Rico"): ("America/Puerto_Rico",),
    ("VI", "U.S. Virgin Islands"): ("America/St_Thomas",),
    ("GU", "Guam"): ("Pacific/Guam",),
    ("MP", "Northern Mariana Islands"): ("Pacific/Saipan",),
    ("AS", "American Samoa"): ("Pacific/Pago_Pago",),
}

_CA: dict[tuple[str, str], _Zones] = {
    ("AB", "Alberta"): ("America/Edmonton",),
    ("BC", "British Columbia"): ("America/Vancouver", (-116.1, "America/Vancouver"), (_EAST, "America/Edmonton")),
    ("MB", "Manitoba"): ("America/Winnipeg",),
    ("NB", "New Brunswick"): ("America/Moncton",),
    ("NL", "Newfoundland and Labrador"): ("America/St_Johns", (-59.5, "America/Goose_Bay")),
    ("NS", "Nova Scotia"): ("America/Halifax",),
    ("NT", "Northwest Territories"): ("America/Edmonton",),
    ("NU", "Nunavut"): ("America/Iqaluit", (-102.0, "America/Cambridge_Bay"), (-85.0, "America/Rankin_Inlet")),
    ("ON", "Ontario"): ("America/Toronto", (-90.0, "America/Winnipeg")),
    ("PE", "Prince Edward Island"): ("America/Halifax",),
    ("QC", "Quebec"): ("America/Toronto", (-63.0, "America/Toronto"), (_EAST, "America/Halifax")),
    ("SK", "Saskatchewan"): ("America/Regina",),
    ("YT", "Yukon"): ("America/Whitehorse",),
}

_AU: dict[tuple[str, str], _Zones] = {
    ("ACT", "Australian Capital Territory"): ("Australia/Sydney",),
    ("NSW", "New South Wales"): ("Australia/Sydney", (142.0, "Australia/Broken_Hill")),
    ("NT", "Northern Territory"): ("Australia/Darwin",),
    ("QLD", "Queensland"): ("Australia/Brisbane",),
    ("SA", "South Australia"): ("Australia/Adelaide",),
    ("TAS", "Tasmania"): ("Australia/Hobart",),
    ("VIC", "Victoria"): ("Australia/Melbourne",),
    ("WA", "Western Australia"): ("Australia/Perth",),
}

_BR: dict[tuple[str, str], _Zones] = {
    ("AC", "Acre"): ("America/Rio_Branco",),
    ("AL", "Alagoas"): ("America/Maceio",),
    ("AM", "Amazonas"): ("America/Manaus", (-68.0, "America/Eirunepe")),
    ("AP", "Amapá"): ("America/Belem",),
    ("BA", "Bahia"): ("America/Bahia",),
    ("CE", "Ceará"): ("America/Fortaleza",),
    ("DF", "Distrito Federal"): ("America/Sao_Paulo",),
    ("ES", "Espírito Santo"): ("America/Sao_Paulo",),
    ("GO", "Goiás"): ("America/Sao_Paulo",),
    ("MA", "Maranhão"): ("America/Fortaleza",),
    ("MG", "Minas Gerais"): ("America/Sao_Paulo",),
    ("MS", "Mato Grosso do Sul"): ("America/Campo_Grande",),
    ("MT", "Mato Grosso"): ("America/Cuiaba",),
    ("PA", "Pará"): ("America/Belem",),
    ("PB", "Paraíba"): ("America/Fortaleza",),
    ("PE", "Pernambuco"): ("America/Recife", (-33.0, "America/Recife"), (_EAST, "America/Noronha")),
    ("PI", "Piauí"): ("America/Fortaleza",),
    ("PR", "Paraná"): ("America/Sao_Paulo",),
    ("RJ", "Rio de Janeiro"): ("America/Sao_Paulo",),
    ("RN", "Rio Grande do Norte"): ("America/Fortaleza",),
    ("RO", "Rondônia"): ("America/Porto_Velho",),
    ("RR", "Roraima"): ("America/Boa_Vista",),
    ("RS", "Rio Grande do Sul"): ("America/Sao_Paulo",),
    ("SC", "Santa Catarina"): ("America/Sao_Paulo",),
    ("SE", "Sergipe"): ("America/Maceio",),
    ("SP", "São Paulo"): ("America/Sao_Paulo",),
    ("TO", "Tocantins"): ("America/Araguaina",),
}

_STATES: dict[str, dict[str, _Zones]] = {
    country: {name.casefold(): zones for names, zones in states.items() for name in names}
    for country, states in {"US": _US, "CA": _CA, "AU": _AU, "BR": _BR}.items()
}


def zone_of(country: str | None, region: str = "", lon: float | None = None) -> str | None:
    """The IANA zone of a place, an estimate; None where the country (ISO 3166-1 alpha-2) is not known.

    `region` is a state or province as code or name (English, in Brazil Portuguese), looked at in US, CA, AU and BR.
    `lon` in degrees, WGS-84. Without both, the zone where most people of the country live.
    """
    if not country:
        return None
    zones = _STATES.get(country, {}).get(region.strip().casefold()) or _COUNTRIES.get(country)
    if zones is None:
        return _single_zones().get(country)
    main, *bands = zones
    return next((zone for limit, zone in bands if lon is not None and lon < limit), main)


@lru_cache(maxsize=1)
def _single_zones() -> dict[str, str]:
    """Country to zone, of the IANA database; of several (Antarctica) the first listed."""
    zones: dict[str, str] = {}
    for line in (files("tzdata") / "zoneinfo" / "zone.tab").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            country, _, zone = line.split("\t")[:3]
            zones.setdefault(country, zone)
    return zones
