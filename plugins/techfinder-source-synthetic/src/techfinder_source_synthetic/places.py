"""Where people live: states by population, and their larger cities.

Populations are rounded to thousands and near the census of 2020; they are weights, not statistics.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Places", "places"]

# State: population in thousands, income level against the country, cities with populations in thousands.
_STATES: dict[str, tuple[int, float, str]] = {
    "AL": (5024, 0.88, "Huntsville 215, Birmingham 201, Montgomery 200, Mobile 187, Tuscaloosa 100"),
    "AK": (733, 1.05, "Anchorage 291, Fairbanks 33, Juneau 32"),
    "AZ": (7152, 0.97, "Phoenix 1608, Tucson 543, Mesa 504, Chandler 276, Scottsdale 241, Tempe 180"),
    "AR": (3012, 0.85, "Little Rock 203, Fayetteville 94, Fort Smith 89"),
    "CA": (
        39538,
        1.15,
        "Los Angeles 3899, San Diego 1387, San Jose 1013, San Francisco 874, Fresno 542, Sacramento 525, "
        "Long Beach 467, Oakland 441, Bakersfield 403, Anaheim 347, Riverside 315, Irvine 308, Santa Ana 310, "
        "Stockton 321",
    ),
    "CO": (5774, 1.06, "Denver 716, Colorado Springs 479, Aurora 386, Fort Collins 170, Boulder 108"),
    "CT": (3606, 1.1, "Bridgeport 149, Stamford 136, New Haven 134, Hartford 121"),
    "DE": (990, 1.0, "Wilmington 71, Dover 39, Newark 31"),
    "DC": (690, 1.25, "Washington 690"),
    "FL": (
        21538,
        0.95,
        "Jacksonville 950, Miami 442, Tampa 385, Orlando 308, St. Petersburg 258, Fort Lauderdale 183, "
        "Tallahassee 196, Cape Coral 194, Gainesville 141",
    ),
    "GA": (10712, 0.97, "Atlanta 499, Columbus 207, Augusta 202, Macon 157, Savannah 148, Athens 127"),
    "HI": (1455, 1.06, "Honolulu 351, Hilo 48, Kailua 40"),
    "ID": (1839, 0.92, "Boise 236, Meridian 118, Nampa 100, Idaho Falls 65"),
    "IL": (12813, 1.03, "Chicago 2746, Aurora 181, Naperville 150, Joliet 150, Rockford 149, Springfield 114"),
    "IN": (6786, 0.91, "Indianapolis 888, Fort Wayne 264, Evansville 117, South Bend 103, Bloomington 79"),
    "IA": (3190, 0.93, "Des Moines 214, Cedar Rapids 138, Davenport 102, Iowa City 75"),
    "KS": (2938, 0.92, "Wichita 398, Overland Park 197, Kansas City 157, Topeka 127"),
    "KY": (4506, 0.87, "Louisville 633, Lexington 323, Bowling Green 72"),
    "LA": (4658, 0.88, "New Orleans 384, Baton Rouge 227, Shreveport 188, Lafayette 121"),
    "ME": (1362, 0.93, "Portland 68, Lewiston 37, Bangor 32"),
    "MD": (6177, 1.12, "Baltimore 586, Columbia 104, Germantown 91, Silver Spring 81, Frederick 78"),
    "MA": (7030, 1.15, "Boston 676, Worcester 207, Springfield 156, Cambridge 118, Lowell 116"),
    "MI": (10077, 0.94, "Detroit 639, Grand Rapids 199, Warren 139, Ann Arbor 124, Lansing 113, Flint 81"),
    "MN": (5706, 1.03, "Minneapolis 430, Saint Paul 312, Rochester 121, Duluth 87"),
    "MS": (2961, 0.82, "Jackson 154, Gulfport 73, Southaven 55, Hattiesburg 49"),
    "MO": (6155, 0.92, "Kansas City 508, St. Louis 302, Springfield 169, Columbia 126"),
    "MT": (1084, 0.9, "Billings 117, Missoula 73, Great Falls 60, Bozeman 53"),
    "NE": (1962, 0.94, "Omaha 486, Lincoln 291, Grand Island 53"),
    "NV": (3105, 0.96, "Las Vegas 642, Henderson 318, Reno 264, Sparks 108"),
    "NH": (1378, 1.05, "Manchester 116, Nashua 91, Concord 44"),
    "NJ": (9289, 1.13, "Newark 312, Jersey City 292, Paterson 160, Elizabeth 137, Trenton 91, Edison 108"),
    "NM": (2118, 0.86, "Albuquerque 565, Las Cruces 111, Rio Rancho 104, Santa Fe 88"),
    "NY": (20201, 1.12, "New York 8804, Buffalo 278, Yonkers 212, Rochester 211, Syracuse 149, Albany 99"),
    "NC": (10439, 0.95, "Charlotte 875, Raleigh 468, Greensboro 299, Durham 284, Winston-Salem 250, Asheville 95"),
    "ND": (779, 0.97, "Fargo 126, Bismarck 74, Grand Forks 59"),
    "OH": (11799, 0.93, "Columbus 906, Cleveland 373, Cincinnati 309, Toledo 271, Akron 190, Dayton 138"),
    "OK": (3959, 0.88, "Oklahoma City 681, Tulsa 413, Norman 128, Broken Arrow 114"),
    "OR": (4237, 1.01, "Portland 653, Eugene 177, Salem 176, Gresham 114, Bend 99"),
    "PA": (13003, 0.99, "Philadelphia 1604, Pittsburgh 303, Allentown 126, Reading 95, Erie 95, Scranton 76"),
    "RI": (1097, 1.0, "Providence 191, Cranston 83, Warwick 83"),
    "SC": (5118, 0.9, "Charleston 150, Columbia 137, North Charleston 115, Greenville 71"),
    "SD": (887, 0.91, "Sioux Falls 193, Rapid City 75, Aberdeen 28"),
    "TN": (6911, 0.92, "Nashville 690, Memphis 633, Knoxville 191, Chattanooga 181, Clarksville 167"),
    "TX": (
        29146,
        0.99,
        "Houston 2305, San Antonio 1435, Dallas 1304, Austin 962, Fort Worth 919, El Paso 679, Arlington 394, "
        "Corpus Christi 318, Plano 286, Lubbock 257, Laredo 255, Irving 257",
    ),
    "UT": (3272, 0.98, "Salt Lake City 200, West Valley City 140, Provo 115, Ogden 87, St. George 95"),
    "VT": (643, 0.95, "Burlington 45, South Burlington 20, Rutland 16"),
    "VA": (8631, 1.07, "Virginia Beach 459, Chesapeake 249, Arlington 239, Norfolk 238, Richmond 227, Alexandria 159"),
    "WA": (7705, 1.12, "Seattle 737, Spokane 229, Tacoma 219, Vancouver 191, Bellevue 152, Olympia 55"),
    "WV": (1794, 0.83, "Charleston 49, Huntington 47, Morgantown 30"),
    "WI": (5894, 0.95, "Milwaukee 577, Madison 270, Green Bay 107, Kenosha 100, Racine 78"),
    "WY": (577, 0.94, "Cheyenne 65, Casper 59, Laramie 31"),
}


class Places(NamedTuple):
    """All cities, equally long.

    Attributes:
        names: As "Austin, TX".
        shares: Their shares of all people, cumulated; the last is 1. A state has its share of the
            country, and a city its share of the cities listed for the state.
        incomes: Income level against the country, about 0.8 to 1.25.
    """

    names: NDArray[np.object_]
    shares: NDArray[np.float64]
    incomes: NDArray[np.float64]


def places() -> Places:
    """The table above, ready to draw from."""
    names: list[str] = []
    weights: list[float] = []
    incomes: list[float] = []
    for state, (population, income, text) in _STATES.items():
        cities = [city.rsplit(" ", 1) for city in text.split(", ")]
        total = sum(int(size) for _, size in cities)
        names += [f"{city}, {state}" for city, _ in cities]
        weights += [population * int(size) / total for _, size in cities]
        incomes += [income] * len(cities)
    shares = np.cumsum(weights)
    return Places(np.array(names, dtype=object), shares / shares[-1], np.array(incomes))
