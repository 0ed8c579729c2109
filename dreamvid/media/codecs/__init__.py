"""Codecs: how frames become films and pictures. `table` lists them all."""
