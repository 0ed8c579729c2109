"""How steady and how strong a dreamed film is, beside its source."""
