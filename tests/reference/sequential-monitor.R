# What to conclude after stopping, and bounds by observed information: rpact; by mvtnorm; spending of both errors at a fixed drift: gsDesign.
suppressMessages({library(rpact); library(gsDesign)})
cat(sprintf("# %s, rpact %s, gsDesign %s, mvtnorm %s\n", R.version.string, packageVersion("rpact"), packageVersion("gsDesign"), packageVersion("mvtnorm")))
cat("design,case,quantity,value\n")
put <- function(design, case, q, x) { x <- as.numeric(x); for (k in seq_along(x)) if (is.finite(x[k]) && abs(x[k]) < 5.9) cat(sprintf("%s,%s,%s%d,%.12g\n", design, case, q, k, x[k])) }
words <- function(x) paste(sapply(x, function(v) sprintf("%.12g", v)), collapse = " ")
looks <- list(c(.5, 1), c(.3, .8, 1), c(.25, .5, .75, 1))
efficacy <- list(list("obrien-fleming", list(typeOfDesign = "asOF")), list("pocock", list(typeOfDesign = "asP")),
  list("hwang-shih-decani:-2", list(typeOfDesign = "asHSD", gammaA = -2)), list("kim-demets:2", list(typeOfDesign = "asKD", gammaA = 2)),
  list("wang-tsiatis:0.25", list(typeOfDesign = "WT", deltaWT = .25)))

# final p-value, limits and median-unbiased estimate: one sample of sd 1, so that Z at n patients is mean √n; the drift is that at full information.
# One-sided, without futility and with binding futility: rpact's ordering leaves rejections against of two-sided tests and non-binding stops out.
for (l in seq_along(looks)) for (e in seq_along(efficacy)) for (futile in c(FALSE, TRUE)) {
  t <- looks[[l]]; K <- length(t)
  lower <- if (futile) c(-.3, .2, .4)[1:(K - 1)]
  stops <- if (futile) list(futilityBounds = lower, bindingFutility = TRUE)
  d <- do.call(getDesignGroupSequential, c(list(kMax = K, informationRates = t, alpha = .025, beta = .2, tolerance = 1e-10), stops, efficacy[[e]][[2]]))
  name <- sprintf("%s|%s|1|0.025|0.2|%s|%d", words(t), efficacy[[e]][[1]], if (futile) paste(c("z", lower), collapse = ":") else "never", futile)
  n <- 200 * t
  # stops at the first look, at one between, and at the last with three results
  ends <- list(d$criticalValues[1] + .3, c(.5, d$criticalValues[2] + .2))
  for (z in c(-.7, 1.1, 2.9)) ends <- c(ends, list(c(rep(.5, K - 1), z)))
  for (z in ends) {
    k <- length(z)
    if ((l + e + futile + k) %% 2 == 0) next
    data <- getDataset(overallN = n[1:k], overallMeans = z / sqrt(n[1:k]), overallStDevs = rep(1, k))
    r <- getStageResults(d, data, normalApproximation = TRUE, thetaH0 = 0)
    ci <- suppressWarnings(getFinalConfidenceInterval(d, data, normalApproximation = TRUE, thetaH0 = 0, tolerance = 1e-10))
    case <- words(z)
    put(name, case, "limit", ci$finalConfidenceIntervalGeneral * sqrt(200))
    put(name, case, "median", ci$medianUnbiasedGeneral * sqrt(200))
    put(name, case, "p", getFinalPValue(r)$pFinal)
  }
}

# observed information: the error f(t) of the plan at the looks as they came, all of it at the last (rpact's user-defined spending)
f <- list("obrien-fleming" = function(t, a) 2 - 2 * pnorm(qnorm(1 - a/2) / sqrt(t)), "pocock" = function(t, a) a * log(1 + (exp(1) - 1) * t),
  "hwang-shih-decani:-2" = function(t, a) a * (1 - exp(2 * t)) / (1 - exp(2)), "kim-demets:2" = function(t, a) a * t^2)
seen <- list(c(.45, .8), c(.5, 1), c(.62, 1.13), c(.2, .55, .9), c(.35, .45, 1), c(.4, .7, 1.2), c(.3, .55, .8, 1))
for (s in seen) for (e in names(f)) for (sided in 1:2) {
  K <- length(s); alpha <- .025 * sided
  spent <- sided * f[[e]](pmin(s, 1), alpha / sided); spent[K] <- alpha
  d <- getDesignGroupSequential(kMax = K, informationRates = s / s[K], alpha = alpha, sided = sided, typeOfDesign = "asUser", userAlphaSpending = spent, tolerance = 1e-10)
  put(sprintf("%s|%s|%d|%g|0.2|never|0", words((1:K)/K), e, sided, alpha), words(s), "upper", d$criticalValues)
}

# looks close together, where rpact's integration is good to 4e-6: by Miwa's algorithm
f <- function(t) .025 * (1 - exp(2 * t)) / (1 - exp(2))
s <- c(.3, .6, .95, 1)
R <- outer(s, s, function(a, b) sqrt(pmin(a, b) / pmax(a, b)))
u <- qnorm(1 - f(.3))
for (k in 2:4) u <- c(u, uniroot(function(x) 1 - mvtnorm::pmvnorm(upper = c(u, x), sigma = R[1:k, 1:k], algorithm = mvtnorm::Miwa(512)) - (if (k == 4) .025 else f(s[k])), c(1.5, 3), tol = 1e-10)$root)
put("0.25 0.5 0.75 1|hwang-shih-decani:-2|1|0.025|0.2|never|0", words(s), "upper", u)

# type II error spent at the planned drift, by the share of the planned information
lower <- list("hwang-shih-decani:-2" = list(sfl = sfHSD, sflpar = -2), "kim-demets:2" = list(sfl = sfPower, sflpar = 2), "obrien-fleming" = list(sfl = sfLDOF))
plans <- list(c(.5, 1), c(.4, .8, 1))
held <- list(list(c(.42, 1), c(.6, 1)), list(c(.45, .75, 1), c(.3, .85, 1), c(.4, .8, 1)))
for (i in seq_along(plans)) for (b in names(lower)) for (type in 3:4) {
  K <- length(plans[[i]])
  # the finest tolerance that gsDesign reaches
  design <- function(...) { for (tol in c(1e-9, 1e-8, 3e-8, 1e-7)) { x <- tryCatch(solve(tol = tol, ...), error = function(e) NULL); if (!is.null(x)) return(x) } }
  solve <- function(...) do.call(gsDesign, c(list(k = K, test.type = type, alpha = .025, beta = .1, sfu = sfLDOF, r = 80, ...), lower[[b]]))
  x <- design(timing = plans[[i]])
  for (s in held[[i]]) {
    y <- design(n.I = s * x$n.I[K], maxn.IPlan = x$n.I[K], delta = x$delta)
    name <- sprintf("%s|obrien-fleming|1|0.025|0.1|%s|%d", words(plans[[i]]), b, as.integer(type == 3))
    put(name, words(s), "upper", y$upper$bound)
    put(name, words(s), "lower", y$lower$bound[-K])
  }
}
