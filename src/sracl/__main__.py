"""`python -m sracl`: the command line."""

from sracl.cli import main

if __name__ == "__main__":
    main()
