from wit_world.exports import shapes


class Counter(shapes.Counter):
    def __init__(self, start: int) -> None:
        self.value = start

    def add(self, amount: int) -> int:
        self.value += amount
        return self.value
