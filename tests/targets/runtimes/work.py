"""Does what is counted each time it is given a line: 300 calls of leaf in 100 of branch, 50 objects of Thing, a thread, a full collection."""
import gc
import os
import sys
import threading


class Thing(object):
    def leaf(self, x):
        return x + 1

    def branch(self, x):
        return self.leaf(x) + self.leaf(x) + self.leaf(x)


print("ready", os.getpid(), flush=True)
while sys.stdin.readline():
    thing = Thing()
    for i in range(100):
        thing.branch(i)
    for i in range(49):
        Thing()
    worker = threading.Thread(target=len, args=("",))
    worker.start()
    worker.join()
    gc.collect()
    print("done", flush=True)
