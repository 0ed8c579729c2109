"""Measuring a dreamed film against its source: flicker, drift, strength."""
