"""``python -m wengert_client.command``: the command where it is not installed."""

import sys

from wengert_client.command import main

if __name__ == "__main__":
    sys.exit(main())
