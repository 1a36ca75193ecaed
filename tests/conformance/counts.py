#!/usr/bin/env python3
"""Says how often each operation was asked and answered, and fails for those that were never asked or that
never succeeded. Usage: counts.py openapi.json LEAST COUNTS.json…"""

import collections
import json
import sys


def main(document, least, counts):
    asked = collections.defaultdict(collections.Counter)
    for path in counts:
        with open(path, encoding="utf-8") as file:
            for name, by_status in json.load(file).items():
                asked[name].update(by_status)
    with open(document, encoding="utf-8") as file:
        paths = json.load(file)["paths"]
    operations = [operation["operationId"] for methods in paths.values() for operation in methods.values()
                  if isinstance(operation, dict) and "operationId" in operation]
    faults = 0
    for name in operations:
        by_status = asked.get(name, {})
        total = sum(by_status.values())
        good = sum(count for status, count in by_status.items() if status.startswith("2"))
        wrong = total < least or not good
        faults += wrong
        statuses = " ".join(f"{status}:{count}" for status, count in sorted(by_status.items()))
        print(f"{'FEW ' if wrong else '    '}{name:36} {total:6} {statuses}")
    print(f"{len(operations)} operations, {faults} asked fewer than {least} times or without one success")
    return 1 if faults else 0


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
