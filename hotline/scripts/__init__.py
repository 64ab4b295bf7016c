"""Scripts: what the hotline asks and where each key leads, as a document that is checked."""
