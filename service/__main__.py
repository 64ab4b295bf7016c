"""``python -m service`` is ``loa``."""

from service.cli.app import main

main()
