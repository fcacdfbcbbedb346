"""Fails where the arrays in two .npy files differ by more than rounding: close.py A.npy B.npy"""

import sys

import numpy as np

a, b = map(np.load, sys.argv[1:])
np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
