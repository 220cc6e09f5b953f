"""AUC, DeLong's variance and all paired tests of a table with NumPy, after Sun & Xu (2014, IEEE Signal Process Lett 21:1389)."""

import itertools
import json
import sys
import time

import numpy as np
from scipy.special import erfc


def midranks(values):
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    ends = np.r_[starts[1:], len(values)]
    ranks = np.empty(len(values))
    ranks[order] = np.repeat((starts + ends + 1) / 2, ends - starts)
    return ranks


def placements(case, scores):
    ranks = midranks(scores)
    cases, controls = ranks[case] - midranks(scores[case]), ranks[~case] - midranks(scores[~case])
    return cases / controls.size, 1 - controls / cases.size


table = np.loadtxt(sys.argv[1], delimiter=",", skiprows=1)
start = time.perf_counter()
case = table[:, 0] == 1
curves = [placements(case, scores) for scores in table[:, 1:].T]
covariance = sum(np.cov(np.array(part)) / part[0].size for part in zip(*curves))
areas = [cases.mean() for cases, _ in curves]
p = []
for a, b in itertools.combinations(range(len(curves)), 2):
    variance = covariance[a, a] + covariance[b, b] - 2 * covariance[a, b]
    p.append(float(erfc(abs(areas[a] - areas[b]) / np.sqrt(2 * variance))))
seconds = time.perf_counter() - start
print(json.dumps({"seconds": seconds, "curves": [{"auc": areas[0]}], "comparisons": [{"p": p[0]}]}))
