#!/bin/sh
# Runs a program for AArch64 Linux in QEMU, with SVE vectors of so many bytes.
#
#   scripts/emulate.sh BYTES [QEMU'S OPTION]... PROGRAM [ARGUMENT]...
#
# It is `qemu-aarch64 -L /usr/aarch64-linux-gnu -cpu max,sve-default-vector-length=BYTES`, with a faster fmaf where the build
# has one (test/emulator) and this processor runs it.
bytes=$1
shift
fmaf=${RAC_BUILD:-$(dirname "$0")/../build}/lib/librac_fmaf.so
if [ -f "$fmaf" ] && grep -qw fma /proc/cpuinfo; then
  export LD_PRELOAD="$fmaf"
fi
exec qemu-aarch64 -U LD_PRELOAD -L /usr/aarch64-linux-gnu -cpu "max,sve-default-vector-length=$bytes" "$@"
