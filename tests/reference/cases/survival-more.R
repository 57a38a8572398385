# Weighted and stratified log-rank tests, MaxCombo, survival at a time, restricted means, medians, Cox regression, proportional hazards.
# Run in tests/reference/cases with the name of a case: Rscript survival-more.R veteran > survival-veteran.csv
suppressMessages({library(survival); library(nphRCT); library(survRM2); library(mvtnorm)})
case <- commandArgs(TRUE)[1]
cases <- list(
  veteran = list(file = "veteran", time = function(d) d$time, stratum = "prior", covariate = c("age", "karno"), at = 100.5, tau = 300, t.star = 60.5),
  colon = list(file = "colon", time = function(d) d$time, stratum = "extent", covariate = c("age", "nodes"), at = 1825, tau = 2000, t.star = 730.5),
  months = list(file = "lung", time = function(d) floor(d$time / 30), stratum = "ecog", covariate = c("age", "ecog"), at = 12, tau = 20, t.star = 6.5))
k <- cases[[case]]
d <- read.csv(paste0("../data/", k$file, ".csv"), comment.char = "#")
d$t <- k$time(d)
d$s <- d[[k$stratum]]
version <- function(p) paste("R", paste(R.version$major, R.version$minor, sep = "."), p, packageVersion(p))
base <- paste("R", paste(R.version$major, R.version$minor, sep = "."))
cat("# printed by survival-more.R; source of the data: first line of ", k$file, ".csv\n", sep = "")
cat("analysis,quantity,value,tolerance,by\n")
row <- function(analysis, quantity, value, tolerance, by = version("survival"))
  cat(paste(analysis, quantity, format(unname(value), digits = 17), tolerance, by, sep = ","), "\n", sep = "")
upper <- function(z) pnorm(z, lower.tail = FALSE)
complete <- d[complete.cases(d[, c("t", "event", "arm", k$covariate)]), ]
within <- d[!is.na(d$s), ]

# log-rank tests; obs and exp of strata are matrices
test <- function(name, x, rho, strata) {
  f <- if (strata) Surv(t, event) ~ arm + strata(s) else Surv(t, event) ~ arm
  s <- survdiff(f, x, rho = rho)
  total <- function(m) if (is.matrix(m)) rowSums(m) else m
  u <- (total(s$obs) - total(s$exp))[2]
  if (name == "log-rank/strata") {
    row(name, "observed-experimental", total(s$obs)[2], 1e-13)
    row(name, "expected-experimental", total(s$exp)[2], 1e-12)
    row(name, "estimate", u / s$var[2, 2], 1e-10)
    row(name, "se", 1 / sqrt(s$var[2, 2]), 1e-12)
  } else row(name, "score", u, 1e-11)
  row(name, "variance", s$var[2, 2], 1e-12)
  row(name, "z", -u / sqrt(s$var[2, 2]), 1e-10)
  row(name, "p", upper(-u / sqrt(s$var[2, 2])), 1e-10)
  row(name, "p-two-sided", pchisq(s$chisq, 1, lower.tail = FALSE), 1e-10)
}
test("log-rank/strata", within, 0, TRUE)
test("early", d, 1, FALSE)
test("early/strata", within, 1, TRUE)

x <- data.frame(t = d$t, event = d$event, group = factor(ifelse(d$arm == 1, "1-experimental", "2-control")))
xs <- data.frame(t = within$t, event = within$event, group = factor(ifelse(within$arm == 1, "1-experimental", "2-control")), s = within$s)
weighted <- function(name, ...) {
  w <- suppressMessages(wlrt(Surv(t, event) ~ group, x, ...))
  sign <- if (grepl("experimental", w$trt_group)) 1 else -1
  row(name, "score", sign * w$u, 1e-10, version("nphRCT"))
  row(name, "variance", w$v_u, 1e-10, version("nphRCT"))
  row(name, "z", -sign * w$z, 1e-10, version("nphRCT"))
}
weighted("late", method = "fh", rho = 0, gamma = 1)
weighted("middle", method = "fh", rho = 1, gamma = 1)
weighted("half", method = "fh", rho = 0.5, gamma = 0.5)
weighted("modest/at", method = "mw", t_star = k$t.star)
weighted("modest/survival", method = "mw", s_star = 0.6)
# the same stratum by stratum, scores and variances added
added <- function(name, ...) {
  u <- v <- 0
  for (one in split(xs, xs$s)) {
    if (length(unique(one$group)) < 2 || sum(one$event) == 0) next
    w <- suppressMessages(wlrt(Surv(t, event) ~ group, one, ...))
    u <- u + (if (grepl("experimental", w$trt_group)) 1 else -1) * w$u
    v <- v + ifelse(is.nan(w$v_u), 0, w$v_u)
  }
  row(name, "score", u, 1e-10, version("nphRCT"))
  row(name, "variance", v, 1e-10, version("nphRCT"))
  row(name, "z", -u / sqrt(v), 1e-10, version("nphRCT"))
}
added("late/strata", method = "fh", rho = 0, gamma = 1)
added("modest/strata", method = "mw", s_star = 0.6)

# MaxCombo by its definition. Its joint distribution: up to three tests by TVPACK, four by integration over one of them given which the
# others have TVPACK's; GenzBretz is too coarse for tests so alike (errors above 1e-6)
table <- function(x, power) {
  times <- sort(unique(x$t[x$event == 1]))
  s <- summary(survfit(Surv(t, event) ~ 1, x), times = times)$surv
  free <- c(1, s[-length(s)])
  r <- sapply(times, function(u) sum(x$t >= u)); r1 <- sapply(times, function(u) sum(x$t >= u & x$arm == 1))
  e <- sapply(times, function(u) sum(x$t == u & x$event == 1)); e1 <- sapply(times, function(u) sum(x$t == u & x$event == 1 & x$arm == 1))
  v <- ifelse(r > 1, e * r1 * (r - r1) * (r - e) / (r^2 * (r - 1)), 0)
  w <- sapply(power, function(p) free^p[1] * (1 - free)^p[2])
  list(u = colSums(w * (e1 - e * r1 / r)), v = t(w) %*% (w * v))
}
below <- function(m, high) {
  if (any(high == -Inf)) return(0)
  if (length(high) == 1) return(pnorm(high))
  as.numeric(pmvnorm(upper = high, corr = m, algorithm = TVPACK(1e-14)))
}
box <- function(m, low, high) {
  corners <- as.matrix(expand.grid(rep(list(0:1), length(high))))
  sum(apply(corners, 1, function(at) (-1)^sum(at) * below(m, ifelse(at == 1, low, high))))
}
# given the first, the others within limits that may depend on it; `corners` are values where these have a kink
given <- function(m, low, high, limits, corners) {
  r <- m[-1, 1]; sd <- sqrt(1 - r^2); inner <- cov2cor(m[-1, -1] - r %o% r)
  f <- Vectorize(function(x) {
    l <- limits(x)
    dnorm(x) * box(inner, (l$low - r * x) / sd, pmax(l$low - r * x, l$high - r * x) / sd)
  })
  at <- sort(unique(c(max(low, -9), corners[corners > max(low, -9) & corners < high], high)))
  sum(sapply(seq_along(at)[-1], function(i) integrate(f, at[i - 1], at[i], rel.tol = 1e-11, subdivisions = 2000)$value))
}
combo <- function(name, power, dependent = FALSE) {
  o <- table(d, power)
  sd <- sqrt(diag(o$v)); z <- -o$u / sd; m <- cov2cor(o$v)
  inside <- function(low, high) {
    if (length(z) < 4) return(box(m, rep(low, 3), rep(high, 3)))
    if (!dependent) return(given(m, low, high, function(x) list(low = rep(low, 3), high = rep(high, 3)), c(-3, 0)))
    # tests (0,0), (0,1), (1,0), (1,1): the first is a sum of the second and the third, and binds the second given the third
    a <- sd[3] / sd[1]; b <- sd[2] / sd[1]
    second <- function(limit, x) (limit - a * x) / b
    limits <- function(x) list(low = c(max(low, second(low, x)), low), high = c(min(high, second(high, x)), high))
    kinks <- if (is.finite(low)) c((high - b * high) / a, (low - b * low) / a, (high - b * low) / a, (low - b * high) / a) else (high - b * high) / a
    given(m[c(3, 2, 4), c(3, 2, 4)], low, high, limits, c(-3, 0, kinks))
  }
  by <- version("mvtnorm")
  row(name, "z", max(z), 1e-10, base)
  for (i in seq_along(z)) row(name, paste0("z-", i), z[i], 1e-10, base)
  row(name, "p", 1 - inside(-Inf, max(z)), 1e-8, by)
  row(name, "p-against", 1 - inside(-Inf, -min(z)), 1e-8, by)
  row(name, "p-two-sided", 1 - inside(-max(abs(z)), max(abs(z))), 1e-8, by)
}
cat("# reason: 1 - p is computed, so that p has the absolute precision of mvtnorm and integrate\n")
combo("max-combo/three", list(c(0, 0), c(0, 1), c(1, 1)))
combo("max-combo", list(c(0, 0), c(0, 1), c(1, 0), c(1, 1)), TRUE)
combo("max-combo/half", list(c(0, 0), c(0, 0.5), c(0.5, 0), c(0.5, 0.5)))

# each statistic by simtrial; its p is not followed: by GenzBretz with an error of up to 1e-3
y <- data.frame(tte = d$t, event = d$event, treatment = ifelse(d$arm == 1, "experimental", "control"), stratum = "All")
set.seed(1)
o <- simtrial::maxcombo(y, rho = c(0, 0, 1, 1), gamma = c(0, 1, 0, 1))
for (i in 1:4) row("max-combo", paste0("z-", i), -o$z[i], 1e-9, version("simtrial"))
cat("# not followed: max-combo p is ", o$p_value, " in simtrial: GenzBretz with an error of up to 1e-3\n", sep = "")

# survival at a time: Klein's statistics and Zou and Donner's limits from survfit
c95 <- qnorm(0.975)
arm <- function(a, type) {
  f <- summary(survfit(Surv(t, event) ~ 1, d[d$arm == a, ], conf.type = type), times = k$at)
  c(s = f$surv, se = f$std.err, lower = f$lower, upper = f$upper)
}
g <- list(log = log, `log-log` = function(s) log(-log(s)), arcsine = function(s) asin(sqrt(s)), logit = qlogis)
slope <- list(log = function(s) 1 / s, `log-log` = function(s) 1 / (s * log(s)), arcsine = function(s) 0.5 / sqrt(s * (1 - s)), logit = function(s) 1 / (s * (1 - s)))
for (type in names(g)) {
  name <- paste0("kaplan-meier/", type)
  a <- lapply(1:0, arm, c(log = "log", `log-log` = "log-log", arcsine = "arcsin", logit = "logit")[[type]])
  s <- sapply(a, `[[`, "s"); se <- sapply(a, `[[`, "se"); low <- sapply(a, `[[`, "lower"); high <- sapply(a, `[[`, "upper")
  z <- (g[[type]](s[1]) - g[[type]](s[2])) / sqrt(sum((slope[[type]](s) * se)^2)) * if (type == "log-log") -1 else 1
  row(name, "estimate", s[1] - s[2], 1e-11)
  row(name, "se", sqrt(sum(se^2)), 1e-11)
  row(name, "z", z, 1e-10)
  row(name, "lower", s[1] - s[2] - sqrt((s[1] - low[1])^2 + (high[2] - s[2])^2), 1e-10)
  row(name, "upper", s[1] - s[2] + sqrt((high[1] - s[1])^2 + (s[2] - low[2])^2), 1e-10)
}
invisible(capture.output(o <- suppressWarnings(ComparisonSurv::Fixpoint.test(d$t, d$event, d$arm, k$at))))
labels <- c("log", "log-log", "arcsine", "logit")
cat("# reason: ComparisonSurv gives its statistics with some six digits\n")
for (i in seq_along(labels)) {
  p <- pchisq(as.numeric(o$test[i + 1, 2]), 1, lower.tail = FALSE)
  row(paste0("kaplan-meier/", labels[i]), "p-two-sided", p, 1e-5, version("ComparisonSurv"))
}

# restricted means
m <- rmst2(d$t, d$event, d$arm, tau = k$tau)
ratio <- m$unadjusted.result[2, ]
row("restricted-mean/ratio", "estimate", log(ratio[[1]]), 1e-10, version("survRM2"))
row("restricted-mean/ratio", "lower", log(ratio[[2]]), 1e-10, version("survRM2"))
row("restricted-mean/ratio", "upper", log(ratio[[3]]), 1e-10, version("survRM2"))
row("restricted-mean/ratio", "p-two-sided", ratio[[4]], 1e-8, version("survRM2"))
row("restricted-mean/ratio", "mean-experimental", m$RMST.arm1$result[1, 1], 1e-12, version("survRM2"))
row("restricted-mean/ratio", "mean-control", m$RMST.arm0$result[1, 1], 1e-12, version("survRM2"))

# medians
for (type in c("log", "plain", "log-log")) {
  f <- survfit(Surv(t, event) ~ arm, d, conf.type = type)
  q <- summary(f)$table[, c("median", "0.95LCL", "0.95UCL")]
  for (a in 0:1) for (j in 1:3) {
    x1 <- q[a + 1, j]
    row(paste0("median/", type), paste0(c("median", "lower", "upper")[j], "-", c("control", "experimental")[a + 1]), if (is.na(x1)) Inf else x1, 1e-13)
  }
}
# Su and Wei by trying every pair of pieces of the two curves
curve <- function(a) {
  f <- survfit(Surv(t, event) ~ 1, d[d$arm == a, ])
  i <- f$n.event > 0
  sum <- cumsum(f$n.event / (f$n.risk * (f$n.risk - f$n.event)))[i]
  s <- f$surv[i]
  j <- which(s <= 0.5 + 1.5e-8)[1]
  list(from = c(0, f$time[i]), to = c(f$time[i], Inf), s = c(1, s), sd = if (is.na(j)) NA else s[j] * sqrt(sum[j]), median = quantile(f, 0.5)$quantile)
}
c0 <- curve(0); c1 <- curve(1)
if (!is.na(c0$sd) && !is.na(c1$sd)) {
  w <- outer((c0$s - 0.5)^2 / c0$sd^2, (c1$s - 0.5)^2 / c1$sd^2, "+")
  low <- outer(c0$to, c1$from, function(a, b) b - a); high <- outer(c0$from, c1$to, function(a, b) b - a)
  ok <- w <= c95^2
  estimate <- c1$median - c0$median
  limits <- c(min(low[ok]), max(high[ok]))
  if (all(is.finite(limits))) {
    z <- sign(estimate) * sqrt(min(w[low < 0 & high > 0]))
    row("median/log", "estimate", estimate, 1e-13, base)
    row("median/log", "lower", limits[1], 1e-13, base)
    row("median/log", "upper", limits[2], 1e-13, base)
    row("median/log", "se", diff(limits) / (2 * c95), 1e-12, base)
    row("median/log", "z", z, 1e-9, base)
    row("median/log", "p-two-sided", pchisq(z^2, 1, lower.tail = FALSE), 1e-9, base)
  }
}

# Cox regression; the score test of the arm beside covariates starts from the fit without it
exact <- coxph.control(eps = 1e-14, iter.max = 100, toler.chol = 1e-15)
quiet <- function(x) suppressWarnings(x)
cox <- function(name, others, ties, x, what) {
  full <- coxph(as.formula(paste("Surv(t, event) ~ arm", others)), x, ties = ties, control = exact)
  b <- coef(full)[["arm"]]; se <- sqrt(vcov(full)["arm", "arm"])
  row(name, "estimate", b, 1e-9)
  row(name, "se", se, 1e-9)
  at <- function(v) { x$shift <- v * x$arm; coxph(as.formula(paste("Surv(t, event) ~ offset(shift)", others)), x, ties = ties, control = exact) }
  log.at <- function(v) { l <- at(v)$loglik; l[length(l)] }
  if (what == "wald") {
    row(name, "z", -b / se, 1e-8)
    row(name, "lower", b - c95 * se, 1e-8)
    row(name, "p", upper(-b / se), 1e-8)
  }
  if (what == "score") {
    start <- coef(full) * 0
    null <- at(0)
    if (length(coef(null)) > 0) start[names(coef(null))] <- coef(null)
    u <- quiet(coxph(as.formula(paste("Surv(t, event) ~ arm", others)), x, ties = ties, init = start, control = coxph.control(iter.max = 0)))
    row(name, "z", -sign(b) * sqrt(u$score), 1e-8)
    row(name, "p-two-sided", pchisq(u$score, 1, lower.tail = FALSE), 1e-8)
    row(name, "upper", b + c95 * se, 1e-8)
  }
  if (what == "likelihood-ratio") {
    most <- full$loglik[2]
    z <- sqrt(2 * (most - log.at(0)))
    row(name, "z", -sign(b) * z, 1e-8)
    row(name, "p-two-sided", pchisq(z^2, 1, lower.tail = FALSE), 1e-8)
    f <- function(v) 2 * (most - log.at(v)) - c95^2
    row(name, "lower", uniroot(f, c(b - 6 * se, b), tol = 1e-12)$root, 1e-8)
    row(name, "upper", uniroot(f, c(b, b + 6 * se), tol = 1e-12)$root, 1e-8)
  }
}
covariates <- paste("+", paste(k$covariate, collapse = " + "))
both <- within[!is.na(within[[k$covariate[1]]]), ]
cox("cox/breslow", "", "breslow", d, "wald")
cox("cox/strata", "+ strata(s)", "efron", within, "wald")
cox("cox/breslow/strata", "+ strata(s)", "breslow", within, "wald")
cox("cox/score", "", "efron", d, "score")
cox("cox/likelihood-ratio", "", "efron", d, "likelihood-ratio")
cox("cox/adjusted/breslow", covariates, "breslow", complete, "wald")
cox("cox/adjusted/score", covariates, "efron", complete, "score")
cox("cox/adjusted/likelihood-ratio", covariates, "efron", complete, "likelihood-ratio")
one <- paste("+", k$covariate[1], "+ strata(s)")
cox("cox/adjusted/strata", one, "efron", both, "wald")
cox("cox/adjusted/strata/score", one, "breslow", both, "score")
cox("cox/adjusted/strata/likelihood-ratio", one, "efron", both, "likelihood-ratio")

# proportional hazards
schoenfeld <- function(name, others, transform, x, ties = "efron") {
  m <- coxph(as.formula(paste("Surv(t, event) ~ arm", others)), x, ties = ties, control = exact)
  o <- cox.zph(m, transform = transform, terms = FALSE)$table
  row(name, "chi-square", o["arm", "chisq"], 1e-8)
  row(name, "p-two-sided", o["arm", "p"], 1e-8)
}
schoenfeld("schoenfeld", "", "km", d)
schoenfeld("schoenfeld/identity", "", "identity", d)
schoenfeld("schoenfeld/rank", "", "rank", d)
if (min(d$t[d$event == 1]) > 0) schoenfeld("schoenfeld/log", "", "log", d)
schoenfeld("schoenfeld/adjusted", covariates, "km", complete)
schoenfeld("schoenfeld/adjusted/rank", covariates, "rank", complete)
schoenfeld("schoenfeld/strata", "+ strata(s)", "identity", within)
schoenfeld("schoenfeld/adjusted/strata", one, "km", both)
