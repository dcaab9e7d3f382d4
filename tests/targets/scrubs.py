"""Runs the agent's redaction (first argument) over examples (second: text, tab, what is shown of it), with the words given; prints what differs."""
import io
import sys

agent = {}
with io.open(sys.argv[1], encoding="utf-8") as source:
    exec(compile(source.read(), "<sonde>", "exec"), agent)
agent["secret_words"][:] = sys.argv[3:]
with io.open(sys.argv[2], encoding="utf-8") as examples:
    for line in examples.read().splitlines():
        text, shown = line.split("\t")
        if agent["scrub"](text) != shown:
            print(ascii(text), "is shown as", ascii(agent["scrub"](text)))
