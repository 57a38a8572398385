# Rscript logistic.R > logistic.csv in tests/reference.
# The covariance of glm is that of the step before the last: the information is formed anew at the maximum.
source("uncensored_common.R")
begin()
logistic <- function(case, formula, data, arm) {
  m <- glm(formula, binomial, data, epsilon = 1e-15, maxit = 50)
  x <- model.matrix(m); p <- plogis(drop(x %*% coef(m)))
  wald(case, coef(m)[[arm]], sqrt(solve(crossprod(x, p * (1 - p) * x))[arm, arm]))
}
logistic("logistic/birthwt", low ~ smoke, birthwt, "smoke")
logistic("logistic/birthwt/adjusted", low ~ smoke + age + lwt + black + other + ht + ui, birthwt, "smoke")
logistic("logistic/infert", case ~ spontaneous, infert, "spontaneous")
logistic("logistic/infert/adjusted", case ~ spontaneous + induced + age + parity, infert, "spontaneous")
