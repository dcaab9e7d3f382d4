"""An asyncio program whose tasks wait for each other in known ways: says "ready PID" when all do, and ends after a line."""
import asyncio
import os
import sys

VERSION = sys.version_info[:2]


async def leaf(event):
    await event.wait()


async def branch(event):
    await leaf(event)


async def napper():
    await asyncio.sleep(1000)


async def generated(event):
    await leaf(event)
    yield 1


async def consumer(event):
    async for _ in generated(event):
        pass


def start(coroutine, name):
    task = asyncio.ensure_future(coroutine)
    if VERSION >= (3, 8):
        task.set_name(name)
    return task


async def gatherer(event):
    await asyncio.gather(start(branch(event), "branch-1"), start(branch(event), "branch-2"))


async def waiter(event):
    await asyncio.wait([start(leaf(event), "leaf-1")])


async def joiner(task):
    await task


async def grouper(event):
    async with asyncio.TaskGroup() as group:
        task = group.create_task(leaf(event))
        task.set_name("grouped")


async def main(loop):
    event = asyncio.Event()
    tasks = [start(gatherer(event), "gatherer"), start(waiter(event), "waiter"), start(napper(), "napper"), start(consumer(event), "consumer")]
    tasks.append(start(joiner(tasks[0]), "joiner"))
    if VERSION >= (3, 11):
        tasks.append(start(grouper(event), "grouper"))
    for _ in range(10):
        await asyncio.sleep(0)
    sys.stdout.write("ready %d\n" % os.getpid())
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.readline)
    event.set()
    tasks[2].cancel()
    await asyncio.wait(tasks)


loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
loop.run_until_complete(main(loop))
