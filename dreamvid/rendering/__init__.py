"""A recipe carried out on disk."""
