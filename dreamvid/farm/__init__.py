"""Films on many machines: what each worker renders, and how a farm is told."""
