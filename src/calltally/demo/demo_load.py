"""The demo's calls on their way in, through the same intake as everybody's."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import batched, count
