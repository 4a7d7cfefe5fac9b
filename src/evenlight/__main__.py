"""`python -m evenlight`: the command line."""

from evenlight.cli import main

if __name__ == "__main__":
    main()
