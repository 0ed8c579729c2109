"""The only package that opens pictures, clips and films: `probe`, `read`, `outputs`."""
