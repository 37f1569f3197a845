"""What the shop is compared with: the least that Flask can do, on the same server."""

from flask import Flask

app = Flask(__name__)


@app.get("/")
def hello() -> str:
    """Return a short text."""
    return "Hello, World!"
