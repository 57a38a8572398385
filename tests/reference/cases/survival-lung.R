# Log-rank and Cox regression on survival::lung. Run in tests/reference/cases; prints survival-lung.csv.
suppressMessages(library(survival))
d <- read.csv("../data/lung.csv", comment.char = "#")
by <- paste("R", paste(R.version$major, R.version$minor, sep = "."), "survival", packageVersion("survival"))
cat("# source of the data: survival::lung (see its first line)\nanalysis,quantity,value,tolerance,by\n")
row <- function(analysis, quantity, value, tolerance) cat(paste(analysis, quantity, format(value, digits = 17), tolerance, by, sep = ","), "\n", sep = "")
s <- survdiff(Surv(time, event) ~ arm, d)
row("log-rank", "observed-experimental", s$obs[2], 1e-14)
row("log-rank", "expected-experimental", s$exp[2], 1e-12)
row("log-rank", "variance", s$var[2, 2], 1e-12)
row("log-rank", "p-two-sided", pchisq(s$chisq, 1, lower.tail = FALSE), 1e-10)
exact <- coxph.control(eps = 1e-14, iter.max = 50)
for (f in list(list("cox", "arm"), list("cox/adjusted", "arm + age"))) {
  m <- coxph(as.formula(paste("Surv(time, event) ~", f[[2]])), d, control = exact)
  row(f[[1]], "estimate", coef(m)[["arm"]], 1e-10)
  row(f[[1]], "se", sqrt(vcov(m)["arm", "arm"]), 1e-10)
}
