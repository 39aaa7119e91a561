# Mean and deviation of numbers that come one after another: of the first targets, for map_output.


class Moments:
    # Welford, "Note on a Method for Calculating Corrected Sums of Squares and Products", 1962: no
    # sum of squares, which float32 would not hold beside a great mean.
    def __init__(self):
        self.count = 0
        self.mean = 0.0
        self._squares = 0.0

    def add(self, number):
        self.count += 1
        before = number - self.mean
        self.mean += before / self.count
        self._squares += before * (number - self.mean)

    @property
    def deviation(self):
        return (self._squares / self.count) ** 0.5 if self._squares else 1.0
