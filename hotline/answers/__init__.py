"""Answers: official documents with an owner, a source, a validity and an approver."""
