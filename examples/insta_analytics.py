#!/usr/bin/env python3
"""Analytics for a photo account, round by round: log in, fetch likes, followers and pictures page by page, aggregate
them, report. The service is a stand-in that answers from memory, slowly and not always, so the program runs anywhere:

    python3 insta_analytics.py --seconds 30
"""
import argparse
import hashlib
import os
import random
import sys
import threading
import time
from collections import Counter, namedtuple
from contextlib import contextmanager

Picture = namedtuple("Picture", "id filter likes comments")
Follower = namedtuple("Follower", "name country followers")

COUNTRIES = ["de", "fr", "it", "jp", "br", "us", "in", "ke"]
FILTERS = ["clarendon", "juno", "lark", "ludwig", "moon"]


class RateLimited(Exception):
    def __init__(self, retry_after):
        super().__init__("rate limited, retry after %.0f ms" % (retry_after * 1000))
        self.retry_after = retry_after


def make_account(random):
    return {
        "pictures": [{"id": number, "filter": random.choice(FILTERS), "likes": random.randint(20, 900),
                      "comments": random.randint(0, 60)} for number in range(200)],
        "followers": [{"name": "user%03d" % number, "country": random.choice(COUNTRIES),
                       "followers": random.randint(5, 5000)} for number in range(200)],
        "likes": [{"picture": number, "by": "user%03d" % random.randint(0, 40)} for number in range(200)],
    }


class Transport:
    """The stand-in for the network: pages come with a delay, and some requests are turned down at first."""

    PAGES, PAGE_SIZE = 4, 5

    def __init__(self, account, seed, latency):
        self.account = account
        self.random = random.Random(seed)
        self.latency = latency
        self.requests = 0

    def get(self, path, token, page):
        self.requests += 1
        time.sleep(self.latency * (0.5 + self.random.random()))
        self.check_quota()
        verify(token)
        return self.payload(path, page)

    def check_quota(self):
        if self.random.random() < 0.06:
            raise RateLimited(retry_after=self.latency * 2)

    def payload(self, path, page):
        first = int(self.random.random() * (len(self.account[path]) - self.PAGE_SIZE))
        items = self.account[path][first:first + self.PAGE_SIZE]
        return {"items": items, "next": page + 1 if page + 1 < self.PAGES else None}


def sign(secret, rounds=2000):
    digest = secret.encode()
    for _ in range(rounds):
        digest = hashlib.sha256(digest).digest()
    return digest.hex()


def verify(token):
    if len(token) != 64:
        raise ValueError("not a token: %r" % token)


class Client:
    def __init__(self, transport):
        self.transport = transport
        self.token = None
        self.retries = 0

    def login(self, user, password):
        self.token = sign(user + ":" + password)

    def request(self, path, page):
        for attempt in range(5):
            try:
                return self.transport.get(path, self.token, page)
            except RateLimited as limit:
                self.back_off(limit, attempt)
        raise RuntimeError("%s: no answer after 5 attempts" % path)

    def back_off(self, limit, attempt):
        self.retries += 1
        time.sleep(limit.retry_after * (attempt + 1))

    def pages(self, path):
        page = 0
        while page is not None:
            answer = self.request(path, page)
            yield answer["items"]
            page = answer["next"]


class Pipeline:
    """One round: three fetchers side by side, then the numbers."""

    def __init__(self, client):
        self.client = client
        self.pictures, self.followers, self.likes = [], [], Counter()

    def fetch_pictures(self):
        for page in self.client.pages("pictures"):
            for item in page:
                self.add_picture(item)

    def add_picture(self, item):
        self.pictures.append(Picture(**item))

    def fetch_followers(self):
        for page in self.client.pages("followers"):
            self.followers.extend([Follower(**item) for item in page])

    def fetch_likes(self):
        for page in self.client.pages("likes"):
            self.count_likes(page)

    def count_likes(self, page):
        self.likes.update([like["by"] for like in page])

    def fetch(self):
        fetchers = [threading.Thread(target=getattr(self, "fetch_" + what), name=what)
                    for what in ("pictures", "followers", "likes")]
        for fetcher in fetchers:
            fetcher.start()
        for fetcher in fetchers:
            fetcher.join()

    def aggregate(self):
        return {
            "engagement": self.engagement(),
            "filter": self.best_filter(),
            "countries": self.countries(),
            "fan": self.likes.most_common(1)[0][0],
        }

    def engagement(self):
        reach = sum([follower.followers for follower in self.followers])
        return 100.0 * sum(map(weight, self.pictures)) / reach

    def best_filter(self):
        groups = {}
        for picture in self.pictures:
            groups.setdefault(picture.filter, []).append(picture.likes)
        return max(groups, key=lambda name: average(groups[name]))

    def countries(self):
        found = Counter([follower.country for follower in self.followers])
        return [country for country, _ in found.most_common(3)]


def weight(picture):
    return picture.likes + 3 * picture.comments


def average(numbers):
    return sum(numbers) / len(numbers)


@contextmanager
def stopwatch():
    started = time.perf_counter()
    yield lambda: time.perf_counter() - started


def run_round(number, account, latency):
    client = Client(Transport(account, seed=number, latency=latency))
    with stopwatch() as elapsed:
        client.login("ada", "correct horse")
        pipeline = Pipeline(client)
        pipeline.fetch()
        results = pipeline.aggregate()
        report(number, results, client, elapsed())


def report(number, results, client, seconds):
    print("round %-3d engagement %5.2f %%  best filter %-9s  top countries %s  biggest fan %s  "
          "(%d requests, %d retries, %.2f s)" % (
              number, results["engagement"], results["filter"], ",".join(results["countries"]), results["fan"],
              client.transport.requests, client.retries, seconds), flush=True)


def main():
    parser = argparse.ArgumentParser(description="Analytics for a photo account, from a service that is made up.")
    parser.add_argument("--seconds", type=float, default=30, help="how long to go on (default 30)")
    parser.add_argument("--latency", type=float, default=0.1, help="seconds a page takes on average (default 0.1)")
    parser.add_argument("--quiet", action="store_true", help="do the work and print nothing")
    arguments = parser.parse_args()
    if arguments.quiet:
        sys.stdout = open(os.devnull, "w")
    print("insta analytics, pid %d" % os.getpid(), flush=True)
    account = make_account(random.Random(2010))
    deadline = time.monotonic() + arguments.seconds
    number = 0
    while time.monotonic() < deadline:
        number += 1
        run_round(number, account, arguments.latency)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
