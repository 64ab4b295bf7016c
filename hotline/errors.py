"""Everything that the hotline can refuse to do, in one tree.

HotlineError
"""


class HotlineError(Exception):
    """A rule of the hotline was broken; the message is fit for the person who asked."""
