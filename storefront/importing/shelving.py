"""The categories that a file names, found or made."""

from storefront.catalog.models import Category
from storefront.catalog.queries import list_categories
from storefront.catalog.service import categories
from storefront.catalog.service.categories import CategoryInput
from storefront.importing.records import Shelf


class Shelves:
    """The tree of categories as it is in the present session."""

    def __init__(self) -> None:
        self._all = list_categories()

    def find(self, way: list[Shelf]) -> Category | None:
        """Return the category at the end of the way, or None when it has to be made."""
        found: Category | None = None
        for step in way:
            found = self._step(step, found)
            if found is None:
                return None
        return found

    def make(self, way: list[Shelf]) -> Category | None:
        """Return the category at the end of the way, made with all that is missing before it.

        Raises:
            Refused: there are too many. InvalidField: an address is odd.
        """
        found: Category | None = None
        for step in way:
            found = self._step(step, found) or self._new(step, found)
        return found

    def _step(self, step: Shelf, parent: Category | None) -> Category | None:
        if step.slug:
            return next((each for each in self._all if each.slug == step.slug), None)
        parent_id = parent.id if parent else None
        name = step.name.casefold()
        return next(
            (each for each in self._all if each.parent_id == parent_id and name in _names(each)), None
        )

    def _new(self, step: Shelf, parent: Category | None) -> Category:
        made = categories.create(
            CategoryInput(
                step.name, step.slug, parent_id=parent.id if parent else None, translations=step.translations
            )
        )
        self._all.append(made)
        return made


def _names(category: Category) -> set[str]:
    translated = [texts.get("name", "") for texts in (category.translations or {}).values()]
    return {name.casefold() for name in (category.name, *translated)}
