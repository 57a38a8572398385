# The constants of src/math/tail.rs: python3 normal_tail.py (mpmath 1.3). Shepherd, Laframboise (1981), Math Comp 36:249:
# h(x) = (1 + 2x) exp(x²) erfc(x) is smooth in t = (x − 3.5)/(x + 3.5); its Chebyshev series, as powers of t.
import mpmath as mp

mp.mp.dps = 60
K, DEGREE, NODES = mp.mpf("3.5"), 23, 200


def h(t):
    x = K * (1 + t) / (1 - t)
    return (1 + 2 * x) * mp.exp(x * x) * mp.erfc(x)


angles = [mp.pi * (2 * j + 1) / (2 * NODES) for j in range(NODES)]
values = [h(mp.cos(a)) for a in angles]
series = [2 * mp.fsum(v * mp.cos(m * a) for v, a in zip(values, angles)) / NODES for m in range(DEGREE + 1)]
series[0] /= 2
powers = [mp.mpf(0)] * (DEGREE + 1)
before, this = [mp.mpf(1)], [mp.mpf(0), mp.mpf(1)]
for m, c in enumerate(series):
    polynomial = before if m == 0 else this
    for i, a in enumerate(polynomial):
        powers[i] += c * a
    if m > 0:
        following = [mp.mpf(0)] + [2 * a for a in this]
        for i, a in enumerate(before):
            following[i] -= a
        before, this = this, following
for a in powers:
    print(repr(float(a)) + ",")
