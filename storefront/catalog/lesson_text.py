"""The text of a lesson: markdown in which the lesson's own files can be shown as pictures, by their names.

``![A grid](grid.png)`` shows the file ``grid.png`` of the lesson. Its address is made anew for each reader, so that a
picture opens for nobody else.
"""

import html
import re
from collections.abc import Callable, Sequence
from urllib.parse import unquote

from markupsafe import Markup

from storefront.catalog.models import LessonFile
from storefront.storage.kinds import may_be_shown
from storefront.web.markdown import render_markdown

_SOURCE = re.compile(r'(<img[^>]*?\ssrc=")([^"]*)(")')


def lesson_html(text: str, files: Sequence[LessonFile], address_of: Callable[[LessonFile], str]) -> Markup:
    """Return the text as safe HTML, with the pictures that the lesson has under their names."""
    pictures = {one.file.filename: one for one in files if is_picture(one)}
    if not pictures:
        return render_markdown(text)

    def source(match: re.Match[str]) -> str:
        named = pictures.get(unquote(html.unescape(match[2])).removeprefix("./"))
        return match[1] + (html.escape(address_of(named)) if named else match[2]) + match[3]

    return Markup(_SOURCE.sub(source, render_markdown(text)))  # noqa: S704 - cleaned by render_markdown


def is_picture(lesson_file: LessonFile) -> bool:
    """Whether the file can stand in a text."""
    kind = lesson_file.file.content_type
    return kind.startswith("image/") and may_be_shown(kind)
