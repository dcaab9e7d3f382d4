"""A program that is snooped upon from its start: it waits until somebody looks, as a server waits for its first request, and calls a function."""
import sys
import time


def waits_and_calls(value):
    doubled = value * 2
    return doubled


# What is told is part of sys as long as it is told; a minute is longer than any machine takes.
until = time.time() + 60
while time.time() < until and not [name for name in vars(sys) if name.startswith("_sonde_")]:
    time.sleep(0.001)
print(waits_and_calls(21))
