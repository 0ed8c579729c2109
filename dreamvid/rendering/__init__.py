"""Rendering a recipe to disk: plan, record, resume, extend, preview."""
