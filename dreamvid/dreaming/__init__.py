"""Gradient ascent over octaves: the only package that imports TensorFlow.

This module imports nothing of it: `Dreamer` is in `dreaming.dreamer`, the networks in
`dreaming.networks`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

around_import: Callable[[], AbstractContextManager[Any]] = nullcontext
"""Makes the context manager around TensorFlow's first import. The command line sets it to
`silence.silenced`, which redirects a file descriptor of the whole process: a program may do that, a
library may not."""
