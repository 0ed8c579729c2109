"""The networks that dream: what is known of each, how it is loaded, what its layers give."""
