"""``python -m storefront``: the same as the command ``storefront``."""

import sys

from storefront.cli import main

sys.exit(main())
