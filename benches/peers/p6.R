# P6 in R: milliseconds a replicate of drawing, glm and coxph with robust variance. Rscript benches/peers/p6.R [replicates]
library(survival)
arguments <- commandArgs(trailingOnly = TRUE)
replicates <- if (length(arguments)) as.integer(arguments[1]) else 200L
n <- 578
one <- function() {
  x <- cbind(matrix(rnorm(3 * n), n), matrix(rbinom(2 * n, 1, .5), n), rbinom(n, 1, .3))
  treated <- rbinom(n, 1, plogis(-.2 + x %*% c(.4, -.3, .2, .3, -.2, .4)))
  hazard <- log(2) / 20 * exp(log(.75) * treated + x %*% c(.3, .2, -.2, .2, .1, .3))
  death <- rexp(n) / as.vector(hazard)
  end <- pmin(rexp(n, -log(.95) / 12), 48 - runif(n, 0, 24))
  e <- fitted(glm(treated ~ x, family = binomial))
  w <- ifelse(treated == 1, 1 / e, 1 / (1 - e))
  fit <- coxph(Surv(pmin(death, end), death <= end) ~ treated, weights = w, robust = TRUE)
  c(coef(fit), sqrt(vcov(fit)))
}
set.seed(1)
time <- system.time(found <- replicate(replicates, one()))[["elapsed"]]
z <- -found[1, ] / found[2, ]
cat(sprintf("R %s.%s, survival %s: %.2f ms a replicate; mean ln HR %.4f, mean SE %.4f, power %.3f\n",
            R.version$major, R.version$minor, packageVersion("survival"), 1000 * time / replicates,
            mean(found[1, ]), mean(found[2, ]), mean(z >= qnorm(.975))))
