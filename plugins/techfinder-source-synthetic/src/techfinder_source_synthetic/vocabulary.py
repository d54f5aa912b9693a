"""Every value that a made person can have, with the numbers that say for whom it is likely.

Names must be those of the tech-adoption schema; a test compares them.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "ADOPTERS",
    "AGES",
    "BUDGETS",
    "CATEGORIES",
    "EDUCATIONS",
    "FACTORS",
    "GENDERS",
    "INTERESTS",
    "LEVELS",
    "LOYALTIES",
    "MONTHS",
    "PLATFORMS",
    "PROFICIENCIES",
    "SECTORS",
    "Category",
    "Factor",
    "Product",
    "Sector",
    "Tag",
]

# Rogers' five, in the order of adoption, with their shares in thousandths.
ADOPTERS = {"Innovator": 25, "Early Adopter": 135, "Early Majority": 340, "Late Majority": 340, "Laggard": 160}

# First and last month after release in which each adopter category buys.
MONTHS = {
    "Innovator": (0, 2),
    "Early Adopter": (2, 5),
    "Early Majority": (5, 12),
    "Late Majority": (12, 20),
    "Laggard": (20, 48),
}

# Adults by age: from this age on, up to the next, the share of people.
AGES = {18: 0.12, 25: 0.18, 35: 0.17, 45: 0.16, 55: 0.165, 65: 0.13, 75: 0.075, 85: 0.0}

GENDERS = {"Female": 0.495, "Male": 0.485, "Non-binary": 0.02}

# From low to high: the share of people, and the youngest age at which it is likely (education only).
EDUCATIONS = {
    "High School": (0.35, 18),
    "Some College": (0.27, 18),
    "Bachelor's": (0.23, 22),
    "Master's": (0.11, 24),
    "PhD": (0.04, 27),
}
LEVELS = {"Very Low": 0.09, "Low": 0.22, "Moderate": 0.37, "High": 0.22, "Very High": 0.1}
PROFICIENCIES = {"Beginner": 0.13, "Basic": 0.25, "Intermediate": 0.36, "Advanced": 0.19, "Expert": 0.07}
BUDGETS = {"Economy": 0.15, "Budget": 0.25, "Mid-range": 0.33, "High": 0.18, "Premium": 0.09}


class Sector(NamedTuple):
    """A sector of work.

    Attributes:
        weights: How common it is at each level of education, low to high.
        technical: How much it draws the innovative, about -1 to 1; also raises proficiency.
        income: Median yearly income in dollars at 45 with a Bachelor's degree.
        office: True for desk work.
    """

    weights: tuple[float, float, float, float, float]
    technical: float
    income: int
    office: bool


SECTORS = {
    "Arts": Sector((3, 4, 5, 4, 2), 0.0, 54_000, False),
    "Data Science": Sector((0.2, 0.7, 4, 8, 10), 0.9, 108_000, True),
    "Digital Marketing": Sector((1.5, 4, 7, 4, 1), 0.4, 74_000, True),
    "Education": Sector((4, 7, 12, 20, 26), -0.1, 58_000, True),
    "Engineering": Sector((2, 3, 9, 11, 13), 0.6, 100_000, True),
    "Finance": Sector((3, 6, 10, 9, 4), 0.2, 90_000, True),
    "Government": Sector((5, 7, 8, 9, 8), -0.2, 74_000, True),
    "Healthcare": Sector((12, 17, 14, 13, 17), 0.0, 76_000, False),
    "Hospitality": Sector((13, 10, 4, 1.5, 0.5), -0.3, 42_000, False),
    "Legal": Sector((1, 2, 3, 7, 9), -0.1, 98_000, True),
    "Manufacturing": Sector((17, 10, 4, 2, 1), -0.3, 62_000, False),
    "Retail": Sector((17, 13, 6, 2.5, 1), -0.3, 45_000, False),
    "Service Industry": Sector((20, 12, 5, 2, 1), -0.4, 41_000, False),
    "Technology": Sector((1.5, 5, 9, 8, 8), 0.9, 106_000, True),
    "UX/UI Design": Sector((0.7, 2, 4, 3, 1), 0.7, 88_000, True),
}


class Tag(NamedTuple):
    """A platform or an interest: logit of having it, and its slopes by age and by innovativeness."""

    logit: float
    age: float
    drive: float


PLATFORMS = {
    "Email Newsletter": Tag(-0.7, 0.7, -0.1),
    "Facebook": Tag(0.2, 0.6, -0.3),
    "Instagram": Tag(-0.3, -0.9, 0.1),
    "LinkedIn": Tag(-1.1, -0.1, 0.4),
    "Reddit": Tag(-1.2, -0.8, 0.6),
    "Tech Blogs": Tag(-1.5, -0.2, 1.1),
    "TikTok": Tag(-1.0, -1.2, 0.0),
    "Twitter": Tag(-1.4, -0.4, 0.4),
    "YouTube": Tag(0.9, -0.4, 0.2),
}

INTERESTS = {
    "Art": Tag(-2.0, 0.0, 0.1),
    "Cars": Tag(-1.9, 0.0, 0.1),
    "Cooking": Tag(-1.2, 0.1, -0.1),
    "Crafts": Tag(-2.2, 0.3, -0.3),
    "Fashion": Tag(-2.0, -0.5, 0.1),
    "Fitness": Tag(-1.4, -0.4, 0.2),
    "Gaming": Tag(-1.5, -0.9, 0.5),
    "Gardening": Tag(-1.8, 0.8, -0.3),
    "History": Tag(-2.2, 0.4, -0.1),
    "Home Improvement": Tag(-1.7, 0.3, 0.0),
    "Investing": Tag(-2.0, 0.2, 0.4),
    "Movies": Tag(-1.0, -0.1, 0.0),
    "Music": Tag(-1.1, -0.3, 0.0),
    "Outdoors": Tag(-1.5, 0.0, 0.0),
    "Photography": Tag(-2.2, 0.0, 0.4),
    "Programming": Tag(-2.8, -0.4, 1.0),
    "Reading": Tag(-1.4, 0.3, 0.0),
    "Science": Tag(-2.2, 0.0, 0.6),
    "Sports": Tag(-1.2, -0.1, 0.0),
    "Travel": Tag(-1.2, 0.1, 0.2),
}


class Factor(NamedTuple):
    """A purchasing factor: how common, and its slopes by budget and by innovativeness."""

    weight: float
    budget: float
    drive: float


FACTORS = {
    "Brand Reputation": Factor(0.13, 0.3, -0.1),
    "Compatibility": Factor(0.12, 0.0, 0.1),
    "Design": Factor(0.10, 0.4, 0.2),
    "Features": Factor(0.20, 0.2, 0.7),
    "Price": Factor(0.25, -0.8, -0.4),
    "Reviews": Factor(0.13, 0.0, -0.1),
    "Sustainability": Factor(0.07, 0.2, 0.1),
}

# Brands whose loyalty is a column; each person leans to one of the first four, or to none.
LOYALTIES = ("Apple", "Samsung", "Google", "Microsoft")


class Product(NamedTuple):
    """A product line.

    Attributes:
        loyalty: The brand of LOYALTIES whose loyal people choose it (Windows laptops: Microsoft), or empty.
        share: How common it is where nobody is loyal to anyone.
        tier: How dear it is, -1.5 to 1.5.
        releases: Days on which new models came out, newest first, ISO.
    """

    loyalty: str
    share: float
    tier: float
    releases: tuple[str, ...]


class Category(NamedTuple):
    """A category of technology.

    Attributes:
        uses: Share of users in each adopter category, innovators first.
        age: Slope of the logit by age.
        budget: Slope of the logit by budget.
        products: By name.
    """

    uses: tuple[float, float, float, float, float]
    age: float
    budget: float
    products: dict[str, Product]


CATEGORIES = {
    "smartphone": Category(
        (0.995, 0.99, 0.97, 0.91, 0.7),
        -0.4,
        0.2,
        {
            "Google Pixel": Product(
                "Google",
                0.15,
                0.2,
                ("2025-08-28", "2024-08-22", "2023-10-12", "2022-10-13", "2021-10-28", "2020-10-15"),
            ),
            "OnePlus": Product("", 0.10, -0.3, ("2025-01-14", "2024-02-06", "2023-02-16", "2022-03-31", "2021-04-02")),
            "Samsung Galaxy": Product(
                "Samsung", 0.32, 0.1, ("2025-02-07", "2024-01-31", "2023-02-17", "2022-02-25", "2021-01-29")
            ),
            "Xiaomi": Product("", 0.08, -1.0, ("2025-02-27", "2024-02-25", "2023-02-26", "2022-03-15", "2021-02-08")),
            "iPhone": Product(
                "Apple", 0.35, 0.7, ("2025-09-19", "2024-09-20", "2023-09-22", "2022-09-16", "2021-09-24", "2020-10-23")
            ),
        },
    ),
    "laptop": Category(
        (0.99, 0.97, 0.9, 0.76, 0.5),
        -0.2,
        0.3,
        {
            "ASUS ZenBook": Product("Microsoft", 0.12, -0.4, ("2024-09-03", "2023-04-20", "2022-06-01", "2021-08-31")),
            "Dell XPS": Product("Microsoft", 0.22, 0.3, ("2024-06-18", "2023-03-07", "2022-05-12", "2021-05-11")),
            "HP Spectre": Product("Microsoft", 0.16, 0.2, ("2024-01-08", "2022-05-19", "2021-09-22", "2020-10-01")),
            "Lenovo ThinkPad": Product(
                "Microsoft", 0.27, 0.1, ("2024-03-05", "2023-04-04", "2022-04-12", "2021-03-02")
            ),
            "MacBook": Product(
                "Apple", 0.23, 0.7, ("2025-03-12", "2024-03-08", "2023-06-13", "2022-07-15", "2021-10-26", "2020-11-17")
            ),
        },
    ),
    "smarthome": Category(
        (0.93, 0.8, 0.52, 0.28, 0.07),
        -0.1,
        0.4,
        {
            "Amazon Echo": Product("", 0.38, -0.6, ("2024-09-24", "2023-05-31", "2022-10-20", "2020-10-22")),
            "Apple HomePod": Product("Apple", 0.12, 0.6, ("2023-02-03", "2020-11-16")),
            "Google Nest": Product("Google", 0.24, -0.2, ("2024-08-20", "2022-10-04", "2021-03-30", "2020-10-05")),
            "Philips Hue": Product("", 0.14, 0.6, ("2025-09-04", "2023-09-21", "2021-09-28", "2020-06-26")),
            "Samsung SmartThings": Product("Samsung", 0.12, 0.0, ("2024-05-20", "2023-02-08", "2020-08-24")),
        },
    ),
    "wearable": Category(
        (0.92, 0.76, 0.46, 0.25, 0.06),
        -0.4,
        0.4,
        {
            "Apple Watch": Product(
                "Apple", 0.36, 0.6, ("2025-09-19", "2024-09-20", "2023-09-22", "2022-09-16", "2021-10-15", "2020-09-18")
            ),
            "Fitbit": Product("Google", 0.26, -0.7, ("2023-09-28", "2022-10-06", "2021-09-27", "2020-09-25")),
            "Garmin": Product("", 0.14, 0.3, ("2025-05-21", "2024-08-27", "2023-03-02", "2022-06-01", "2021-04-20")),
            "Oura Ring": Product("", 0.07, 0.8, ("2024-10-03", "2021-11-15", "2018-04-26")),
            "Samsung Galaxy Watch": Product(
                "Samsung", 0.17, 0.1, ("2025-07-25", "2024-07-24", "2023-08-11", "2022-08-26", "2021-08-27")
            ),
        },
    ),
    "vrar": Category(
        (0.78, 0.42, 0.13, 0.04, 0.01),
        -0.6,
        0.4,
        {
            "Apple Vision Pro": Product("Apple", 0.03, 1.2, ("2025-10-22", "2024-02-02")),
            "HTC Vive": Product("", 0.14, 0.6, ("2023-02-25", "2021-06-04")),
            "Meta Quest": Product("", 0.46, -0.5, ("2024-10-15", "2023-10-10", "2022-10-25", "2020-10-13")),
            "Microsoft HoloLens": Product("Microsoft", 0.04, 1.0, ("2019-11-07",)),
            "PlayStation VR": Product("", 0.24, 0.0, ("2023-02-22", "2016-10-13")),
        },
    ),
}
