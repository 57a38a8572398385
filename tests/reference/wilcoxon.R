# Rscript wilcoxon.R > wilcoxon.csv in tests/reference.
# Wilcoxon: wilcox.test's normal approximation, DeLong's variance
suppressMessages(library(pROC))
source("uncensored_common.R")
begin("pROC")
wilcoxon <- function(case, arm, y) {
  x <- y[arm == 1]; y <- y[arm == 0]
  w <- suppressWarnings(wilcox.test(x, y, exact = FALSE, correct = FALSE, alternative = "greater"))
  theta <- w$statistic[[1]] / (length(x) * length(y))
  r <- roc(controls = y, cases = x, direction = "<", quiet = TRUE)
  se <- sqrt(var(r, method = "delong"))
  q <- qnorm(0.975)
  put(case, estimate = theta, se = se, lower = theta - q * se, upper = theta + q * se,
    z = qnorm(w$p.value, lower.tail = FALSE), p = w$p.value)
}
wilcoxon("wilcoxon/toothgrowth", tooth$juice, tooth$len)
wilcoxon("wilcoxon/sleep", sleep$drug, sleep$extra)
wilcoxon("wilcoxon/wtloss", lung$female, lung$wtloss)
wilcoxon("wilcoxon/housing", housing$contact, housing$sat)
wilcoxon("wilcoxon/karno", lung$female, lung$karno)
wilcoxon("wilcoxon/birthwt", birthwt$smoke, birthwt$low)
