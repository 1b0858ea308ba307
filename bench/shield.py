#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What dropping a packet costs: kview shield beside iptables and nftables, where they drop early and where they usually do.

Runs in a VM with one CPU whose clock counts instructions, one in a nanosecond (make bench-shield). The kernel's packet
generator sends as fast as it can over a veth pair; each case has to have counted every packet. What sending alone takes
is measured with a device that forgets what it is given. One JSON line for each measurement goes to the file that is named.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile

KVIEW = "build/cli/kview"
PKTGEN = "/proc/net/pktgen"
SOURCE, ADDRESS = "198.18.0.2", "198.18.0.1"


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def pgset(file, *lines):
    for line in lines:
        with open(f"{PKTGEN}/{file}", "w") as out:
            out.write(line + "\n")


def set_up():
    for module in ("pktgen", "veth", "dummy", "iptable_raw", "iptable_filter", "nf_tables"):
        run("modprobe", module)
    run("ip", "link", "add", "s0", "type", "veth", "peer", "name", "c0")
    run("ip", "link", "add", "d0", "type", "dummy")
    run("ip", "addr", "add", f"{ADDRESS}/24", "dev", "s0")
    for device in ("s0", "c0", "d0"):
        run("ip", "link", "set", device, "up")


def nanoseconds_per_packet(device, count):
    with open("/sys/class/net/s0/address") as address:
        mac = address.read().strip()
    pgset("kpktgend_0", "rem_device_all", f"add_device {device}")
    pgset(device, f"count {count}", "clone_skb 0", "pkt_size 60", "delay 0", f"dst {ADDRESS}", f"src_min {SOURCE}",
          f"src_max {SOURCE}", f"dst_mac {mac}", "udp_dst_min 9", "udp_dst_max 9")
    pgset("pgctrl", "start")
    # By its own account: whoever starts it also waits.
    with open(f"{PKTGEN}/{device}") as result:
        return int(re.search(r"OK: (\d+)\(", result.read())[1]) * 1000 / count


def others(rules):
    """Sources that do not match, in front of the one that does."""
    return [f"203.0.113.{i}" for i in range(1, rules)]


class Shield:
    def __init__(self, rules, folder):
        self.path = f"{folder}/shield.conf"
        with open(self.path, "w") as out:
            out.write("default pass\n")
            out.writelines(f"deny from {source}\n" for source in others(rules))
            out.write(f"deny from {SOURCE} proto udp port 9 name flood\n")

    def __enter__(self):
        self.owner = subprocess.Popen([KVIEW, "shield", "run", "-i", "s0", self.path], stderr=subprocess.PIPE, text=True)
        line = self.owner.stderr.readline()
        if "native mode" not in line:
            sys.exit(f"bench/shield.py: {line}")
        return self

    def counted(self):
        status = json.loads(run(KVIEW, "shield", "status", "-f", "json", "s0"))
        return next(rule["packets"] for rule in status["rules"] if rule.get("name") == "flood")

    def __exit__(self, *_):
        self.owner.terminate()
        self.owner.wait()


class Iptables:
    def __init__(self, rules, table, chain):
        self.place = ("-w", "-t", table)
        self.chain = chain
        self.restore = "".join(f"-A {chain} -i s0 -s {source} -j DROP\n" for source in others(rules)) + \
            f"-A {chain} -i s0 -s {SOURCE} -p udp --dport 9 -j DROP\n"
        self.table = table

    def __enter__(self):
        run("iptables-legacy-restore", "-n", input=f"*{self.table}\n{self.restore}COMMIT\n")
        return self

    def counted(self):
        lines = run("iptables-legacy", *self.place, "-nvxL", self.chain).splitlines()
        return next(int(line.split()[0]) for line in lines if "dpt:9" in line)

    def __exit__(self, *_):
        run("iptables-legacy", *self.place, "-F", self.chain)


class Nftables:
    """Many sources are a set, which is looked up in one step."""

    def __init__(self, rules, hook):
        family = "netdev" if "ingress" in hook else "ip"
        many = f"set others {{ type ipv4_addr; flags interval; elements = {{ {', '.join(others(rules))} }} }}" \
            if rules > 1 else ""
        drop_many = "ip saddr @others drop" if rules > 1 else ""
        self.ruleset = f"""table {family} kview {{
            {many}
            chain drops {{
                type filter hook {hook};
                {drop_many}
                ip saddr {SOURCE} udp dport 9 counter drop
            }}
        }}"""
        self.table = (family, "kview")

    def __enter__(self):
        run("nft", "-f", "-", input=self.ruleset)
        return self

    def counted(self):
        chain = json.loads(run("nft", "-j", "list", "table", *self.table))
        return next(part["counter"]["packets"] for item in chain["nftables"] if "rule" in item
                    for part in item["rule"]["expr"] if "counter" in part)

    def __exit__(self, *_):
        run("nft", "delete", "table", *self.table)


CASES = {
    "kview shield": lambda rules, folder: Shield(rules, folder),
    "nftables, ingress": lambda rules, _: Nftables(rules, "ingress device s0 priority 0"),
    "nftables, prerouting": lambda rules, _: Nftables(rules, "prerouting priority raw"),
    "nftables, input": lambda rules, _: Nftables(rules, "input priority 0"),
    "iptables, raw PREROUTING": lambda rules, _: Iptables(rules, "raw", "PREROUTING"),
    "iptables, INPUT": lambda rules, _: Iptables(rules, "filter", "INPUT"),
}


def measure(case, rules, count, folder):
    with CASES[case](rules, folder) as filter_:
        nanoseconds_per_packet("c0", 1000)
        before = filter_.counted()
        cost = nanoseconds_per_packet("c0", count)
        dropped = filter_.counted() - before
    if dropped != count:
        sys.exit(f"bench/shield.py: {case}, {rules} rules: {dropped} packets dropped, not {count}")
    return cost


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--packets", type=int, default=20000)
    args = parser.parse_args()
    set_up()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        nanoseconds_per_packet("d0", 1000)
        sending = statistics.median(nanoseconds_per_packet("d0", args.packets) for _ in range(args.rounds))
        for rules in (1, 100):
            costs = {case: [] for case in CASES}
            for _ in range(args.rounds):
                for case, list_ in costs.items():
                    list_.append(measure(case, rules, args.packets, folder))
            medians = {case: statistics.median(list_) for case, list_ in costs.items()}
            for case, cost in medians.items():
                rows.append({"benchmark": "shield", "case": case, "rules": rules, "kernel": os.uname().release,
                             "packets": args.packets, "instructions_to_send": round(sending),
                             "instructions_to_send_and_drop": round(cost),
                             "drops_of_the_shield_for_each": round(cost / medians["kview shield"], 2),
                             "without_sending": round((cost - sending) / (medians["kview shield"] - sending), 2)})
    with open(args.output, "a") as out:
        for row in rows:
            print(json.dumps(row))
            print(json.dumps(row), file=out)


main()
