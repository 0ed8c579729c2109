"""The networks: their specs, their registry, loading them, and the activations of their layers."""
