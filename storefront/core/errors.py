"""Errors that a person may see: each has a status and a sentence."""


def N_(sentence: str) -> str:  # noqa: N802 - gettext's usual name
    """Mark a sentence for translation where it stands; it is translated where a person is told."""
    return sentence


class ShopError(Exception):
    """A refusal with an HTTP status and a translatable sentence for the person.

    The sentence is a message id for gettext; ``values`` fill its placeholders.
    """

    status = 400
    sentence = N_("That did not work.")

    def __init__(self, sentence: str | None = None, **values: object) -> None:
        self.sentence = sentence or self.sentence
        self.values = values
        super().__init__(self.sentence % values if values else self.sentence)


class NotFound(ShopError):
    """There is no such thing, or it is not yours: the answer is the same."""

    status = 404
    sentence = N_("We could not find that.")


class Refused(ShopError):
    """It exists, but this may not be done now."""

    status = 409
    sentence = N_("That is not possible now.")


class Forbidden(ShopError):
    """Known who you are, and it is not for you."""

    status = 403
    sentence = N_("This page is not for you.")


class TooMany(ShopError):
    """A ceiling was reached; try later."""

    status = 429
    sentence = N_("That was a little too often. Please wait a few minutes and try again.")


class Unavailable(ShopError):
    """Something that we need (Stripe, storage) does not answer now; nothing was lost."""

    status = 503
    sentence = N_("This does not work right now. Nothing was lost; please try again in a minute.")
