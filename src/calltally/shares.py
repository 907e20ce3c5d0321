"""Fair shares of a limited resource among organizations."""


class Shares:
    """Divides ``limit`` units among holders: a holder may hold as much as is otherwise free.

    This is the dynamic threshold of switch buffers (Choudhury and Hahne): a single holder gets half, two get
    a third each, and a new holder always finds as much free as the largest holder has. A holder of nothing
    may take one unit while there is any. Belongs to one event loop.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0
        self._held_by: dict[str, int] = {}

    def held_by(self, holder: str) -> int:
        return self._held_by.get(holder, 0)

    def room_for(self, holder: str) -> int:
        """How many more units the holder may take now."""
        free = self.limit - self.held
        own = self._held_by.get(holder, 0)
        return max((free - own) // 2, int(own == 0 and free > 0))

    def take(self, holder: str, amount: int) -> bool:
        """Take ``amount`` units; False, taking nothing, if it is more than the holder may have."""
        own = self._held_by.get(holder, 0)
        free = self.limit - self.held
        if own + amount > free - amount and not (own == 0 and amount <= 1 <= free):
            return False
        self.held += amount
        self._held_by[holder] = own + amount
        return True

    def give_back(self, holder: str, amount: int) -> None:
        left = self._held_by[holder] - amount
        self.held -= amount
        if left:
            self._held_by[holder] = left
        else:
            del self._held_by[holder]
