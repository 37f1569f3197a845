"""The entry point for supervisor (``python worker.py``) and cron (``python worker.py --burst``)."""

import sys

from storefront.cli import main

if __name__ == "__main__":
    sys.exit(main(["worker", *sys.argv[1:]]))
