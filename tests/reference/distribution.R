# Quantiles and survival functions of the family of distributions.
# Rscript tests/reference/distribution.R > tests/reference/distribution.csv
cat("#", R.version.string, "\n")
cat("member;table;kind;at;value\n")
row <- function(member, table, kind, at, value)
  cat(sprintf("%s;%s;%s;%.17g;%.17g\n", member, table, kind, at, value), sep = "")
# Uniforms as drawn, (k + 1/2) / 2^52: only for these is 1 - u exact.
cell <- function(u) (floor(u * 2^52) + 0.5) / 2^52
u <- cell(c(1e-10, 0.001, 0.025, 0.2, 0.5, 0.77, 0.9, 0.999, 1 - 2^-40))

row("normal", "{ mean = 53, sd = 14 }", "quantile", u, qnorm(u, 53, 14))
row("normal", "{ mean = 53, sd = 14 }", "survival", c(-10, 40, 53, 90), pnorm(c(-10, 40, 53, 90), 53, 14, FALSE))
row("lognormal", "{ median = 6, sigma = 0.7 }", "quantile", u, qlnorm(u, log(6), 0.7))
row("lognormal", "{ mean-log = 1.2, sd-log = 0.4 }", "quantile", u, qlnorm(u, 1.2, 0.4))
s2 <- log(1 + (5 / 8)^2)
row("lognormal", "{ mean = 8, sd = 5 }", "quantile", u, qlnorm(u, log(8) - s2 / 2, sqrt(s2)))
row("uniform", "{ min = -2, max = 14 }", "quantile", u, qunif(u, -2, 14))
row("exponential", "{ rate = 0.07 }", "quantile", u, qexp(u, 0.07))
row("exponential", "{ median = 20, hazard-ratio = 0.8 }", "quantile", u, qexp(u, 0.8 * log(2) / 20))
row("exponential", "{ risk = 0.05, by = 12, hazard-ratio = 1.3 }", "quantile", u, qexp(u, -1.3 * log1p(-0.05) / 12))
row("weibull", "{ shape = 1.3, scale = 14 }", "quantile", u, qweibull(u, 1.3, 14))
row("weibull", "{ shape = 0.6, scale = 14 }", "survival", c(0.1, 5, 14, 80), pweibull(c(0.1, 5, 14, 80), 0.6, 14, FALSE))
row("weibull", "{ shape = 0.8, median = 9 }", "quantile", u, qweibull(u, 0.8, 9 / log(2)^(1 / 0.8)))
# A hazard ratio h as S(t)^h: the quantile at 1 - (1 - u)^(1/h) of the curve quoted.
h <- 0.7
v <- -expm1(log1p(-u) / h)
row("weibull", "{ shape = 1.7, risk = 0.2, by = 6, hazard-ratio = 0.7 }", "quantile", u, qweibull(v, 1.7, 6 / (-log1p(-0.2))^(1 / 1.7)))
row("gamma", "{ shape = 2.5, rate = 0.4 }", "survival", c(0.01, 2, 6, 30), pgamma(c(0.01, 2, 6, 30), 2.5, 0.4, lower.tail = FALSE))
row("gamma", "{ shape = 0.5, mean = 3 }", "survival", c(0.01, 2, 6, 30), pgamma(c(0.01, 2, 6, 30), 0.5, 0.5 / 3, lower.tail = FALSE))
row("poisson", "{ mean = 2.5 }", "survival", c(-1, 0, 0.5, 3, 9), ppois(c(-1, 0, 0.5, 3, 9), 2.5, FALSE))

# Truncated normal: the formula on the side of the distribution where it does not cancel.
truncated <- function(u, m, s, a, b) {
  upper <- a > m
  A <- pnorm(a, m, s, !upper)
  B <- pnorm(b, m, s, !upper)
  qnorm(A + u * (B - A), m, s, !upper)
}
w <- cell(c(0.001, 0.025, 0.2, 0.5, 0.77, 0.9, 0.999))
row("normal", "{ mean = 53, sd = 14, min = 18, max = 100 }", "quantile", w, truncated(w, 53, 14, 18, 100))
row("normal", "{ mean = 0, sd = 1, min = 6, max = 8 }", "quantile", w, truncated(w, 0, 1, 6, 8))
row("normal", "{ mean = 0, sd = 1, min = 20 }", "quantile", w, truncated(w, 0, 1, 20, Inf))
row("normal", "{ mean = 0, sd = 1, max = -5 }", "quantile", w, truncated(w, 0, 1, -Inf, -5))
row("normal", "{ mean = 0, sd = 2, min = -1, max = 0.5 }", "quantile", w, truncated(w, 0, 2, -1, 0.5))

# Piecewise exponential, from its cumulative hazard.
from <- c(0, 6, 18)
rates <- c(0.02, 0.1, 0.05)
cumulative <- c(0, cumsum(rates[-3] * diff(from)))
e <- -log1p(-u) / 1.5
piece <- findInterval(e, cumulative)
row("piecewise-exponential", "{ rates = [0.02, 0.1, 0.05], from = [0, 6, 18], hazard-ratio = 1.5 }", "quantile", u,
    from[piece] + (e - cumulative[piece]) / rates[piece])

# Beta and binomial.
row("beta", "{ alpha = 2, beta = 5 }", "survival", c(-1, 0, 0.01, 0.3, 0.9, 1), pbeta(c(-1, 0, 0.01, 0.3, 0.9, 1), 2, 5, lower.tail = FALSE))
row("beta", "{ mean = 0.3, precision = 2 }", "survival", c(0.001, 0.3, 0.99), pbeta(c(0.001, 0.3, 0.99), 0.6, 1.4, lower.tail = FALSE))
row("binomial", "{ trials = 10, probability = 0.3 }", "survival", c(-1, 0, 0.5, 3, 9, 10), pbinom(c(-1, 0, 0.5, 3, 9, 10), 10, 0.3, FALSE))
row("binomial", "{ trials = 100, probability = 0.9 }", "survival", c(70, 90, 99), pbinom(c(70, 90, 99), 100, 0.9, FALSE))

# Gompertz, from its cumulative hazard b (e^(at) - 1) / a; the rate b from the hazard -log1p(-risk) quoted at a month.
gompertz <- function(u, a, b) { x <- -log1p(-u) * a / b; ifelse(x <= -1, Inf, suppressWarnings(log1p(x)) / a) }
row("gompertz", "{ shape = 0.05, rate = 0.02 }", "quantile", u, gompertz(u, 0.05, 0.02))
row("gompertz", "{ shape = 0.1, median = 9, hazard-ratio = 0.7 }", "quantile", u, gompertz(u, 0.1, 0.7 * log(2) * 0.1 / expm1(0.9)))
row("gompertz", "{ shape = -0.02, risk = 0.3, by = 12 }", "quantile", u, gompertz(u, -0.02, -log1p(-0.3) * -0.02 / expm1(-0.24)))
t <- c(0.1, 5, 14, 80)
row("gompertz", "{ shape = -0.1, rate = 0.05, hazard-ratio = 2 }", "survival", t, exp(-2 * 0.05 * expm1(-0.1 * t) / -0.1))

# Log-logistic: the logistic distribution of the logarithm, log t ~ Logistic(log b, 1 / k); a hazard ratio as above.
loglogistic <- function(u, k, b, h = 1) exp(qlogis(-expm1(log1p(-u) / h), log(b), 1 / k))
middle <- u[u > 0.01 & u < 0.95]
row("log-logistic", "{ shape = 1.5, scale = 14 }", "quantile", middle, loglogistic(middle, 1.5, 14))
row("log-logistic", "{ shape = 2, risk = 0.3, by = 12, hazard-ratio = 0.7 }", "quantile", middle, loglogistic(middle, 2, 12 / (0.3 / 0.7)^(1 / 2), 0.7))
row("log-logistic", "{ shape = 0.6, median = 9 }", "survival", t, plogis(log(t), log(9), 1 / 0.6, lower.tail = FALSE))
row("log-logistic", "{ shape = 3, median = 9, hazard-ratio = 2 }", "survival", t, plogis(log(t), log(9), 1 / 3, lower.tail = FALSE)^2)
