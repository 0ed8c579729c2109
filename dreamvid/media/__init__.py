"""The only rooms that open files: `probe` and `read` what was given, `write` what is made."""
