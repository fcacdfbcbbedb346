"""counting.py SYSFS COMMAND...: runs the command while the counter in SYSFS counts 50 W."""

import os
import subprocess
import sys
import threading
import time

path = sys.argv[1] + "/class/powercap/intel-rapl:0/energy_uj"
done = threading.Event()


def count():
    while not done.wait(0.0005):
        # Renamed into place: a reader never sees half of it.
        with open(path + ".new", "w") as file:
            file.write(f"{int(time.monotonic() * 50e6) % 262143328850}\n")
        os.replace(path + ".new", path)


thread = threading.Thread(target=count)
thread.start()
status = subprocess.run(sys.argv[2:]).returncode
done.set()
thread.join()
sys.exit(status)
