"""Unpack a home that an earlier version wrote, as if that had been just now."""
import json
import os
import shutil
import time

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "79d8356")
TIMES = ("created", "expires", "answered", "told", "met", "starts", "refused",
         "revoked", "deactivated", "window_start", "window_end",
         "window_chosen", "window_ask_again")
OLD = ("orders", "issuances")
NEW = ("expectations", "certificates")


def known():
    """What the CA of that home knows."""
    with open(os.path.join(TOP, "ca.json")) as f:
        return json.load(f)


def records(home, directory):
    """The records there, by their ids."""
    out = {}
    top = os.path.join(home, directory)
    for name in sorted(os.listdir(top)) if os.path.isdir(top) else []:
        if name.endswith(".json"):
            with open(os.path.join(top, name)) as f:
                out[name[:-5]] = json.load(f)
    return out


def unpack(home, base="https://127.0.0.1:1"):
    """base: where that CA is now."""
    then = known()
    shift = int(time.time()) - then["at"] - 5
    shutil.copytree(os.path.join(TOP, "home"), home)
    for top, _, names in os.walk(home):
        os.chmod(top, 0o700)
        for path in (os.path.join(top, n) for n in names):
            os.chmod(path, 0o600)
            if not path.endswith(".json"):
                continue
            with open(path) as f:
                record = json.loads(f.read().replace(then["base"], base))
            for name in TIMES:
                if record.get(name):
                    record[name] += shift
            with open(path, "w") as f:
                json.dump(record, f, indent=1)


def tell(ca):
    """Let a CA know what the CA of that home knew."""
    text = json.dumps(known()).replace(known()["base"], ca.base)
    then = json.loads(text)
    ca.accounts.update(then["accounts"])
    for authz in then["authz"].values():
        authz["account"] = ca.accounts[authz["account"]]
        authz["expires"] = ca.time(24 * 3600)
        authz.setdefault("host", False)  # that CA knew nothing of hosts
    ca.authz.update(then["authz"])
    for order in then["orders"].values():
        order["account"] = ca.accounts[order["account"]]
        order["authz"] = [ca.authz[url] for url in order["authz"]]
        order["expires"] = ca.time(24 * 3600)
    ca.orders.update(then["orders"])
    for name in os.listdir(os.path.join(TOP, "replies")):
        shutil.copy(os.path.join(TOP, "replies", name),
                    os.path.join(ca.dir, "replies"))


def contents(home):
    """Every file and directory of the home, byte for byte, but locks and the
    log."""
    out = {}
    for top, directories, names in os.walk(home):
        for name in directories + names:
            path = os.path.join(top, name)
            where = os.path.relpath(path, home)
            if where.split("/")[0] in ("lock", "lock.d", "log"):
                continue
            if os.path.isdir(path):
                out[where] = None
            else:
                with open(path, "rb") as f:
                    out[where] = f.read()
    return out


def old_left(home):
    """What is not in format 2 yet."""
    left = [d for d in OLD if os.path.exists(os.path.join(home, d))]
    for directory in NEW:
        for id, record in records(home, directory).items():
            if record.get("format") != 2 or "issuance" in record or (
                    directory == "certificates" and "order" in record):
                left.append("%s/%s" % (directory, id))
    return left


def listed(place):
    """What status lists, as ids and states."""
    got = place.run("status", "--json")
    assert got.returncode == 0 and not got.stderr, got
    told = json.loads(got.stdout)
    return {"expectations": {e["id"]: e["state"] for e in
                             told["expectations"]},
            "certificates": {c["id"]: c["state"] for c in
                             told["certificates"]},
            "accounts": [a["id"] for a in told["accounts"]]}
