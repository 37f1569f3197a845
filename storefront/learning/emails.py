"""Mails about courses: a lesson has opened, somebody asked, somebody answered, the certificate is there."""

from typing import Any

from flask_babel import gettext

from storefront.catalog.models import Chapter, Content, Lesson, Product
from storefront.core import db
from storefront.core.errors import N_
from storefront.fulfilment.models import Entitlement
from storefront.fulfilment.service import is_active
from storefront.learning import certificates, discussion
from storefront.learning.models import Certificate, LessonPost
from storefront.learning.opting_out import LESSON_OPEN, QUESTION_ANSWERED, has_opted_out, opt_out_path
from storefront.notifications.rendering import Mail, Variable, block, mail, render_mail
from storefront.shop.service import shop_view
from storefront.web.language import in_language, speaking
from storefront.web.links import absolute_url

_OPT_OUT = Variable(N_("The page to hear no more of it"), "/learning/opt-out/example", needed=True)
_LESSON = Variable(N_("The title of the lesson"), N_("The first lesson"))
_NAME = Variable(N_("Who wrote it"), "Anna")
_WORDS = Variable(N_("What was written"), N_("How long is a line?\nAnd why?"), needed=True)


@mail(
    LESSON_OPEN,
    title=N_("A lesson has opened"),
    variables={
        "course": Variable(N_("The title of the course"), N_("A small course")),
        "open_lessons": Variable(
            N_("The lessons that have opened, with links"),
            N_("The first lesson\nhttps://shop.example.org/library/example"),
            needed=True,
        ),
        "opt_out_url": _OPT_OUT,
    },
)
def lesson_open(args: dict[str, Any], language: str) -> Mail | None:
    """Say which lessons have opened; nothing when they are gone, or so is the access."""
    entitlement = db.session().get(Entitlement, args["entitlement_id"])
    if entitlement is None or not is_active(entitlement) or has_opted_out(entitlement.email, LESSON_OPEN):
        return None
    found = (db.session().get(Lesson, lesson_id) for lesson_id in args["lesson_ids"])
    lessons = [(lesson, _lesson_url(entitlement, lesson, language)) for lesson in found if lesson is not None]
    if not lessons:
        return None
    return render_mail(
        "lesson_open",
        language,
        course=in_language(db.session().get_one(Product, entitlement.product_id), "title", language),
        open_lessons=block("_open_lessons", language, lessons=lessons),
        opt_out_url=absolute_url(opt_out_path(entitlement.email, LESSON_OPEN), language),
    )


@mail(
    discussion.QUESTION_ASKED,
    title=N_("A learner has asked"),
    variables={
        "course": Variable(N_("The title of the course"), N_("A small course")),
        "lesson": _LESSON,
        "name": _NAME,
        "words": _WORDS,
        "thread_url": Variable(N_("The page on which you answer"), "/admin/questions/example", needed=True),
    },
)
def question_asked(args: dict[str, Any], language: str) -> Mail | None:
    """Tell the owner what a learner has written."""
    post = _visible(args["post_id"])
    if post is None:
        return None
    question = db.session().get_one(LessonPost, post.question_id or post.id)
    return render_mail(
        "question_asked",
        language,
        course=in_language(_product_of(post.lesson_id), "title", language),
        lesson=in_language(db.session().get_one(Lesson, post.lesson_id), "title", language),
        name=_author(post, language),
        words=block("_post", language, body=post.body),
        thread_url=absolute_url(f"/admin/questions/{question.public_id}", language),
    )


@mail(
    QUESTION_ANSWERED,
    title=N_("An answer to a learner"),
    variables={
        "lesson": _LESSON,
        "name": _NAME,
        "words": _WORDS,
        "lesson_url": Variable(N_("The page of the lesson"), "/library/example", needed=True),
        "opt_out_url": _OPT_OUT,
    },
)
def question_answered(args: dict[str, Any], language: str) -> Mail | None:
    """Tell a learner that there is an answer; nothing when it was hidden, or the access is gone."""
    post = _visible(args["post_id"])
    if post is None or post.question_id is None:
        return None
    question = db.session().get_one(LessonPost, post.question_id)
    asker = db.session().get(Entitlement, question.entitlement_id)
    if asker is None or not is_active(asker) or has_opted_out(asker.email, QUESTION_ANSWERED):
        return None
    lesson = db.session().get_one(Lesson, post.lesson_id)
    return render_mail(
        "question_answered",
        language,
        lesson=in_language(lesson, "title", language),
        name=_author(post, language),
        words=block("_post", language, body=post.body),
        lesson_url=f"{_lesson_url(asker, lesson, language)}#question-{question.public_id}",
        opt_out_url=absolute_url(opt_out_path(asker.email, QUESTION_ANSWERED), language),
    )


@mail(
    certificates.ISSUED,
    title=N_("Certificate"),
    variables={
        "course": Variable(N_("The title of the course"), N_("A small course")),
        "certificate_url": Variable(
            N_("The page of the certificate, for its owner"), "/library/example/certificate", needed=True
        ),
        "check_url": Variable(N_("Where everybody can check the certificate"), "/certificates/example"),
    },
)
def certificate(args: dict[str, Any], language: str) -> Mail | None:
    """Send the address of a certificate; nothing when it was revoked meanwhile."""
    issued = db.session().get(Certificate, args["certificate_id"])
    if issued is None:
        return None
    checked = certificates.check(issued.public_id)
    entitlement = db.session().get_one(Entitlement, issued.entitlement_id)
    course = db.session().get(Content, issued.content_id) if issued.content_id else None
    if not checked.is_valid or course is None:
        return None
    own = f"/library/{entitlement.public_id}/courses/{course.public_id}/certificate"
    return render_mail(
        "certificate",
        language,
        course=in_language(checked, "title", language),
        certificate_url=absolute_url(own, language),
        check_url=absolute_url(f"/certificates/{issued.public_id}", language),
    )


def _lesson_url(entitlement: Entitlement, lesson: Lesson, language: str) -> str:
    return absolute_url(f"/library/{entitlement.public_id}/lessons/{lesson.public_id}", language)


def _author(post: LessonPost, language: str) -> str:
    if post.is_owners:
        return shop_view(language).name
    with speaking(language):
        return post.author_name or gettext("Anonymous")


def _visible(post_id: int) -> LessonPost | None:
    post = db.session().get(LessonPost, post_id)
    return post if post is not None and post.hidden_at is None else None


def _product_of(lesson_id: int) -> Product:
    lesson = db.session().get_one(Lesson, lesson_id)
    content_id = db.session().get_one(Chapter, lesson.chapter_id).content_id
    return db.session().get_one(Product, db.session().get_one(Content, content_id).product_id)
