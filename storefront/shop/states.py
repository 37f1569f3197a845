"""How the shop deals with people."""

from enum import StrEnum


class Reminder(StrEnum):
    """How somebody who checks out is asked whether the shop may write once if they do not finish."""

    OFF = "off"  # nobody is asked, and nobody is written to
    CONSENT = "consent"  # only who ticks a box
    OBJECTION = "objection"  # everybody but who ticks a box, where the law allows that
