"""A program whose variables hold what nobody should see. Says "ready PID" and uses them until its input ends."""
import collections
import os
import select
import sys

Pair = collections.namedtuple("Pair", "name passwd")


class User:
    def __init__(self, name):
        self.name, self.password, self.card = name, "hunter2", "4111 1111 1111 1111"
        self.session_token = "tok-1"


class Credential:
    def __init__(self):
        self.value = "hunter2"


def use(user, token, settings):
    note = "charge 4111-1111-1111-1111, bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJoIn0.x"
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----\n"
    items = [Pair("eve", "hunter2"), {"api-key": "s3cr3t", "number": 4111111111111111}, Credential()]
    headers = {"Authorization": "s3cr3t", "Cookie": "s3cr3t", "nested": {"DB_PASSWORD": "hunter2"}}
    done = bool(note and key and items and headers)
    return done


def main():
    print("ready %d" % os.getpid(), flush=True)
    settings = {"db_password": "hunter2", "hosts": ["a", {"secret": "s3cr3t"}]}
    while not select.select([0], [], [], 0.01)[0]:
        use(User("eve"), "tok-2", settings)


if __name__ == "__main__":
    main()
    sys.exit(0)
