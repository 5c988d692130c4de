"""`python -m bot COMMAND`, which is what ./run calls."""

import sys

from bot.cli.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
