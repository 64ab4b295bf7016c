"""Speaking: written texts as a voice must say them, and how long that takes."""
