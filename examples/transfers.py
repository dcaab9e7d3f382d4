#!/usr/bin/env python3
"""A web server that tells tracers of every file it sends: who asked, for what, and how many bytes it was.

    python3 examples/transfers.py 8000 --directory .
    sudo sonde -p PID -e 'usdt:*:simplehttp:file_transfer { printf("%s got %s, %d bytes\\n", str(args.client), str(args.path), args.size); }'
"""

import argparse
import functools
import http.server
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "python"))
import sonde_usdt  # noqa: E402

provider = sonde_usdt.Provider("simplehttp")
file_transfer = provider.add_probe("file_transfer", str, str, sonde_usdt.uint64, names=["client", "path", "size"])


class Handler(http.server.SimpleHTTPRequestHandler):
    def copyfile(self, source, outputfile):
        super().copyfile(source, outputfile)
        if file_transfer.is_enabled:
            size = os.fstat(source.fileno()).st_size if hasattr(source, "fileno") and not hasattr(source, "getvalue") else len(source.getvalue())
            file_transfer.fire(self.client_address[0], self.path, size)


def main():
    parser = argparse.ArgumentParser(description="A web server with a probe.")
    parser.add_argument("port", type=int, nargs="?", default=8000)
    parser.add_argument("--directory", default=os.getcwd())
    options = parser.parse_args()
    provider.load()
    server = http.server.HTTPServer(("127.0.0.1", options.port), functools.partial(Handler, directory=options.directory))
    print("process %d serves %s on http://127.0.0.1:%d" % (os.getpid(), options.directory, server.server_port), flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
