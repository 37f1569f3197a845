"""Stripe's OpenAPI file as a judge of our answers: required fields, types, no field that it does not know."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from practice_stripe import API_VERSION

SPEC = Path(__file__).parents[3] / "shared" / "stripe" / f"openapi-{API_VERSION}.json"

needs_spec = pytest.mark.skipif(not SPEC.exists(), reason=f"Stripe's OpenAPI file is not there: {SPEC.name}")


@cache
def spec() -> Any:
    """The file, with its own manner of null turned into JSON Schema's."""
    return _translate(json.loads(SPEC.read_text()))


def _translate(node: Any) -> Any:
    if isinstance(node, list):
        return [_translate(each) for each in node]
    if not isinstance(node, dict):
        return node
    schema = {key: _translate(value) for key, value in node.items()}
    if schema.get("type") == "object" and schema.get("properties") and "additionalProperties" not in schema:
        schema["additionalProperties"] = False
    if schema.pop("nullable", False) is True:
        return {"anyOf": [schema, {"type": "null"}]}
    return schema


def complain(value: Any, schema: Any) -> list[str]:
    """What is wrong with a value, one sentence for each mistake."""
    root = {**schema, "components": spec()["components"]}
    errors = Draft202012Validator(root).iter_errors(value)
    return [f"{'.'.join(map(str, error.absolute_path))}: {_deepest(error)}" for error in errors]


def _deepest(error: Any) -> str:
    while error.context:
        error = min(error.context, key=lambda each: (each.validator == "type", -len(each.absolute_path)))
    path = ".".join(map(str, error.absolute_path))
    return f"{path} {error.message[:300]}"


def complain_of_object(thing: Any) -> list[str]:
    """What is wrong with an object of Stripe's, which names its own kind."""
    mistakes = complain(thing, {"$ref": f"#/components/schemas/{thing['object']}"})
    if thing["object"] == "event":
        mistakes += complain_of_object(thing["data"]["object"])
        if thing["type"] not in spec()["x-event-types"]:
            mistakes.append(f"there is no event {thing['type']}")
    return mistakes


def complain_of_answer(method: str, path: str, body: Any) -> list[str]:
    """What is wrong with the answer to a request."""
    for template, operations in spec()["paths"].items():
        pattern = re.sub(r"\{[^}]+\}", "[^/]+", template)
        if re.fullmatch(pattern, path) and method.lower() in operations:
            answer = operations[method.lower()]["responses"]["200"]
            return complain(body, answer["content"]["application/json"]["schema"])
    return [f"{method} {path} is not in the API"]
