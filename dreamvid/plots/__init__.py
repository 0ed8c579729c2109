"""Plots: a report, a recipe's schedules, an objective over steps."""
