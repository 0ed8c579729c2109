"""Pictures of numbers: a report, a recipe's schedules, the course of an objective."""
