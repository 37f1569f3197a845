"""What can be wrong with what the owner typed."""

from storefront.core.errors import N_, Refused, ShopError


class InvalidField(ShopError):
    """One field does not fit; ``field`` is its name in the form."""

    status = 422

    def __init__(self, field: str, sentence: str, **values: object) -> None:
        super().__init__(sentence, **values)
        self.field = field


class SavedMeanwhile(Refused):
    """Another tab has saved the same thing since this form was opened; nothing was overwritten."""

    sentence = N_("This was saved in another window in the meantime.")


class StillNeeded(Refused):
    """Something that was sold or given out depends on it, so that it must stay."""

    sentence = N_("This is still needed by orders and can't be deleted. Archive it instead.")
