# Rscript difference_of_proportions.R > difference_of_proportions.csv in tests/reference.
# proportions: z is the signed root of prop.test's chi-square
source("uncensored_common.R")
begin()
proportions <- function(case, arm, y) for (correct in c(FALSE, TRUE)) {
  n <- c(sum(arm == 1), sum(arm == 0)); x <- c(sum(y[arm == 1]), sum(y[arm == 0])); p <- x / n
  t <- suppressWarnings(prop.test(x, n, correct = correct))
  z <- sign(p[1] - p[2]) * sqrt(t$statistic[[1]])
  put(paste0(case, if (correct) "/continuity"), estimate = p[1] - p[2], se = sqrt(sum(p * (1 - p) / n)),
    lower = t$conf.int[1], upper = t$conf.int[2], z = z, p = pnorm(z, lower.tail = FALSE), two.sided = t$p.value)
}
proportions("proportions/birthwt", birthwt$smoke, birthwt$low)
proportions("proportions/infert", infert$spontaneous, infert$case)
proportions("proportions/extreme", rep(0:1, c(5, 4)), c(0, 0, 0, 0, 1, 1, 1, 1, 0))
