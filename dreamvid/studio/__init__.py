"""The page in the browser: what `dreamvid studio` serves, for one folder, on this machine alone.

The page shows recipes and films; everything on it is a recipe that the prompt renders to the same
bytes. Needs the extra `studio`.
"""
