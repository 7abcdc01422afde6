"""``python -m vosbench``: the same verbs as the ``vosbench`` command."""

from vosbench.cli import main

if __name__ == "__main__":
    main()
