"""Chapters and lessons, as the owner fills them in."""

import re
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import BooleanField, StringField
from wtforms.validators import StopValidation

from storefront.accounts.forms import trimmed
from storefront.admin.forms.fields import (
    DurationField,
    MomentField,
    OwnerForm,
    SeenForm,
    chinese,
    in_chinese,
    line_field,
    plain_duration,
    plain_moment,
    state_of,
    text_field,
)
from storefront.catalog.models import Chapter, Content, Lesson
from storefront.catalog.service.lessons import MOST_DAYS

TITLE_NEEDED = _("Please enter a title.")
# Captions and transcripts of a long film are longer than other texts.
_LONGEST_TRANSCRIPT = 200_000


class DaysField(StringField):  # type: ignore[misc]  # wtforms is not typed
    """A number of days; ``days`` is None when empty."""

    days: int | None = None

    def pre_validate(self, form: Any) -> None:
        """Read the number."""
        text = trimmed(self.data)
        if not text:
            return
        if not re.fullmatch(r"[0-9]{1,4}", text, re.ASCII) or int(text) > MOST_DAYS:
            raise StopValidation(gettext("Please enter a number of days, such as 7."))
        self.days = int(text)


class TitleForm(OwnerForm):
    """Only a title, for a new chapter or lesson."""

    title = line_field(_("Title"), 200, TITLE_NEEDED)


class ChapterForm(SeenForm):
    """A chapter's title."""

    title = line_field(_("Title"), 200, TITLE_NEEDED)
    title_zh = line_field(_("Title in Chinese"), 200)

    @property
    def translations(self) -> dict[str, dict[str, str]]:
        """The Chinese title."""
        return chinese(title=self.title_zh.data)


class LessonForm(SeenForm):
    """A lesson's words, when it opens, and what the list of lessons says about it."""

    title = line_field(_("Title"), 200, TITLE_NEEDED)
    body = text_field(_("Text"))
    duration = DurationField(_("Duration"))
    is_preview = BooleanField(_("Everybody may take this lesson, as a sample"))
    is_stream_only = BooleanField(_("Only to be watched or heard here, without a download"))
    opens_after_days = DaysField(_("Opens so many days after the purchase"))
    opens_at = MomentField(_("Or opens for all on a day"))
    transcript = text_field(_("Transcript"), _LONGEST_TRANSCRIPT)
    title_zh = line_field(_("Title"), 200)
    body_zh = text_field(_("Text"))
    transcript_zh = text_field(_("Transcript"), _LONGEST_TRANSCRIPT)

    @property
    def translations(self) -> dict[str, dict[str, str]]:
        """The Chinese texts."""
        return chinese(title=self.title_zh.data, body=self.body_zh.data, transcript=self.transcript_zh.data)


class OpeningForm(OwnerForm):
    """In which steps a whole course opens."""

    every_days = DaysField(_("Days between"))


def lesson_form(lesson: Lesson, formdata: Any = None) -> LessonForm:
    """Return the form of a lesson."""
    values = {
        "seen": lesson_state(lesson),
        "title": lesson.title,
        "body": lesson.body,
        "duration": plain_duration(lesson.duration_seconds),
        "is_preview": lesson.is_preview,
        "is_stream_only": lesson.is_stream_only,
        "opens_after_days": "" if lesson.opens_after_days is None else str(lesson.opens_after_days),
        "opens_at": plain_moment(lesson.opens_at),
        "transcript": lesson.transcript,
        "title_zh": in_chinese(lesson, "title"),
        "body_zh": in_chinese(lesson, "body"),
        "transcript_zh": in_chinese(lesson, "transcript"),
    }
    return LessonForm(formdata, data=values)


def lesson_state(lesson: Lesson) -> str:
    """Return a mark of what the form of the lesson shows."""
    return state_of(
        lesson.title,
        lesson.body,
        lesson.duration_seconds,
        lesson.is_preview,
        lesson.is_stream_only,
        lesson.translations,
        lesson.opens_after_days,
        plain_moment(lesson.opens_at),
        lesson.transcript,
    )


def chapter_form(chapter: Chapter, formdata: Any = None) -> ChapterForm:
    """Return the form of a chapter."""
    values = {
        "seen": chapter_state(chapter),
        "title": chapter.title,
        "title_zh": in_chinese(chapter, "title"),
    }
    return ChapterForm(formdata, data=values)


def chapter_state(chapter: Chapter) -> str:
    """Return a mark of what the form of the chapter shows."""
    return state_of(chapter.title, chapter.translations)


def outline_state(course: Content) -> str:
    """Return a mark of what the outline of a course shows: which chapters and lessons, in which order, called what."""
    return state_of(
        *(
            [chapter.public_id, chapter.title, *([one.public_id, one.title] for one in chapter.lessons)]
            for chapter in course.chapters
        )
    )


def titles_in(formdata: Any) -> dict[str, str]:
    """Return the titles that the outline sends, by the public id of the chapter or lesson."""
    return {
        name.removeprefix("title-"): trimmed(value)
        for name, value in list(formdata.items())[:3000]
        if name.startswith("title-")
    }
