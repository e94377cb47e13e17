#!/usr/bin/python3
"""Record a home as the mailcert of the tree in the current directory writes it.

    git worktree add TREE 79d8356 && make -C TREE && cd TREE
    python3 .../tests/homes/record.py .../tests/homes/79d8356

Into that directory go the home, and what its CA knows: ca.json and the replies
that it was sent.  The keys are made for this and sign nothing else.
"""
import json
import os
import shutil
import sys
import time

for room in ("ca", ""):
    sys.path.insert(0, os.path.join(os.getcwd(), "tests", room))
from lib import PART2, THUMBPRINT
from town import Town


def order(town, address, *more):
    got = town.run("order", "--no-wait", *more, address)
    assert got.returncode == 0, got
    path, = town.ca.challenges()
    with open(path, "rb") as f:
        raw = f.read()
    os.unlink(path)
    return raw


def handle(town, raw, *draft):
    got = town.run("handle", "--auto-approve", *draft, stdin=raw)
    assert got.returncode == 0, got


def expect(town, address, *more):
    got = town.run("expect", address, "--from", "acme-challenge+1@ca.example",
                   "--token-part2", PART2, "--thumbprint", THUMBPRINT, *more)
    assert got.returncode == 0, got
    return got.stdout.decode().strip()


def strip(town, id):
    """As the first versions wrote it: no format, nothing that may be left
    out."""
    path = os.path.join(town.place.home, "orders", id + ".json")
    with open(path) as f:
        record = json.load(f)
    wanted = ("id", "address", "address_normal", "from", "from_normal",
              "token_part2", "thumbprint", "token_join", "created", "state")
    with open(path, "w") as f:
        json.dump({name: record[name] for name in wanted}, f)


def state(ca):
    """Accounts and authorizations by their URLs: JSON has no references."""
    def plain(thing):
        out = {k: v for k, v in thing.items() if k not in ("account", "told")}
        out["account"] = thing["account"]["url"]
        if "authz" in out:
            out["authz"] = [a["url"] for a in out["authz"]]
        return out
    return {"base": ca.base, "at": int(time.time()), "accounts": ca.accounts,
            "orders": {u: plain(o) for u, o in ca.orders.items()},
            "authz": {u: plain(a) for u, a in ca.authz.items()}}


def main(out):
    with Town("set finish = manual\n", days=36500) as town:
        handle(town, order(town, "issued@example.org"), "--draft", "sendmail")
        got = town.run("finish")
        assert got.returncode == 0, got
        handle(town, order(town, "sent@example.org"), "--draft", "sendmail")
        handle(town, order(town, "drafted@example.org"), "--draft", "stdout")
        order(town, "pending@example.org")
        expect(town, "alice@example.org", "--note", "by hand", "--expires",
               "2099-01-01T00:00:00Z")
        strip(town, expect(town, "bob@example.org"))
        with open(os.path.join(out, "ca.json"), "w") as f:
            json.dump(state(town.ca), f, indent=1)
        shutil.copytree(town.place.home, os.path.join(out, "home"))
        shutil.copytree(os.path.join(town.ca.dir, "replies"),
                        os.path.join(out, "replies"))
        for name in ("log", "lock"):
            os.unlink(os.path.join(out, "home", name))
        shutil.rmtree(os.path.join(out, "home", "lock.d"), True)
        shutil.rmtree(os.path.join(out, "home", "dns"), True)


main(sys.argv[1])
