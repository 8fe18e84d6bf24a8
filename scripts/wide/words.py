"""The texts of the tasks: words.json holds their names in several wordings (the first is the usual one), their plans and their nouns."""
import json
import os

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "words.json")) as f:
    WORDS = json.load(f)


def texts(simulator, key, **fields):
    """A task's texts with {a}, {b}, … filled in: names, noun, plan of (key, skill, text), scene."""
    entry = WORDS[simulator][key]
    fill = lambda s: s.format(**fields)
    return dict(names=[fill(s) for s in entry["names"]], noun=fill(entry["noun"]), scene=fill(entry.get("scene", "")),
                plan=[(k, skill, fill(text)) for k, skill, text in entry["plan"]])
