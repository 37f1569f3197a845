"""Gather the texts under ``demo/make/texts/`` into ``demo/catalogue.json``, which the shop reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from demo.make.kit import DEMO

TEXTS = Path(__file__).resolve().parent / "texts"


def gather() -> dict[str, Any]:
    """Return shop, categories and products; the products in the order of their file names."""
    catalogue: dict[str, Any] = yaml.safe_load((TEXTS / "shop.yaml").read_text("utf-8"))
    catalogue["products"] = [
        yaml.safe_load(path.read_text("utf-8")) for path in sorted(TEXTS.glob("[0-9]*.yaml"))
    ]
    return catalogue


def as_json() -> str:
    """Return the catalogue as the text of ``catalogue.json``."""
    return json.dumps(gather(), ensure_ascii=False, indent=2) + "\n"


def make() -> None:
    """Write ``demo/catalogue.json``."""
    (DEMO / "catalogue.json").write_text(as_json(), "utf-8")


if __name__ == "__main__":
    make()
