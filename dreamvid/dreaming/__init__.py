"""The dream itself: the one package that imports TensorFlow.

Nothing is imported here: `Dreamer` is in `dreaming.dreamer`, the networks in `dreaming.networks`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

around_import: Callable[[], AbstractContextManager[Any]] = nullcontext
"""What TensorFlow's first import happens in. The command line sets it to `silence.silenced`, which
redirects a file descriptor of the whole process: a program may do that, a library may not."""
