from wit_world.exports import Shapes as Declared
from wit_world.imports import host
from componentize_py_types import Err


class Shapes(Declared):
    def add(self, a, b):
        return (a + b) & 0xFFFFFFFF

    def echo(self, items):
        return items

    def sum(self, numbers):
        return sum(numbers)

    def pair(self, value):
        number, text = value
        return (text, number)

    def nested(self, value):
        return value

    def divide(self, a, b):
        if b == 0:
            raise Err("division by zero")
        return int(a / b)

    def find(self, key):
        return host.lookup(key)

    def say(self, message):
        host.log(message)
