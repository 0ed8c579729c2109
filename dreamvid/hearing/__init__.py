"""What can be heard in a film's sound, as numbers for its frames."""
