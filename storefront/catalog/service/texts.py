"""Texts in several languages."""


def merged(
    present: dict[str, dict[str, str]] | None, wanted: dict[str, dict[str, str]]
) -> dict[str, dict[str, str]]:
    """Return translations with the wanted texts put in; empty ones go, what the form does not know stays."""
    result: dict[str, dict[str, str]] = {}
    for language in {*(present or {}), *wanted}:
        texts = {**(present or {}).get(language, {}), **wanted.get(language, {})}
        kept = {name: text for name, text in texts.items() if text}
        if kept:
            result[language] = kept
    return result
