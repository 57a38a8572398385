# Rscript t_test.R > t_test.csv in tests/reference.
# t tests
source("uncensored_common.R")
begin()
student <- function(case, arm, y) for (pooled in c(FALSE, TRUE)) {
  t <- t.test(y[arm == 1], y[arm == 0], var.equal = pooled)
  put(paste0(case, if (pooled) "/pooled" else "/welch"), estimate = t$estimate[[1]] - t$estimate[[2]], se = t$stderr,
    lower = t$conf.int[1], upper = t$conf.int[2], z = t$statistic[[1]],
    p = pt(t$statistic[[1]], t$parameter[[1]], lower.tail = FALSE), df = t$parameter[[1]])
}
student("t/sleep", sleep$drug, sleep$extra)
student("t/toothgrowth", tooth$juice, tooth$len)
student("t/birthwt", birthwt$smoke, birthwt$bwt)
