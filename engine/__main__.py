"""``python -m engine`` is ``matthan``."""

from engine.cli import main

if __name__ == "__main__":
    main()
