# Rscript wald.R > wald.csv in tests/reference.
# quantiles and tails
source("uncensored_common.R")
begin()
for (df in c(1, 2, 3, 4.5, 6, 9.7, 30, 298, 5000, 1e6)) for (tail in c(0.4, 0.05, 0.025, 0.005, 1e-6))
  put(sprintf("quantile/t/%.15g/%.15g", df, tail), t = qt(tail, df, lower.tail = FALSE))
for (df in c(1, 2.5, 9, 57.3, 298, 1e5)) for (t in c(-3, -0.5, 1e-6, 0.01, 0.7, 1.3, 2.5, 9))
  put(sprintf("tail/t/%.15g/%.15g", df, t), p = pt(t, df, lower.tail = FALSE))
for (tail in c(0.4, 0.1, 0.05, 0.025, 0.005, 1e-6)) put(sprintf("quantile/z/%.15g", tail), z = qnorm(tail, lower.tail = FALSE))
for (z in c(-8, -2, 0, 0.3, 1.1, 1.96, 3.3, 6, 12)) put(sprintf("tail/z/%.15g", z), p = pnorm(z, lower.tail = FALSE))
