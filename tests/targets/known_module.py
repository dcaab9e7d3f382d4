"""Imported by known_calls.py while it is measured."""


def _double(value):
    return value * 2


class Imported:
    total = _double(4)

    def value(self):
        return _double(self.total)


VALUE = Imported().value()
