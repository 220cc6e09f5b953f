"""The AUCs of a table with scikit-learn, which has no variance and no test."""

import json
import sys
import time

import pandas
from sklearn.metrics import roc_auc_score

table = pandas.read_csv(sys.argv[1])
start = time.perf_counter()
areas = [roc_auc_score(table["truth"], table[name]) for name in table.columns[1:]]
seconds = time.perf_counter() - start
print(json.dumps({"seconds": seconds, "curves": [{"auc": areas[0]}]}))
