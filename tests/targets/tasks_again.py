"""Runs one short asyncio program after the other, and says so; asyncio keeps what these used for the next one."""
import asyncio
import gc
import os
import time


async def handle(number):
    await asyncio.sleep(0.001)
    return number * 2


print("ready", os.getpid(), flush=True)
number = 0
while True:
    number += 1
    asyncio.run(handle(number))
    time.sleep(0.005)
    if number % 20 == 0:
        gc.collect()
        print("at", number, flush=True)
