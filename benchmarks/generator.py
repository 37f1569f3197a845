"""A catalogue of any size: words that people sell things with, in English and Chinese, prices, options, tags.

The same number always gives the same product. Common words are common and rare ones rare, as in real shops (Zipf), so
that indexes meet both.
"""

import itertools
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

CATEGORIES, PER_CATEGORY, TAGS = 40, 6, 300
SOME_DAY = datetime(2026, 6, 1, tzinfo=UTC)


def _split(words: str) -> list[str]:
    return words.split()


_ADJECTIVES = _split(
    """
    small large quiet bright plain soft warm cold light heavy round square tall slim old new early late
    northern southern royal wild silver golden red blue green yellow black white grey amber coral ivory
    linen wooden woven printed painted folded pocket travel winter summer autumn spring evening morning
    garden kitchen studio classic modern vintage rustic minimal organic recycled handmade portable
    wireless acoustic digital practical complete essential advanced
    """
)
_NOUNS = _split(
    """
    lamp chair table desk shelf basket mug bowl plate vase candle cushion blanket curtain carpet mirror
    clock frame poster print notebook journal planner pencil brush palette canvas easel guitar piano
    violin drum flute camera lens tripod backpack wallet belt scarf jacket sweater shirt dress skirt
    boots sandals hat gloves socks watch ring necklace bracelet puzzle kite doll train bicycle helmet
    tent lantern compass map atlas novel cookbook course workshop template font icon pattern preset
    plugin album song sample kettle teapot grinder knife board apron towel soap brushes planter seeds
    """
)
_MATERIALS = _split(
    """
    oak walnut pine bamboo cotton wool silk leather brass copper steel glass ceramic stone paper cork
    felt rattan
    """
)
_FILLERS = _split(
    """
    made by hand in small batches with care for people who like calm things that last longer than a
    season and age well comes with instructions fits into every room easy to clean designed in our
    studio tested for years repaired when broken
    """
)
_BEGINNINGS = _split(
    """
    ka lo mi ra so te vu na fe do zi pa ru ly be
    """
)
_MIDDLES = _split(
    """
    ran lin mos tar vel nor dan pil ger sun wik hol
    """
)
_ENDS = _split(
    """
    a o ia en ix um el is os ay
    """
)
_CHINESE_ADJECTIVES = _split(
    """
    手工 复古 简约 便携 经典 冬季 夏日 安静 明亮 柔软 小号 大号 木质 棉麻 北欧 日式 旅行 花园 厨房
    工作室
    """
)
_CHINESE_NOUNS = _split(
    """
    台灯 椅子 书桌 书架 篮子 马克杯 花瓶 蜡烛 靠垫 毛毯 窗帘 镜子 时钟 海报 笔记本 手账 画笔 吉他 相机
    背包 钱包 围巾 毛衣 靴子 手表 戒指 拼图 风筝 帐篷 指南针 小说 食谱 课程 模板 字体 茶壶 菜刀 围裙
    """
)
_SIZES = ("XS", "S", "M", "L", "XL", "XXL")
_COLOURS = ("Black", "White", "Red", "Blue", "Green", "Grey", "Sand", "Rust", "Plum", "Olive", "Navy", "Rose")
_FORMATS = ("PDF", "EPUB", "Print", "Audio")
_KINDS = ("download", "course", "licence", "physical")
_ENDINGS = (0, 50, 90, 95, 99)


class Made(NamedTuple):
    """A product of the generator; each of ``variants`` has price, options and stock."""

    id: int
    kind: str
    title: str
    summary: str
    description: str
    chinese: str
    category: int
    tags: tuple[int, ...]
    option_names: tuple[str, ...]
    variants: tuple[tuple[int, str, int | None], ...]
    price: int
    is_available: bool
    reviews: int
    stars: int
    published_at: datetime

    @property
    def slug(self) -> str:
        """Its address."""
        return f"{self.title.lower().replace(' ', '-')}-{self.id}"


def make(number: int) -> Made:
    """Return the product with that number, which begins at 1."""
    chance = random.Random(number)
    adjective, material, noun = (_of(chance, words) for words in (_ADJECTIVES, _MATERIALS, _NOUNS))
    title = " ".join(word.capitalize() for word in (adjective, material, noun, _brand(chance)))
    words = [_of(chance, _FILLERS) for _ in range(22)]
    words += [_of(chance, _ADJECTIVES), _of(chance, _NOUNS), _of(chance, _NOUNS)]
    chance.shuffle(words)
    amount = int(min(chance.lognormvariate(3.4, 0.9), 900)) * 100 + chance.choice(_ENDINGS)
    names, options = _options(chance)
    is_gone = chance.random() < 0.1
    variants = tuple(
        (amount + 200 * place, option, 0 if is_gone else chance.choice((None, 3, 40)))
        for place, option in enumerate(options)
    )
    reviews = int(chance.paretovariate(1.2)) % 400 if chance.random() < 0.35 else 0
    stars = sum(chance.choice((3, 4, 4, 5, 5, 5)) for _ in range(min(reviews, 12)))
    return Made(
        id=number,
        kind=_KINDS[number % 4],
        title=title,
        summary=" ".join(words[:9]).capitalize() + ".",
        description=" ".join(words[9:]).capitalize() + ".",
        chinese=_of(chance, _CHINESE_ADJECTIVES) + _of(chance, _CHINESE_NOUNS),
        category=_place(chance, CATEGORIES) * PER_CATEGORY + chance.randrange(PER_CATEGORY) + 1,
        tags=tuple({_place(chance, TAGS) + 1 for _ in range(chance.randrange(4))}),
        option_names=names,
        variants=variants,
        price=amount,
        is_available=not is_gone,
        reviews=reviews,
        stars=stars * max(reviews, 1) // max(min(reviews, 12), 1),
        # New products come every so often, in no order of their numbers.
        published_at=SOME_DAY - timedelta(seconds=chance.randrange(94_608_000)),
    )


def category_of(number: int) -> tuple[str, str]:
    """Return the English and the Chinese name of a category."""
    word = _NOUNS[number % len(_NOUNS)].capitalize()
    return f"{word} {number}", f"{_CHINESE_NOUNS[number % len(_CHINESE_NOUNS)]}{number}"


def tag_of(number: int) -> str:
    """Return the name of a tag."""
    return f"{_ADJECTIVES[number % len(_ADJECTIVES)]} {number}"


def _options(chance: random.Random) -> tuple[tuple[str, ...], list[str]]:
    kind = chance.random()
    if kind < 0.45:
        begin = chance.randrange(3)
        colours = chance.sample(_COLOURS, 2)
        pairs = itertools.product(_SIZES[begin : begin + 2], colours)
        return ("Size", "Colour"), [json.dumps({"Size": size, "Colour": colour}) for size, colour in pairs]
    if kind < 0.6:
        return ("Format",), [json.dumps({"Format": each}) for each in chance.sample(_FORMATS, 2)]
    return (), ["{}"]


def _brand(chance: random.Random) -> str:
    return _brands()[_place(chance, len(_brands()))]


@lru_cache(maxsize=1)
def _brands() -> list[str]:
    made = ["".join(parts) for parts in itertools.product(_BEGINNINGS, _MIDDLES, _MIDDLES, _ENDS)]
    random.Random(7).shuffle(made)
    return made


def _of(chance: random.Random, words: list[str]) -> str:
    return words[_place(chance, len(words))]


def _place(chance: random.Random, size: int) -> int:
    """Return a place that is the more likely the nearer it is to the beginning (about Zipf)."""
    return int(size ** chance.random()) - 1 if chance.random() < 0.8 else chance.randrange(size)


def numbers(begin: int, end: int) -> Iterator[Made]:
    """Yield the products from one number to before another."""
    return (make(number) for number in range(begin, end))
