"""`python -m sc_neurocore` is the program `sc-neurocore`."""

from .cli import main

if __name__ == "__main__":
    main()
