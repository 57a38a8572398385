# Conditional and predictive power, promising zone, inverse-normal statistic, blinded review, Bayesian predictive probabilities:
# gsDesign, rpact, blindrecalc, and definitions integrated or enumerated here.
suppressMessages({library(rpact); library(gsDesign); library(blindrecalc)})
v <- function(p) as.character(packageVersion(p))
cat(sprintf("# %s, gsDesign %s, rpact %s, blindrecalc %s\n", R.version.string, v("gsDesign"), v("rpact"), v("blindrecalc")))
cat("what,arguments,value\n")
put <- function(what, args, value) cat(sprintf("%s,%s,%.13g\n", what, paste(sprintf("%.14g", args), collapse = " "), value))

# two looks: conditional power under the trend and at a drift (gsCP), predictive power over a flat prior (by integration)
for (t in c(.3, .5, .8)) {
  x <- gsDesign(k = 2, timing = t, test.type = 1, alpha = .025, beta = .1, sfu = sfLDOF, n.fix = 1)
  u <- x$upper$bound[2]; full <- sqrt(x$n.I[2])
  for (z in c(.4, 1.1, 1.9)) {
    put("conditional", c(t, u, z), gsCP(x, i = 1, zi = z, r = 80)$upper$prob[1, 1])
    put("conditional-at", c(t, u, 2.7, z), gsCP(x, theta = 2.7 / full, i = 1, zi = z, r = 80)$upper$prob[1, 1])
    put("predictive", c(t, u, z), integrate(function(d) dnorm(d, z / sqrt(t), 1 / sqrt(t)) * pnorm((z * sqrt(t) + d * (1 - t) - u) / sqrt(1 - t)), -Inf, Inf, rel.tol = 1e-12)$value)
  }
}

# promising zone: information by ssrCP as a multiple of the planned one
for (t in c(.4, .5, .7)) for (cap in c(1.5, 2.5)) for (beta in c(.1, .2)) {
  x <- gsDesign(k = 2, timing = t, test.type = 2, alpha = .025, beta = .1, sfu = sfLDOF, n.fix = 100)
  z <- seq(.3, 2, .1) # below the bound of the look
  d <- ssrCP(z1 = z, maxinc = cap, overrun = 0, beta = beta, cpadj = c(.35, 1 - beta), x = x, z2 = z2NC)$dat
  for (i in seq_along(z)) put("zone", c(t, x$upper$bound[2], 1 - beta, cap, .35, 1 - beta, z[i]), d$n2[i] / x$n.I[2])
}

# the least conditional power for which the bound of all data is at most that of the plan, by a grid over z: to 1e-6
for (t in c(.25, .5, .75)) for (cap in c(1.5, 2, 3, 50)) for (target in c(.8, .9)) {
  u <- qnorm(.975)
  cp <- function(z, n) pnorm(z * sqrt((n - t) / t) - (u - z * sqrt(t)) / sqrt(1 - t))
  above <- function(z) {
    n <- if (cp(z, cap) < target) cap else uniroot(function(n) cp(z, n) - target, c(1, cap), tol = 1e-13)$root
    # conditional probability under the null of the planned test against that of the new one
    pnorm((u - z * sqrt(t)) / sqrt(1 - t), lower.tail = FALSE) - pnorm((u * sqrt(n) - z * sqrt(t)) / sqrt(n - t), lower.tail = FALSE)
  }
  high <- sqrt(t) * (u + sqrt(1 - t) * qnorm(target))
  grid <- seq(.05, high - 1e-4, length.out = 400)
  low <- max(grid[sapply(grid, above) < 0])
  z <- uniroot(above, c(low, low + diff(grid[1:2])), tol = 1e-13)$root
  put("least", c(t, u, target, cap), cp(z, 1))
}

# inverse normal: one sample of known sd, stages of unplanned sizes
for (t in c(.3, .5)) for (n in list(c(60, 200), c(60, 40))) for (m in list(c(.1, .2), c(.3, -.05))) {
  d <- getDesignInverseNormal(kMax = 2, informationRates = c(t, 1), alpha = .025)
  r <- getStageResults(d, getDataset(n = n, means = m, stDevs = c(1, 1)), normalApproximation = TRUE)
  put("inverse-normal", c(t, m[1] * sqrt(n[1]), n[1], sum(n * m) / sqrt(sum(n)), sum(n)), r$combInverseNormal[2])
}

# blinded review
for (r in c(1, 2)) for (delta in c(-.15, .1, .2)) for (p in c(.2, .35, .5)) {
  d <- setupChiSquare(alpha = .025, beta = .2, r = r, delta = delta, alternative = if (delta > 0) "greater" else "smaller")
  put("proportions", c(p, delta, r), n_fix(d, nuisance = p, rounded = FALSE))
}

# predictive probability of success with two proportions, every future of both arms
posterior <- function(x, n, prior, margin) {
  a <- prior[1] + x; b <- prior[2] + n - x
  integrate(function(p) dbeta(p, a[2], b[2]) * pbeta(p + margin, a[1], b[1], lower.tail = FALSE), 0, 1, rel.tol = 1e-10)$value
}
future <- function(a, b, m) { y <- 0:m; exp(lchoose(m, y) + lbeta(a + y, b + m - y) - lbeta(a, b)) }
for (case in list(list(c(9, 5), c(20, 20), c(40, 40), c(1, 1), 0, .975), list(c(3, 4), c(12, 15), c(20, 33), c(.5, .5), .05, .9), list(c(14, 12), c(18, 17), c(30, 25), c(2, 3), -.1, .95))) {
  x <- case[[1]]; n <- case[[2]]; N <- case[[3]]; prior <- case[[4]]; margin <- case[[5]]; bound <- case[[6]]
  put("posterior", c(x, n, prior, margin), posterior(x, n, prior, margin))
  p <- lapply(1:2, function(i) future(prior[1] + x[i], prior[2] + n[i] - x[i], N[i] - n[i]))
  total <- 0
  for (i in 0:(N[1] - n[1])) for (j in 0:(N[2] - n[2])) if (posterior(x + c(i, j), N, prior, margin) >= bound) total <- total + p[[1]][i + 1] * p[[2]][j + 1]
  put("probability", c(x, n, N, prior, margin, bound), total)
}

# the same with a normal effect: integrals over the posterior
for (prior in list(c(0, 1), c(.3, .2), c(-.1, 4))) for (seen in list(c(.25, .15), c(-.1, .3))) {
  w <- 1 / c(prior[2], seen[2])^2; m <- sum(w * c(prior[1], seen[1])) / sum(w); s <- 1 / sqrt(sum(w))
  margin <- .05; bound <- .95; more <- 40
  # the estimate from what is still to come, given the effect
  needed <- ((margin + qnorm(bound) / sqrt(sum(w) + more)) * (sum(w) + more) - sum(w) * m) / more
  value <- integrate(function(d) dnorm(d, m, s) * pnorm((d - needed) * sqrt(more)), m - 10 * s, m + 10 * s, rel.tol = 1e-12)$value
  put("normal", c(prior, seen, margin, bound, more), value)
  u <- 1.96; now <- w[2]
  needed <- (u * sqrt(now + more) - now * seen[1]) / more
  value <- integrate(function(d) dnorm(d, m, s) * pnorm((d - needed) * sqrt(more)), m - 10 * s, m + 10 * s, rel.tol = 1e-12)$value
  put("normal-power", c(prior, seen, more, u), value)
}
