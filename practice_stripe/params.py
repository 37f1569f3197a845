"""Reading form-encoded parameters as strictly as Stripe does.

A value is read by a *kind* (``Text``, ``Integer``, ``Mapping`` ...), which returns it typed or raises
``InvalidParamsError`` with Stripe's words, code and the name of the parameter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from practice_stripe.currencies import CURRENCIES
from practice_stripe.errors import InvalidParamsError

Raw = Any  # str, or a dict of Raw as the brackets nest

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_MAX_DEPTH = 8
_MAX_FIELDS = 10_000
METADATA_KEYS, METADATA_KEY_LENGTH, METADATA_VALUE_LENGTH = 50, 40, 500


class Kind(Protocol):
    """How one parameter is read."""

    def read(self, raw: Raw, name: str) -> Any:
        """Return the typed value of ``raw``; raise InvalidParamsError that names ``name``."""


def decode(encoded: bytes | str) -> dict[str, Raw]:
    """Return the nested parameters of a form body or query string."""
    try:
        text = encoded.decode("ascii") if isinstance(encoded, bytes) else encoded
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except (UnicodeDecodeError, ValueError) as error:
        raise InvalidParamsError("Invalid request: the parameters could not be decoded.") from error
    tree: dict[str, Raw] = {}
    for name, value in pairs:
        _place(tree, name, value)
    return tree


def _place(tree: dict[str, Raw], name: str, value: str) -> None:
    match = _NAME.fullmatch(name)
    steps = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])] if match else [name]
    if len(steps) > _MAX_DEPTH:
        raise InvalidParamsError(f"Invalid parameter: {name[:100]} is nested too deeply.", param=name[:100])
    branch = tree
    for step in steps[:-1]:
        branch = _descend(branch, step, name)
    last = steps[-1] or str(len(branch))
    branch[last] = value


def _descend(branch: dict[str, Raw], step: str, name: str) -> dict[str, Raw]:
    inner = branch.setdefault(step or str(len(branch)), {})
    if not isinstance(inner, dict):
        raise InvalidParamsError(f"Invalid parameter: {name} is both a value and an object.", param=name)
    return inner


@dataclass(frozen=True)
class Text:
    """A string, optionally one of ``choices``."""

    maximum: int = 5000
    choices: tuple[str, ...] = ()
    unset: bool = False

    def read(self, raw: Raw, name: str) -> str | None:
        text = _string(raw, name)
        if text == "" and self.unset:
            return None
        _refuse_empty(text, name)
        if self.choices and text not in self.choices:
            raise InvalidParamsError(f"Invalid {name}: must be one of {_either(self.choices)}", param=name)
        if len(text) > self.maximum:
            message = f"Invalid string: {text[:40]}...; must be at most {self.maximum} characters"
            raise InvalidParamsError(message, param=name)
        return text


@dataclass(frozen=True)
class Integer:
    """A whole number within limits."""

    minimum: int | None = None
    maximum: int | None = None

    def read(self, raw: Raw, name: str) -> int:
        text = _string(raw, name)
        _refuse_empty(text, name)
        if not re.fullmatch(r"[+-]?\d{1,18}", text, re.ASCII):
            raise InvalidParamsError(
                f"Invalid integer: {text[:40]}", param=name, code="parameter_invalid_integer"
            )
        number = int(text)
        if self.minimum is not None and number < self.minimum:
            message = f"This value must be greater than or equal to {self.minimum}."
            raise InvalidParamsError(message, param=name, code="parameter_invalid_integer")
        if self.maximum is not None and number > self.maximum:
            message = f"This value must be less than or equal to {self.maximum}."
            raise InvalidParamsError(message, param=name, code="parameter_invalid_integer")
        return number


@dataclass(frozen=True)
class Number:
    """A decimal number within limits."""

    minimum: float
    maximum: float

    def read(self, raw: Raw, name: str) -> float:
        text = _string(raw, name)
        _refuse_empty(text, name)
        if not re.fullmatch(r"\d{1,12}(\.\d{1,4})?", text, re.ASCII):
            raise InvalidParamsError(f"Invalid number: {text[:40]}", param=name)
        number = float(text)
        if not self.minimum <= number <= self.maximum:
            message = f"This value must be between {self.minimum:g} and {self.maximum:g}."
            raise InvalidParamsError(message, param=name)
        return number


class Boolean:
    """``true`` or ``false``."""

    def read(self, raw: Raw, name: str) -> bool:
        text = _string(raw, name)
        if text not in ("true", "false"):
            raise InvalidParamsError(f"Invalid boolean: {text[:40]}", param=name)
        return text == "true"


class Timestamp:
    """A Unix time in seconds."""

    def read(self, raw: Raw, name: str) -> int:
        return Integer(minimum=0, maximum=10**11).read(raw, name)


class Range:
    """A Unix time, or limits ``gt``, ``gte``, ``lt``, ``lte``; returned as such a dict."""

    def read(self, raw: Raw, name: str) -> dict[str, int]:
        if not isinstance(raw, dict):
            moment = Timestamp().read(raw, name)
            return {"gte": moment, "lte": moment}
        limits = {limit: Timestamp() for limit in ("gt", "gte", "lt", "lte")}
        found: dict[str, int] = Mapping(limits).read(raw, name)
        return found


class Url:
    """An absolute http or https address."""

    def read(self, raw: Raw, name: str) -> str:
        text = _string(raw, name)
        _refuse_empty(text, name)
        if not _is_web_address(text):
            raise InvalidParamsError("Not a valid URL", param=name, code="url_invalid")
        return text


# Addresses that are sound and refused all the same, to practise that, too.
REFUSED_ADDRESSES = "@refused.example"


class Email:
    """An e-mail address, loosely checked."""

    def read(self, raw: Raw, name: str) -> str:
        text = _string(raw, name)
        _refuse_empty(text, name)
        if not is_email(text) or text.lower().endswith(REFUSED_ADDRESSES):
            raise InvalidParamsError(f"Invalid email address: {text[:100]}", param=name, code="email_invalid")
        return text


class Currency:
    """One of Stripe's currencies, returned in lower case."""

    def read(self, raw: Raw, name: str) -> str:
        text = _string(raw, name)
        _refuse_empty(text, name)
        if text.lower() not in CURRENCIES:
            supported = ", ".join(sorted(CURRENCIES))
            message = (
                f"Invalid currency: {text[:20]}. Stripe currently supports these currencies: {supported}"
            )
            raise InvalidParamsError(message, param=name)
        return text.lower()


class Metadata:
    """Keys and values; an empty value removes its key, an empty string in place of all removes everything.

    Returned as a dict whose removed keys are None, or None for "remove everything".
    """

    def read(self, raw: Raw, name: str) -> dict[str, str | None] | None:
        if raw == "":
            return None
        if not isinstance(raw, dict):
            raise InvalidParamsError(
                "Invalid metadata: metadata must be a set of key-value pairs", param=name
            )
        if len(raw) > METADATA_KEYS:
            message = f"Metadata can only have up to {METADATA_KEYS} keys, but you passed in {len(raw)}."
            raise InvalidParamsError(message, param=name)
        return {key: self._value(key, value, f"{name}[{key}]") for key, value in raw.items()}

    def _value(self, key: str, raw: Raw, name: str) -> str | None:
        text = _string(raw, name)
        if len(key) > METADATA_KEY_LENGTH:
            message = f"Metadata keys can have up to {METADATA_KEY_LENGTH} characters: {key}"
            raise InvalidParamsError(message, param=name)
        if len(text) > METADATA_VALUE_LENGTH:
            message = (
                f"Metadata values can have up to {METADATA_VALUE_LENGTH} characters, but you passed in a "
                f"value that is {len(text)} characters. Invalid value: {text[:40]}..."
            )
            raise InvalidParamsError(message, param=name)
        return text or None


@dataclass(frozen=True)
class ListOf:
    """A list of one kind, ``name[0]``, ``name[1]`` or ``name[]``."""

    item: Kind
    maximum: int | None = None
    minimum: int = 0
    unset: bool = False

    def read(self, raw: Raw, name: str) -> list[Any]:
        if raw == "" and self.unset:
            return []
        if not isinstance(raw, dict) or not all(key.isdecimal() for key in raw):
            raise InvalidParamsError("Invalid array", param=name)
        if self.maximum is not None and len(raw) > self.maximum:
            message = f"Array {name} exceeded maximum {self.maximum} allowed elements."
            raise InvalidParamsError(message, param=name)
        if len(raw) < self.minimum:
            raise InvalidParamsError(f"Array {name} must have at least {self.minimum} elements.", param=name)
        ordered = sorted(raw, key=int)
        return [self.item.read(raw[key], f"{name}[{place}]") for place, key in enumerate(ordered)]


@dataclass(frozen=True)
class Mapping:
    """An object with known fields.

    ``unspoken`` are fields of Stripe that Practice Stripe does not act on: they are refused by name rather
    than quietly ignored.
    """

    fields: Table[str, Kind] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    unspoken: frozenset[str] = frozenset()

    def read(self, raw: Raw, name: str = "") -> dict[str, Any]:
        if not isinstance(raw, dict):
            raise InvalidParamsError("Invalid object", param=name)
        self._refuse_unknown(raw, name)
        missing = [key for key in self.required if key not in raw]
        if missing:
            param = _inside(name, missing[0])
            raise InvalidParamsError(
                f"Missing required param: {param}.", param=param, code="parameter_missing"
            )
        return {
            key: kind.read(raw[key], _inside(name, key)) for key, kind in self.fields.items() if key in raw
        }

    def _refuse_unknown(self, raw: dict[str, Raw], name: str) -> None:
        unknown = [_inside(name, key) for key in raw if key not in self.fields and key not in self.unspoken]
        if unknown:
            word = "parameter" if len(unknown) == 1 else "parameters"
            message = f"Received unknown {word}: {', '.join(unknown)}"
            raise InvalidParamsError(message, param=unknown[0], code="parameter_unknown")
        for key in raw:
            if key in self.unspoken:
                param = _inside(name, key)
                raise InvalidParamsError(
                    f"Practice Stripe does not speak {param}; Stripe itself does.", param=param
                )


def is_email(text: str) -> bool:
    """Say whether ``text`` could be an e-mail address."""
    return len(text) <= 254 and re.fullmatch(r"[^@\s,;<>]+@[^@\s,;<>.]+(\.[^@\s,;<>.]+)+", text) is not None


def merge_metadata(old: dict[str, str], new: dict[str, str | None] | None) -> dict[str, str]:
    """Return ``old`` changed by ``new`` as read by Metadata; raise InvalidParamsError above 50 keys."""
    if new is None:
        return {}
    merged = {key: value for key, value in {**old, **new}.items() if value is not None}
    if len(merged) > METADATA_KEYS:
        raise InvalidParamsError(f"Metadata can only have up to {METADATA_KEYS} keys.", param="metadata")
    return merged


def _inside(name: str, key: str) -> str:
    return f"{name}[{key}]" if name else key


def _string(raw: Raw, name: str) -> str:
    if not isinstance(raw, str):
        raise InvalidParamsError(f"Invalid string: {name} must be a string", param=name)
    if "\x00" in raw:
        raise InvalidParamsError("Invalid string: it holds a null byte", param=name)
    return raw


def _refuse_empty(text: str, name: str) -> None:
    if text == "":
        message = (
            f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a "
            f"parameter; however '{name}' cannot be unset. You should remove '{name}' from your request or "
            "supply a non-empty value."
        )
        raise InvalidParamsError(message, param=name, code="parameter_invalid_empty")


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"[\s\\]", text)
    except ValueError:
        return False


def _either(choices: Iterable[str]) -> str:
    *most, last = choices
    if not most:
        return last
    return f"{', '.join(most)}, or {last}" if len(most) > 1 else f"{most[0]} or {last}"
