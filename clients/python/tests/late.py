"""A daemon that comes up slowly: late.py <program> <file> <the daemon's arguments>.

It makes <file>.waits, waits for <file>.goes, and then is the daemon.
"""

import os
import subprocess
import sys
import time

if __name__ == "__main__":
    program, file, *args = sys.argv[1:]
    with open(file + ".waits", "w", encoding="utf-8"):
        pass
    while not os.path.exists(file + ".goes"):
        time.sleep(0.01)
    sys.exit(subprocess.call([program, *args], stdout=1, stderr=2))  # named, which Windows needs to hand them on
