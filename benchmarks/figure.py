"""What a benchmark found out."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number of ours beside the same number of a rival, measured in the same run.

    ``name`` says what was measured and stays the same from version to version; ``less_is_better`` is for
    times and sizes. A figure without a rival stands alone.
    """

    name: str
    unit: str
    ours: float
    rival: str = ""
    theirs: float | None = None
    less_is_better: bool = False

    @property
    def ratio(self) -> float | None:
        """How many times better ours is; below 1 the rival is better."""
        if self.theirs is None or not self.theirs or not self.ours:
            return None
        return self.theirs / self.ours if self.less_is_better else self.ours / self.theirs


def less(name: str, unit: str, ours: float) -> Figure:
    """A figure of ours that stands alone, the less the better."""
    return Figure(name=name, unit=unit, ours=ours, less_is_better=True)


def percentile(values: list[float], percent: float) -> float:
    """The value that so many percent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
