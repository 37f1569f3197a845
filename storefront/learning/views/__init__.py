"""The learners' pages, by subject."""

from storefront.learning.views import certificates, discussion, lessons, notes, opting_out, quizzes
from storefront.learning.views.blueprint import learning

__all__ = ["certificates", "discussion", "learning", "lessons", "notes", "opting_out", "quizzes"]
