"""A program whose variables hold what nobody should see. Says "ready PID" and uses them until its input ends.

What stands in the source behind no name that tells what it is (the items of a call, by their place) is no literal here: lines of
source are shown, and nobody could know.
Lines of this file are named by PointTests.
"""
import collections
import os
import select
import sys


Pair = collections.namedtuple("Pair", "name passwd")


class User:
    def __init__(self, name):
        self.name, self.password, self.card = name, "hunter%d" % 2, "4111 1111 1111 1111"
        self.session_token = "tok-1"


class Account:
    def __init__(self, name, password):
        self.name, self.password = name, password

    def __repr__(self):
        return "Account(name=%r, password=%r)" % (self.name, self.password)


class Credential:
    def __init__(self):
        self.value = "hunter%d" % 2


def use(user, token, settings):
    note = "charge 4111-1111-1111-1111, bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJoIn0.x"
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----\n"
    items = [Pair("eve", "hunter%d" % 2), {"api-key": "s3cr3t", "number": 4111111111111111}, Credential()]
    pairs = [("Cookie", "a=s3cr3t"), (b"authorization", b"Basic s3cr3t"), ["X-Api-Key", "s3cr3t"], {b"cookie": b"s3cr3t"}]
    texts = ["postgres://eve:hunter2@db/x", "https://x/?a=1&token=s3cr3t&b=2", '{"password": "hunter2", "a": 1}', "Cookie: a=s3cr3t"]
    account = Account("eve", "hunter%d" % 2)
    headers = {"Authorization": "s3cr3t", "Cookie": "s3cr3t", "nested": {"DB_PASSWORD": "hunter2"}}
    done = bool(note and key and items and headers and pairs and texts and account)
    if user.password == "s3cr3t":
        password = "s3cr3t"; done = not password
    try:
        raise ValueError("wrong password: hunter2")
    except ValueError:
        pass
    return done


def main():
    print("ready %d" % os.getpid(), flush=True)
    settings = {"db_password": "hunter2", "hosts": ["a", {"secret": "s3cr3t"}]}
    while not select.select([0], [], [], 0.01)[0]:
        use(User("eve"), "tok-2", settings)


if __name__ == "__main__":
    main()
    sys.exit(0)
