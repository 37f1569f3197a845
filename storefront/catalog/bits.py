"""Sets of products as bits: product 5 is in the set when bit 5 of its first block is one. Integers do the rest.

A set is a tuple of blocks of 8192 products, each an integer, so that what is empty costs nothing, counting may stop
early, and a change writes at most 1 KB into the database. Cutting two sets of a million takes some 30 µs
(docs/decisions/facets.md).
"""

import sys
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest

Bits = tuple[int, ...]

BLOCK = 8192
NONE: Bits = ()
_BLOCK_BYTES = BLOCK // 8
_DENSE, _SPARSE = b"\x00", b"\x01"
# Two bytes a member: above this the bits themselves are shorter.
_MOST_SPARSE = _BLOCK_BYTES // 2 - 1
_SAMPLED_BLOCKS = 8
# So many are looked for one by one; more by looking at each byte.
_FEW = 100


def pack(block: int) -> bytes:
    """Return a block for the database: the places of its members, or the bits where there are many."""
    if block.bit_count() > _MOST_SPARSE:
        return _DENSE + block.to_bytes(_BLOCK_BYTES, "little")
    places = array("H", _places(block))
    if sys.byteorder == "big":
        places.byteswap()
    return _SPARSE + places.tobytes()


def unpack(packed: bytes) -> int:
    """Return the block that was packed."""
    if packed[:1] == _DENSE:
        return int.from_bytes(packed[1:], "little")
    places = array("H")
    places.frombytes(packed[1:])
    if sys.byteorder == "big":
        places.byteswap()
    block = bytearray(_BLOCK_BYTES)
    for place in places:
        block[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(block, "little")


def join(blocks: Mapping[int, int]) -> Bits:
    """Return the set with these blocks by number."""
    return tuple(blocks.get(number, 0) for number in range(max(blocks, default=-1) + 1))


def of(members: Iterable[int]) -> Bits:
    """Return the set with these members."""
    blocks: dict[int, bytearray] = {}
    for member in members:
        number, place = divmod(member, BLOCK)
        block = blocks.get(number)
        if block is None:
            block = blocks[number] = bytearray(_BLOCK_BYTES)
        block[place >> 3] |= 1 << (place & 7)
    return join({number: int.from_bytes(block, "little") for number, block in blocks.items()})


def members(bits: Bits) -> Iterator[int]:
    """Yield the members in ascending order."""
    for number, block in enumerate(bits):
        if block:
            for place in _places(block):
                yield number * BLOCK + place


def has(bits: Bits, member: int) -> bool:
    """Whether it is a member."""
    number, place = divmod(member, BLOCK)
    return number < len(bits) and bool(bits[number] >> place & 1)


def both(one: Bits, other: Bits) -> Bits:
    """Return what is in both sets."""
    return tuple(a and b and a & b for a, b in zip(one, other, strict=False))


def either(one: Bits, other: Bits) -> Bits:
    """Return what is in at least one of them."""
    return tuple(a | b for a, b in zip_longest(one, other, fillvalue=0))


def without(one: Bits, other: Bits) -> Bits:
    """Return what is in the first set only."""
    return tuple(a and (a ^ (a & b)) for a, b in zip_longest(one, other, fillvalue=0))


def first(member: int) -> Bits:
    """Return the set of all that come before this one."""
    number, place = divmod(member, BLOCK)
    return (*((1 << BLOCK) - 1 for _ in range(number)), (1 << place) - 1)


def count(bits: Bits, most: int | None = None) -> int:
    """Return the number of members; counting stops when there are more than ``most``."""
    return count_both(bits, bits, most)


def count_both(one: Bits, other: Bits, most: int | None = None) -> int:
    """Return how many are in both sets; counting stops when there are more than ``most``."""
    found = 0
    for a, b in zip(one, other, strict=False):
        if a and b:
            found += (a & b).bit_count()
            if most is not None and found > most:
                break
    return found


# ---- Numbers as sets: digits[i] holds the products whose number has the binary digit i (a bit-sliced index).


def below(all_: Bits, digits: Sequence[Bits], bound: int) -> Bits:
    """Return those of ``all_`` whose number is below ``bound``."""
    if bound <= 0:
        return NONE
    if bound >> len(digits):
        return all_
    less, equal = NONE, all_
    for place in range(len(digits) - 1, -1, -1):
        with_one = both(equal, digits[place])
        if bound >> place & 1:
            less = either(less, without(equal, with_one))
            equal = with_one
        else:
            equal = without(equal, with_one)
    return less


def foremost(all_: Bits, digits: Sequence[Bits], size: int, *, highest: bool) -> list[int]:
    """Return the ``size`` members with the highest (or lowest) numbers, in no order.

    Among equals the highest (or lowest) members are taken.
    """
    taken: list[int] = []
    open_, missing = all_, size
    for place in range(len(digits) - 1, -1, -1):
        with_one = both(open_, digits[place])
        better = with_one if highest else without(open_, with_one)
        if count(better, missing) > missing:
            open_ = better
            continue
        found = list(members(better))
        taken += found
        missing -= len(found)
        if not missing:
            return taken
        open_ = without(open_, better)
    return taken + _last(open_, missing, highest=highest)


def quantiles(all_: Bits, digits: Sequence[Bits], parts: int) -> list[int]:
    """Return the numbers that divide the members into parts of about equal size, from some of the blocks."""
    step = max(1, len(all_) // _SAMPLED_BLOCKS)
    sample = all_[::step]
    narrow = [digit[::step] for digit in digits]
    size = count(sample)
    return [_nth_lowest(sample, narrow, size * part // parts) for part in range(1, parts)] if size else []


def _nth_lowest(all_: Bits, digits: Sequence[Bits], rank: int) -> int:
    number, open_, left = 0, all_, rank
    for place in range(len(digits) - 1, -1, -1):
        with_one = both(open_, digits[place])
        zeros = without(open_, with_one)
        smaller = count(zeros)
        if left < smaller:
            open_ = zeros
        else:
            left -= smaller
            open_ = with_one
            number |= 1 << place
    return number


def _last(bits: Bits, size: int, *, highest: bool) -> list[int]:
    """Return the highest or the lowest members, so many of them."""
    found: list[int] = []
    numbers = range(len(bits) - 1, -1, -1) if highest else range(len(bits))
    for number in numbers:
        if len(found) >= size:
            break
        if bits[number]:
            places = [number * BLOCK + place for place in _places(bits[number])]
            found += places[::-1] if highest else places
    return found[:size]


def _places(block: int) -> Iterator[int]:
    if block.bit_count() < _FEW:
        while block:
            lowest = block & -block
            yield lowest.bit_length() - 1
            block ^= lowest
        return
    for offset, byte in enumerate(block.to_bytes(_BLOCK_BYTES, "little")):
        while byte:
            yield offset * 8 + (byte & -byte).bit_length() - 1
            byte &= byte - 1
