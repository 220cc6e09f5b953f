# AUC, DeLong's variance and all paired tests of a table, by pROC.
suppressPackageStartupMessages(library(pROC))
table <- read.csv(commandArgs(trailingOnly = TRUE)[1])
scores <- setdiff(names(table), "truth")
start <- proc.time()[["elapsed"]]
curves <- lapply(scores, function(name) roc(table$truth, table[[name]], levels = c(0, 1), direction = "<", quiet = TRUE))
variances <- vapply(curves, var, 0)
pairs <- combn(length(curves), 2)
p <- apply(pairs, 2, function(at) roc.test(curves[[at[1]]], curves[[at[2]]], method = "delong", paired = TRUE)$p.value)
seconds <- proc.time()[["elapsed"]] - start
number <- function(value) format(value, digits = 17)
cat(sprintf(
  '{"seconds": %s, "curves": [{"auc": %s}], "comparisons": [{"p": %s}]}',
  number(seconds), number(as.numeric(curves[[1]]$auc)), number(p[1])
))
