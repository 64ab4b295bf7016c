"""Declaring: the optional health declaration by keys."""

from hotline.calls.heard import Heard
from hotline.calls.talks import Talk


class DeclarationPlace:
    """Leads back while the module is switched off."""

    def enter(self, talk: Talk) -> None:
        talk.say("declaration_off")
        talk.back()

    def hear(self, talk: Talk, heard: Heard) -> bool:
        return False
