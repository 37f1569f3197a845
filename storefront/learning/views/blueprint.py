"""The pages of learners, for whoever knows the unguessable address of a purchase. None of them is ever kept."""

from flask import Blueprint

learning = Blueprint("learning", __name__)
